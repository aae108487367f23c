#include "cli/bench/roofline.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "cli/bench/timing.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/tensor.hpp>

namespace attune::cli::bench {

namespace {

constexpr std::int64_t kLeastTouched = std::int64_t{1} << 16;
// Copied at least between two looks at the clock: a millisecond or two in a near cache.
constexpr std::int64_t kLeastCopied = std::int64_t{1} << 27;

double copied_bytes_per_second(std::int64_t touched, std::int64_t repeat) {
  const std::int64_t threads = core::num_threads();
  const std::int64_t numbers = touched / 2 / static_cast<std::int64_t>(sizeof(float)) / threads;
  const std::int64_t passes = std::max<std::int64_t>(1, kLeastCopied / touched);
  const core::Tensor from = core::Tensor::full({threads, numbers}, 1);
  core::Tensor to = core::Tensor::zeros({threads, numbers});
  const float* source = from.data<float>().data();
  float* target = to.mutable_data<float>().data();
  const std::size_t bytes = static_cast<std::size_t>(numbers) * sizeof(float);
  const double seconds = least_seconds(repeat, [&] {
    core::parallel_tasks(threads, [&](std::int64_t thread) {
      for (std::int64_t pass = 0; pass < passes; ++pass) {
        std::memcpy(target + thread * numbers, source + thread * numbers, bytes);
      }
    });
  });
  return 2.0 * static_cast<double>(threads * passes) * static_cast<double>(bytes) / seconds;
}

}  // namespace

Roofline::Roofline(std::vector<CopySpeed> copies, double flops)
    : copies_(std::move(copies)), flops_(flops) {}

double Roofline::copy_speed(double bytes) const {
  const auto above = std::find_if(copies_.begin(), copies_.end(),
                                  [&](const CopySpeed& copy) { return copy.bytes >= bytes; });
  if (above == copies_.begin() || above == copies_.end()) {
    return above == copies_.end() ? copies_.back().bytes_per_second : above->bytes_per_second;
  }
  const CopySpeed& below = *std::prev(above);
  const double share = std::log(bytes / below.bytes) / std::log(above->bytes / below.bytes);
  return below.bytes_per_second * std::pow(above->bytes_per_second / below.bytes_per_second, share);
}

double Roofline::memory_seconds(const Work& work) const {
  return work.streamed / copy_speed(work.touched) + work.gathered / copy_speed(work.gathered_from);
}

double Roofline::arithmetic_seconds(const Work& work) const {
  return work.operations / flops_;
}

double Roofline::seconds(const Work& work) const {
  return std::max(memory_seconds(work), arithmetic_seconds(work));
}

std::vector<CopySpeed> measure_copies(std::int64_t repeat, std::int64_t most) {
  std::vector<CopySpeed> copies;
  core::with_threads(core::num_threads(), [&] {
    for (std::int64_t bytes = kLeastTouched; bytes <= most; bytes *= 2) {
      copies.push_back({static_cast<double>(bytes), copied_bytes_per_second(bytes, repeat)});
    }
  });
  return copies;
}

}  // namespace attune::cli::bench
