#include "cli/bench/random_tensor.hpp"

#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>

namespace attune::cli::bench {

core::Tensor normal(const core::Shape& shape, std::uint64_t seed, double scale) {
  core::Tensor tensor = core::Tensor::empty(shape);
  const std::span<float> values = tensor.mutable_data<float>();
  const core::RandomStream random(seed, core::Purpose::sampling);
  const auto n = static_cast<std::int64_t>(values.size());
  core::parallel_for(n, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      values[static_cast<std::size_t>(i)] =
          static_cast<float>(scale * random.normal(static_cast<std::uint64_t>(i)));
    }
  });
  return tensor;
}

}  // namespace attune::cli::bench
