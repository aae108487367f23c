#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <attune/core/random.hpp>
#include <attune/graph/graph.hpp>
#include <attune/graph/receptive_field.hpp>
#include <attune/ops/dropout.hpp>

namespace attune::graph {

/// Leaves out a new random part of the edges in each training step. Rong et al., "DropEdge: Towards
/// Deep Graph Convolutional Networks on Node Classification", ICLR 2020, arXiv 1907.10903: one
/// subset a step for all layers, each directed edge by itself, self-loops always kept. In-degrees,
/// by which a GCN normalises, are those of the edges that are left.
///
/// Which edges stay is a function of the stream and of an edge's place in the graph alone: a
/// receptive field sees the same ones as the whole graph. The memory of a subset is used again for
/// the next one, unless somebody still holds it.
///
///     DropEdge drop(graph, 0.2);
///     hidden = layer.forward(x, drop.sample(ctx.next_stream()).front(), ctx);
class DropEdge {
 public:
  /// sample() yields one graph.
  /// @param p  of an edge to be left out, in [0, 1), a multiple of 2^-16 as ops::DropoutRate has it
  /// @throws InvalidArgument  p outside [0, 1), or a graph that is a block
  DropEdge(Graph graph, double p);

  /// sample() yields one block a layer.
  /// @param field  of `graph`
  DropEdge(Graph graph, const ReceptiveField& field, double p);

  ~DropEdge();
  DropEdge(DropEdge&&) noexcept;             ///< leaves the other one empty
  DropEdge& operator=(DropEdge&&) noexcept;  ///< leaves the other one empty

  /// The graphs of a step, valid until the next call; copies stay as they are. Edge e of each is
  /// edge input_edge()[e] of the whole graph's in_edges().
  /// @param stream  lane e decides over edge e of the whole graph
  [[nodiscard]] std::span<const Graph> sample(const core::RandomStream& stream);

 private:
  struct Part;

  void draw(const core::RandomStream& stream);
  [[nodiscard]] bool stays(std::int64_t edge) const { return lanes_[edge] >= rate_.threshold; }
  void keep_in_edges(Part& part) const;
  void keep_out_edges(Part& part) const;
  void count_in_degrees(Part& part) const;
  [[nodiscard]] std::int64_t degree_left(std::int64_t node) const;

  Graph graph_;
  ops::DropoutRate rate_;
  std::vector<std::uint16_t> lanes_;  // [num_edges]
  std::vector<Part> parts_;
  std::vector<Graph> sampled_;  // one a part
};

}  // namespace attune::graph
