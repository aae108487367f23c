#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune::cli {

/// A stretch of numbers with round marks on it, drawn from one pixel to another.
class Axis {
 public:
  enum class Ends : std::uint8_t {
    widened,  ///< to whole marks
    kept,
  };

  /// Covers [low, high]; around a single number it makes room.
  /// @param marks  about how many there shall be
  /// @param from   where the low end is drawn, and `to` the high end
  Axis(double low, double high, int marks, double from, double to, Ends ends = Ends::widened);

  [[nodiscard]] const std::vector<double>& marks() const noexcept { return marks_; }
  /// Of a mark: with as many decimals as the distance of marks needs.
  [[nodiscard]] std::string label(double mark) const;
  [[nodiscard]] double position(double value) const noexcept;

 private:
  double low_;
  double high_;
  double step_;
  double from_;
  double to_;
  std::vector<double> marks_;
};

}  // namespace attune::cli
