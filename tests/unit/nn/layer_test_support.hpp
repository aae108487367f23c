#pragma once

#include <cstdint>
#include <vector>

#include <attune/core/random.hpp>
#include <attune/graph/builder.hpp>
#include <attune/nn/forward_context.hpp>

namespace attune::testing {

struct ReceivedHeads final : nn::HeadSink {
  void receive(const nn::AttentionHeads& heads) override { received.push_back(heads); }
  std::vector<nn::AttentionHeads> received;
};

struct ReceivedCoefficients final : nn::AttentionSink {
  void receive(const core::Tensor& alpha) override { received.push_back(alpha); }
  std::vector<core::Tensor> received;
};

inline nn::ForwardContext training(std::uint32_t step = 0) {
  return nn::ForwardContext(core::RandomStream(1, core::Purpose::dropout).at_step(step));
}

/// 0 <-> 1 <-> 2 -> 3, without self-loops.
inline std::vector<graph::Edge> small_edges() {
  return {{0, 1}, {1, 0}, {1, 2}, {2, 1}, {2, 3}};
}

/// The same with them.
inline graph::Graph small_graph() {
  return graph::with_self_loops(graph::from_edges(4, small_edges()));
}

}  // namespace attune::testing
