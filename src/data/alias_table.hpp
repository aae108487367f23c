#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune::data {

/// Draws from a discrete distribution in constant time. Walker's alias method as in Vose, "A linear
/// algorithm for generating random numbers with a given distribution", IEEE TSE 1991.
class AliasTable {
 public:
  /// @param weights  at least one, at least 0, with a positive sum
  explicit AliasTable(std::span<const double> weights);

  [[nodiscard]] std::int64_t size() const noexcept { return std::ssize(slots_); }

  /// Index of the outcome that `uniform`, in [0, 1), stands for.
  [[nodiscard]] std::int64_t pick(double uniform) const noexcept;

 private:
  struct Slot {
    double keep = 1;  // share of the slot that is its own outcome; the rest is the alias's
    std::int64_t alias = 0;
  };

  std::vector<Slot> slots_;
};

}  // namespace attune::data
