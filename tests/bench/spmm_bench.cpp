// Sparse features times a dense weight, and the derivative of the weight; with and without dropout
// of the features. Bytes: a row of the weight (of the gradient) for every entry that is not zero.
#include <benchmark/benchmark.h>

#include "bench_inputs.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/sparse/spmm.hpp>

namespace {

using namespace attune;
using bench::Dataset;

double error_of(const sparse::CsrMatrix& features, Variable& weight, const core::Tensor& upstream) {
  const Variable exact(weight.value().to(core::DType::f64), true);
  const Variable found = sparse::spmm(features, weight);
  const Variable expected =
      sparse::spmm(features.with_values(features.values().to(core::DType::f64)), exact);
  backward(found, upstream);
  backward(expected, upstream.to(core::DType::f64));
  const double worst = std::max(bench::relative_error(found.value(), expected.value()),
                                bench::relative_error(weight.grad(), exact.grad()));
  weight.zero_grad();
  return worst;
}

std::int64_t bytes_of(const sparse::CsrMatrix& features, std::int64_t width) {
  const std::int64_t an_entry = width + 2;  // the row, the value and its index
  const std::int64_t dense = (features.rows() + features.columns()) * width;
  return static_cast<std::int64_t>(sizeof(float)) * (features.num_nonzeros() * an_entry + dense);
}

void finish(benchmark::State& state, Dataset dataset, std::int64_t passes, std::int64_t width) {
  const sparse::CsrMatrix& features = dataset().features;
  bench::count(state, dataset().graph, passes * features.num_nonzeros());
  bench::count_bytes(state, passes * bytes_of(features, width));
  state.counters["nonzeros"] = static_cast<double>(features.num_nonzeros());
}

void spmm_forward(benchmark::State& state, Dataset dataset) {
  const sparse::CsrMatrix& features = dataset().features;
  const std::int64_t width = state.range(0);
  const Variable weight = bench::random_leaf({features.columns(), width}, 1);
  core::with_threads(static_cast<int>(state.range(1)), [&] {
    const autograd::NoGradScope no_grad;
    for (auto _ : state) {
      benchmark::DoNotOptimize(sparse::spmm(features, weight));
    }
  });
  finish(state, dataset, 1, width);
}

void spmm_forward_backward(benchmark::State& state, Dataset dataset) {
  const sparse::CsrMatrix& features = dataset().features;
  const std::int64_t width = state.range(0);
  Variable weight = bench::random_leaf({features.columns(), width}, 1);
  const core::Tensor upstream = bench::random_leaf({features.rows(), width}, 2).value();
  core::with_threads(static_cast<int>(state.range(1)), [&] {
    bench::require_small(state, error_of(features, weight, upstream));
    for (auto _ : state) {
      weight.zero_grad();
      backward(sparse::spmm(features, weight), upstream);
      benchmark::DoNotOptimize(weight.grad());
    }
  });
  finish(state, dataset, 2, width);
}

// As the first layer of a citation network trains: six of ten entries dropped, others each step.
void spmm_dropout_forward_backward(benchmark::State& state, Dataset dataset) {
  const sparse::CsrMatrix& features = dataset().features;
  const std::int64_t width = state.range(0);
  Variable weight = bench::random_leaf({features.columns(), width}, 1);
  const core::Tensor upstream = bench::random_leaf({features.rows(), width}, 2).value();
  const core::RandomStream random(3, core::Purpose::dropout);
  std::uint32_t step = 0;
  core::with_threads(static_cast<int>(state.range(1)), [&] {
    for (auto _ : state) {
      weight.zero_grad();
      backward(sparse::spmm(sparse::dropout(features, 0.6, random.at_step(step++)), weight),
               upstream);
      benchmark::DoNotOptimize(weight.grad());
    }
  });
  finish(state, dataset, 2, width);
}

void arguments(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"width", "threads"})
      ->Args({64, 1})
      ->Args({64, 2})
      ->Args({256, 1})
      ->Args({256, 2})
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(spmm_forward, cora_size, bench::cora_size)->Apply(arguments);
BENCHMARK_CAPTURE(spmm_forward_backward, cora_size, bench::cora_size)->Apply(arguments);
BENCHMARK_CAPTURE(spmm_dropout_forward_backward, cora_size, bench::cora_size)->Apply(arguments);
BENCHMARK_CAPTURE(spmm_forward, power_law, bench::power_law)->Apply(arguments);
BENCHMARK_CAPTURE(spmm_forward_backward, power_law, bench::power_law)->Apply(arguments);
BENCHMARK_CAPTURE(spmm_dropout_forward_backward, power_law, bench::power_law)->Apply(arguments);

}  // namespace
