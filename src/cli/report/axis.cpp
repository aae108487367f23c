#include "cli/report/axis.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "cli/report/numbers.hpp"

namespace attune::cli {

namespace {

// Numbers of a run can be anything finite; beyond this the arithmetic of an axis would overflow.
constexpr double kLargest = 1e300;

// 1, 2 or 5 times a power of ten, near `rough` from above.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) {
      return factor * power;
    }
  }
  return 10 * power;
}

}  // namespace

Axis::Axis(double low, double high, int marks, double from, double to, Ends ends)
    : from_(from), to_(to) {
  low = std::clamp(low, -kLargest, kLargest);
  high = std::clamp(high, -kLargest, kLargest);
  // Of a single number, and of numbers that a double can hardly tell apart.
  const double size = std::max(std::abs(low), std::abs(high));
  const double room = std::max(1e-6 * size, 1e-300);
  if (!(high - low > room)) {
    const double middle = low / 2 + high / 2;
    const double half = size > 1e-290 ? 0.1 * size : 0.5;
    low = middle - half;
    high = middle + half;
  }
  step_ = round_step((high / marks - low / marks));
  const bool widened = ends == Ends::widened;
  const double first = widened ? std::floor(low / step_ + 1e-9) : std::ceil(low / step_ - 1e-9);
  const double last = widened ? std::ceil(high / step_ - 1e-9) : std::floor(high / step_ + 1e-9);
  low_ = widened ? first * step_ : low;
  high_ = widened ? last * step_ : high;
  const auto count = static_cast<int>(last - first) + 1;
  for (int k = 0; k < count; ++k) {
    marks_.push_back((first + k) * step_);
  }
}

std::string Axis::label(double mark) const {
  const double largest = std::max(std::abs(low_), std::abs(high_));
  if (largest >= 1e6 || step_ < 1e-4) {
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), mark,
                                   std::chars_format::general, 3);
    return {buffer.data(), end.ptr};
  }
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step_) + 1e-9)));
  return decimal(mark, digits);
}

double Axis::position(double value) const noexcept {
  const double at = std::clamp(value, low_, high_);
  return from_ + (to_ - from_) * ((at / 2 - low_ / 2) / (high_ / 2 - low_ / 2));
}

}  // namespace attune::cli
