#include "cli/bench/machine.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "cli/bench/timing.hpp"
#include <attune/core/gemm.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>

namespace attune::cli::bench {

namespace {

// 256 MiB an array: which memory the pages of a smaller one happen to get decides on its speed.
constexpr std::int64_t kNumbers = std::int64_t{1} << 26;
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

constexpr std::int64_t kGatherAhead = 10240;  // bytes of rows that are asked for before their turn

// The rows that `index` names, one after the other.
void gather(const float* table, std::int64_t width, std::span<const std::int32_t> index) {
  std::vector<float> row(static_cast<std::size_t>(width));
  const std::size_t bytes = row.size() * sizeof(float);
  const auto ahead =
      static_cast<std::size_t>(std::clamp<std::int64_t>(kGatherAhead / (width * 4), 8, 64));
  for (std::size_t i = 0; i < index.size(); ++i) {
    const float* next = table + index[std::min(i + ahead, index.size() - 1)] * width;
    for (std::int64_t c = 0; c < width; c += 16) {
      __builtin_prefetch(next + c);
    }
    std::memcpy(row.data(), table + index[i] * width, bytes);
    asm volatile("" : : "r"(row.data()) : "memory");  // somebody might look at it
  }
}

}  // namespace

double gathered_bytes_per_second(std::int64_t rows, std::int64_t width, std::int64_t repeat) {
  const core::Tensor table = core::Tensor::zeros({rows, width});
  const std::int64_t lookups = std::max<std::int64_t>(1 << 14, (1 << 28) / width);
  core::PoolArray<std::int32_t> index(lookups);
  const core::RandomStream random(0, core::Purpose::sampling);
  for (std::int64_t i = 0; i < lookups; ++i) {
    index.data()[i] = static_cast<std::int32_t>(random.below(i, rows));
  }
  const float* from = table.data<float>().data();
  const double seconds = least_seconds(repeat, [&] {
    core::parallel_for(lookups, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
      gather(from, width,
             std::span<const std::int32_t>(index.span())
                 .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
    });
  });
  return 4.0 * static_cast<double>(lookups * width) / seconds;
}

Machine measure_machine(std::int64_t repeat) {
  return {.bytes_per_second = triad_bytes_per_second(repeat), .flops = product_flops(repeat)};
}

}  // namespace attune::cli::bench
