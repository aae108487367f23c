#pragma once

#include <cstdint>

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>

namespace attune::ops {

/// A dropout probability as kernels use it. Sixteen random bits decide over an element: lane i of a
/// stream is the low half of word i/2 for even i, the high half for odd i, and element i is dropped
/// where lane < threshold. Kept elements are multiplied by `scale`, the inverse of the probability
/// that they are kept, exactly: the probability used is threshold / 65536, p rounded to a multiple
/// of 2^-16 below one.
struct DropoutRate {
  std::uint32_t threshold = 0;  ///< in [0, 65536)
  double scale = 1;             ///< of kept elements, 65536 / (65536 - threshold)

  /// @param who  opens the message of the error, as in `ops::dropout`
  /// @throws InvalidArgument  p outside [0, 1)
  static DropoutRate of(double p, const char* who);

  /// Whether an element is dropped at all: p rounded to zero keeps everything.
  [[nodiscard]] bool active() const noexcept { return threshold != 0; }
};

/// Zeroes each element with probability p and scales up the others by 1 / (1 - p), so that the
/// expectation stays. Which ones is a function of the stream and the element's index alone. With
/// p = 0 it is x itself. The backward pass multiplies by the same mask, kept as a byte an element.
/// @throws InvalidArgument  p outside [0, 1)
[[nodiscard]] Variable dropout(const Variable& x, double p, const core::RandomStream& stream);

}  // namespace attune::ops
