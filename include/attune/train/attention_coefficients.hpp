#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/train/node_classification.hpp>

namespace attune::train {

/// To whom every node attends, layer by layer: what a prediction looked at.
struct AttentionCoefficients {
  std::vector<std::int64_t> src;  ///< node that is attended to, [num_edges], self-loops included
  std::vector<std::int64_t> dst;  ///< node that attends, ascending, [num_edges]
  std::vector<core::Tensor>
      layers;  ///< [num_edges, heads] each; those of a node and head sum to one
};

/// Of an evaluation pass over the whole graph.
///
///     const AttentionCoefficients attention = attention_coefficients(model, problem);
///     const float alpha = attention.layers[0].data<float>()[edge * heads + head];
///
/// @throws InvalidArgument  the layers of the model have none
[[nodiscard]] AttentionCoefficients attention_coefficients(const models::GraphClassifier& model,
                                                           const NodeClassification& problem);

/// Replaces a file as a whole. One that ends in .csv has a line an edge,
/// `src,dst,layer0_head0,...`; every other one is an .npz with members src, dst, layer0, layer1,
/// ...
/// @throws FileError  the system refuses
void write_attention(const std::string& path, const AttentionCoefficients& attention);

}  // namespace attune::train
