#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace attune::core {

/// Sizes of a row-major tensor, outermost first; at most four.
class Shape {
 public:
  static constexpr int kMaxRank = 4;  ///< sizes at most

  Shape() = default;  ///< rank 0, one element

  /// @throws ShapeError  more than four sizes, a negative size, or more than 2^62 elements
  Shape(std::initializer_list<std::int64_t> sizes);
  /// As above.
  explicit Shape(std::span<const std::int64_t> sizes);

  /// Number of sizes.
  [[nodiscard]] int rank() const noexcept { return rank_; }
  /// @param axis  in [0, rank())
  [[nodiscard]] std::int64_t operator[](int axis) const noexcept {
    return sizes_[static_cast<std::size_t>(axis)];
  }
  /// Product of the sizes.
  [[nodiscard]] std::int64_t num_elements() const noexcept { return num_elements_; }
  /// Outermost first, [rank()].
  [[nodiscard]] std::span<const std::int64_t> sizes() const noexcept {
    return {sizes_.data(), static_cast<std::size_t>(rank_)};
  }

  /// `[2708, 8, 8]`
  [[nodiscard]] std::string to_string() const;

  /// The same sizes in the same order.
  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::array<std::int64_t, kMaxRank> sizes_{};
  std::int64_t num_elements_ = 1;
  int rank_ = 0;
};

}  // namespace attune::core
