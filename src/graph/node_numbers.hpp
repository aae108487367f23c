#pragma once

#include <cstdint>
#include <vector>

namespace attune::graph {

/// Numbers nodes 0, 1, 2, ... in the order in which they come, in memory of those that came.
class NodeNumbers {
 public:
  /// So that `more` further nodes move nothing.
  void reserve(std::int64_t more);

  /// The number of a node, the next one if it is new.
  [[nodiscard]] std::int32_t number(std::int64_t node);

  /// In the order of their numbers.
  [[nodiscard]] const std::vector<std::int64_t>& nodes() const noexcept { return nodes_; }

 private:
  [[nodiscard]] std::size_t slot_of(std::int64_t node) const noexcept;

  // Open addressing: a slot holds a number, or -1. The table has at least twice as many slots as
  // there are nodes, a power of two.
  std::vector<std::int32_t> slots_;
  std::vector<std::int64_t> nodes_;
  int shift_ = 64;  // a hash is the highest bits of a product
};

}  // namespace attune::graph
