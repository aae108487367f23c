#pragma once

#include <cstdint>

#include <attune/core/tensor.hpp>

namespace attune::cli::bench {

/// Standard normal numbers in float32, a function of the seed.
[[nodiscard]] core::Tensor normal(const core::Shape& shape, std::uint64_t seed, double scale = 1);

}  // namespace attune::cli::bench
