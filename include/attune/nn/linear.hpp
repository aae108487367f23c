#pragma once

#include <cstdint>

#include <attune/nn/features.hpp>
#include <attune/nn/init.hpp>
#include <attune/nn/module.hpp>

namespace attune::nn {

/// Settings of a Linear.
struct LinearOptions {
  std::int64_t in_channels = 0;   ///< required
  std::int64_t out_channels = 0;  ///< required
  bool bias = true;               ///< b, else y = x W
  /// Of the normal distribution that W is drawn from; 0: Glorot-uniform.
  double deviation = 0;
};

/// y = x W + b on every row. W is drawn at random, b starts at zero.
///
/// Parameters: weight [in_channels, out_channels], bias [out_channels].
class Linear final : public Module {
 public:
  /// @throws InvalidArgument  a size below 1, a deviation that is negative or not finite
  Linear(const LinearOptions& options, Initializer& init);

  /// @param x  [n, in_channels]
  /// @return   [n, out_channels]
  /// @throws ShapeError  x does not have in_channels columns, or another element type
  [[nodiscard]] Variable forward(const Features& x) const;

 private:
  LinearOptions options_;
  Variable weight_;  // [in_channels, out_channels]
  Variable bias_;    // [out_channels]
};

}  // namespace attune::nn
