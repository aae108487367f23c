#pragma once

#include <cstdint>

#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>

namespace attune::nn {

/// Draws the first values of parameters. Each tensor gets a stream of its own, numbered in the
/// order of the calls: a model is a function of its options and the seed.
class Initializer {
 public:
  /// @param seed  of every tensor that is drawn
  explicit Initializer(std::uint64_t seed) : random_(seed, core::Purpose::initialization) {}

  /// Uniform in +-sqrt(6 / (fan_in + fan_out)). Glorot and Bengio, "Understanding the difficulty of
  /// training deep feedforward neural networks", AISTATS 2010.
  [[nodiscard]] core::Tensor glorot_uniform(const core::Shape& shape, std::int64_t fan_in,
                                            std::int64_t fan_out);

  /// Normal with mean 0.
  [[nodiscard]] core::Tensor normal(const core::Shape& shape, double deviation);

 private:
  core::RandomStream random_;
  std::uint32_t drawn_ = 0;
};

}  // namespace attune::nn
