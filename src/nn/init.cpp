#include <cmath>

#include <attune/core/parallel.hpp>
#include <attune/nn/init.hpp>

namespace attune::nn {

core::Tensor Initializer::glorot_uniform(const core::Shape& shape, std::int64_t fan_in,
                                         std::int64_t fan_out) {
  const core::RandomStream random = random_.with_stream(drawn_++);
  const double bound =
      std::sqrt(6.0 / (static_cast<double>(fan_in) + static_cast<double>(fan_out)));
  core::Tensor values = core::Tensor::empty(shape);
  std::uint64_t i = 0;
  for (float& value : values.mutable_data<float>()) {
    value = static_cast<float>(bound * (2 * random.uniform(i++) - 1));
  }
  return values;
}

core::Tensor Initializer::normal(const core::Shape& shape, double deviation) {
  const core::RandomStream random = random_.with_stream(drawn_++);
  core::Tensor values = core::Tensor::empty(shape);
  float* to = values.mutable_data<float>().data();
  // A vocabulary is millions of numbers.
  core::parallel_for(values.num_elements(), 4096, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      to[i] = static_cast<float>(deviation * random.normal(static_cast<std::uint64_t>(i)));
    }
  });
  return values;
}

}  // namespace attune::nn
