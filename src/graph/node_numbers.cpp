#include "graph/node_numbers.hpp"

#include <algorithm>
#include <bit>

namespace attune::graph {

namespace {

constexpr std::int32_t kAbsent = -1;
constexpr std::size_t kFewestSlots = 16;
constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;  // Knuth's multiplicative hashing

}  // namespace

void NodeNumbers::reserve(std::int64_t more) {
  const std::size_t expected = nodes_.size() + static_cast<std::size_t>(more);
  nodes_.reserve(expected);
  if (2 * expected <= slots_.size()) {
    return;
  }
  const std::size_t slots = std::bit_ceil(std::max(2 * expected, kFewestSlots));
  shift_ = 64 - std::countr_zero(slots);
  slots_.assign(slots, kAbsent);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    slots_[slot_of(nodes_[i])] = static_cast<std::int32_t>(i);
  }
}

std::int32_t NodeNumbers::number(std::int64_t node) {
  if (2 * (nodes_.size() + 1) > slots_.size()) {
    reserve(static_cast<std::int64_t>(nodes_.size()) + 1);
  }
  std::int32_t& number = slots_[slot_of(node)];
  if (number == kAbsent) {
    number = static_cast<std::int32_t>(nodes_.size());
    nodes_.push_back(node);
  }
  return number;
}

// That of the node, or the free one where it belongs.
std::size_t NodeNumbers::slot_of(std::int64_t node) const noexcept {
  std::size_t slot = (static_cast<std::uint64_t>(node) * kGoldenRatio) >> shift_;
  while (slots_[slot] != kAbsent && nodes_[slots_[slot]] != node) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

}  // namespace attune::graph
