#include <cmath>

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

}  // namespace attune::nn
