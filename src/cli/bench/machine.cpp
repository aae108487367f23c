#include "cli/bench/machine.hpp"

#include "cli/bench/timing.hpp"
#include <attune/core/gemm.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/tensor.hpp>

namespace attune::cli::bench {

namespace {

constexpr std::int64_t kNumbers = std::int64_t{1} << 24;  // 64 MiB an array
constexpr std::int64_t kSide = 1536;

double triad_bytes_per_second(std::int64_t repeat) {
  core::Tensor to = core::Tensor::zeros({kNumbers});
  const core::Tensor b = core::Tensor::full({kNumbers}, 1);
  const core::Tensor c = core::Tensor::full({kNumbers}, 2);
  float* out = to.mutable_data<float>().data();
  const float* x = b.data<float>().data();
  const float* y = c.data<float>().data();
  const double seconds = least_seconds(repeat, [&] {
    core::parallel_for(kNumbers, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        out[i] = x[i] + 3.0F * y[i];
      }
    });
  });
  return 3.0 * sizeof(float) * static_cast<double>(kNumbers) / seconds;
}

double product_flops(std::int64_t repeat) {
  const core::Tensor a = core::Tensor::full({kSide, kSide}, 0.5);
  const core::Tensor b = core::Tensor::full({kSide, kSide}, 0.25);
  core::Tensor c = core::Tensor::zeros({kSide, kSide});
  const double seconds = least_seconds(repeat, [&] {
    core::gemm<float>({.m = kSide, .n = kSide, .k = kSide}, a.data<float>(), b.data<float>(),
                      c.mutable_data<float>());
  });
  const double side = kSide;
  return 2 * side * side * side / seconds;
}

}  // namespace

Machine measure_machine(std::int64_t repeat) {
  return {.bytes_per_second = triad_bytes_per_second(repeat), .flops = product_flops(repeat)};
}

}  // namespace attune::cli::bench
