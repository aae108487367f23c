#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <attune/core/random.hpp>
#include <attune/graph/graph.hpp>
#include <attune/graph/receptive_field.hpp>

namespace attune::graph {

/// Draws what a network looks at to say something about a few nodes, where all of it would be too
/// much: of the in-edges of each node at most a fan-out, without replacement. Hamilton et al.,
/// "Inductive Representation Learning on Large Graphs", NeurIPS 2017, arXiv 1706.02216.
///
///     const NeighborSampler sampler(graph::with_self_loops(graph), {10, 5});
///     const ReceptiveField field = sampler.sample(batch, random.at_step(step));
///     logits = model.forward(nn::select_rows(features, field.nodes), field.blocks, ctx);
///
/// A node of fewer neighbours than the fan-out keeps them all, one of none keeps none. Self-loops
/// are kept beside what is drawn and not counted. Every layer draws anew, for the nodes that it
/// has in common with another one too. What a node is given depends on its place among the targets,
/// the random stream and the graph, on nothing else: the same bits on any number of threads.
///
/// Nothing here has the size of the graph: time and memory of a sample grow with the sample.
class NeighborSampler {
 public:
  /// @param graph     square; cheap to hand over
  /// @param fan_outs  one a layer: of the targets first, which is the last layer's, then of their
  ///                  neighbours, and so on; -1: all in-edges
  /// @throws InvalidArgument  a block; no fan-out or more than 1000; one that is neither -1 nor in
  ///                          [1, 2^31)
  NeighborSampler(Graph graph, std::vector<std::int64_t> fan_outs);

  /// In the form of receptive_field(), and with all fan-outs -1 the same nodes and edges; the
  /// targets come in the order in which they were given. Graph::src_in_degree() of a block is the
  /// in-degree that its fan-out leaves of a node, so that degrees count alike on both sides.
  /// @param targets  nodes of the graph, each once
  /// @param random   layer i from the targets on draws from stream random.stream() + i
  /// @throws InvalidArgument  no target, one outside [0, num_nodes) or listed twice
  [[nodiscard]] ReceptiveField sample(std::span<const std::int64_t> targets,
                                      const core::RandomStream& random) const;

  /// It was made with.
  [[nodiscard]] const Graph& graph() const noexcept { return graph_; }
  /// It was made with.
  [[nodiscard]] std::span<const std::int64_t> fan_outs() const noexcept { return fan_outs_; }

 private:
  Graph graph_;
  std::vector<std::int64_t> fan_outs_;
};

}  // namespace attune::graph
