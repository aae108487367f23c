// Streamed alignment losses beside dense ones that write every [n, m] matrix out, per head. The
// dense conditional transport starts from the networks' results, the streamed one includes them.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <benchmark/benchmark.h>

#include "fma.hpp"
#include "ops/kernels.hpp"
#include "support/dense_alignment.hpp"
#include "support/random_values.hpp"
#include <attune/align/ct.hpp>
#include <attune/align/gan.hpp>
#include <attune/align/mmd.hpp>
#include <attune/align/ot.hpp>
#include <attune/core/gemm.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>

namespace {

using namespace attune;
using testing::DenseMatrix;

constexpr std::int64_t kHidden = 16;
const core::RandomStream kRandom(1, core::Purpose::alignment);

void require(bool right, const char* what) {
  if (!right) {
    std::fprintf(stderr, "align_bench: %s is wrong\n", what);
    std::exit(1);
  }
}

Variable points(std::int64_t positions, std::int64_t heads, std::int64_t channels,
                std::uint64_t seed) {
  core::Tensor x = testing::random_tensor<float>({positions, heads, channels}, seed);
  for (float& value : x.mutable_data<float>()) {
    value *= 0.3F;
  }
  return Variable(x, true);
}

DenseMatrix<float> dense_points(std::int64_t rows, std::int64_t columns, std::uint64_t seed,
                                bool unit = false) {
  DenseMatrix<float> x(rows, columns);
  x.values = testing::random_values<float>(rows * columns, seed);
  for (std::int64_t i = 0; i < rows; ++i) {
    float square = 0;
    for (std::int64_t c = 0; c < columns; ++c) {
      square += x.row(i)[c] * x.row(i)[c];
    }
    for (std::int64_t c = 0; c < columns; ++c) {
      x.row(i)[c] *= unit ? 1 / std::sqrt(square) : 0.3F;
    }
  }
  return x;
}

// Forward and backward of `loss` on clouds of state.range(0) positions and state.range(1) heads.
template <class Loss>
void run_streamed(benchmark::State& state, const Loss& loss) {
  const std::int64_t positions = state.range(0);
  const std::int64_t heads = state.range(1);
  const align::Clouds clouds{.queries = points(positions, heads, state.range(3), 1),
                             .keys = points(positions, heads, state.range(3), 2)};
  const auto step = [&] {
    const Variable value = loss(clouds);
    autograd::backward(value);
    require(std::isfinite(value.value().item()), "the loss");
    for (Variable side : {clouds.queries, clouds.keys}) {
      side.zero_grad();
    }
  };
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    if (positions < 5000) {
      step();
    }
    core::reset_pool_peak();
    const std::int64_t before = core::pool_statistics().bytes_in_use;
    for (auto _ : state) {
      step();
    }
    state.counters["MB"] =
        static_cast<double>(core::pool_statistics().peak_bytes_in_use - before) / 1e6;
  });
  state.SetItemsProcessed(state.iterations() * positions * positions * heads);
}

void streamed_ct(benchmark::State& state) {
  const align::NetworkOptions options{.channels = state.range(3), .hidden = kHidden};
  const align::Network critic = align::make_critic(options, kRandom);
  const align::Network navigator = align::make_navigator(options, kRandom.with_stream(4));
  run_streamed(state, [&](const align::Clouds& clouds) {
    return align::ct(clouds, critic, navigator, kRandom);
  });
}

void dense_ct(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const auto query_unit = dense_points(n, kHidden, 1, true);
  const auto query_nav = dense_points(n, kHidden, 2);
  const auto key_unit = dense_points(n, kHidden, 3, true);
  const auto key_nav = dense_points(n, kHidden, 4);
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    for (auto _ : state) {
      for (std::int64_t head = 0; head < state.range(1); ++head) {
        const auto result = testing::dense_ct<float>(query_unit, query_nav, key_unit, key_nav, true,
                                                     ops::kernels::exp_in_place<float>);
        require(std::isfinite(result.loss), "the dense loss");
        benchmark::DoNotOptimize(result.grads.front().values.data());
      }
    }
  });
  state.SetItemsProcessed(state.iterations() * n * n * state.range(1));
}

void streamed_mmd(benchmark::State& state) {
  run_streamed(state, [](const align::Clouds& clouds) { return align::mmd(clouds); });
}

void dense_mmd(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const auto queries = dense_points(n, state.range(3), 1);
  const auto keys = dense_points(n, state.range(3), 2);
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    for (auto _ : state) {
      for (std::int64_t head = 0; head < state.range(1); ++head) {
        const auto result =
            testing::dense_mmd<float>(queries, keys, true, ops::kernels::exp_in_place<float>);
        require(std::isfinite(result.loss), "the dense loss");
        benchmark::DoNotOptimize(result.grads.front().values.data());
      }
    }
  });
  state.SetItemsProcessed(state.iterations() * n * n * state.range(1));
}

// A fixed number of pairs, the tolerance out of reach.
constexpr std::int64_t kPairs = 50;

void streamed_ot(benchmark::State& state) {
  run_streamed(state, [](const align::Clouds& clouds) {
    return align::ot(clouds, {.eps = 0.1, .ot_iterations = kPairs, .ot_tolerance = 1e-30});
  });
}

void growth_ot(benchmark::State& state) {
  run_streamed(state, [](const align::Clouds& clouds) {
    return align::ot(clouds, {.eps = 0.1, .ot_iterations = 4, .ot_tolerance = 1e-30});
  });
}

// The kernel matrix is made once and kept: a pair costs two multiplications of it by a vector.
void dense_ot(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const auto queries = dense_points(n, state.range(3), 1);
  const auto keys = dense_points(n, state.range(3), 2);
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    for (auto _ : state) {
      for (std::int64_t head = 0; head < state.range(1); ++head) {
        DenseMatrix<float> plan(0, 0);
        const double loss = testing::dense_ot<float>(queries, keys, 0.1, kPairs, plan,
                                                     ops::kernels::exp_in_place<float>);
        require(std::isfinite(loss), "the dense loss");
        const auto grad_q = testing::weighted(plan, keys, false);
        const auto grad_k = testing::weighted(plan, queries, true);
        benchmark::DoNotOptimize(grad_q.values.data());
        benchmark::DoNotOptimize(grad_k.values.data());
      }
    }
  });
  state.SetItemsProcessed(state.iterations() * n * n * state.range(1));
}

void streamed_gan(benchmark::State& state) {
  const align::Network discriminator =
      align::make_discriminator({.channels = state.range(3), .hidden = kHidden}, kRandom);
  run_streamed(state, [&](const align::Clouds& clouds) {
    return align::gan(clouds, discriminator, kRandom);
  });
  state.SetItemsProcessed(state.iterations() * 2 * state.range(0) * state.range(1));
}

// Floating-point operations a second that one large product reaches. items_per_second counts a
// multiplication and an addition as two.
void sgemm_peak(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const auto x = dense_points(n, n, 1);
  const auto y = dense_points(n, n, 2);
  DenseMatrix<float> out(n, n);
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    for (auto _ : state) {
      core::gemm<float>({.m = n, .n = n, .k = n}, x.values, y.values, out.values);
      benchmark::DoNotOptimize(out.values.data());
    }
  });
  state.SetItemsProcessed(state.iterations() * 2 * n * n * n);
}

// The same of multiplications and additions that wait for nothing.
void fma_peak(benchmark::State& state) {
  constexpr std::int64_t kRounds = 1 << 20;
  const auto threads = static_cast<int>(state.range(2));
  core::with_threads(threads, [&] {
    for (auto _ : state) {
      core::parallel_tasks(threads, [](std::int64_t) { testing::run_fmas(kRounds); });
    }
  });
  state.SetItemsProcessed(state.iterations() * threads * kRounds * testing::fmas_a_round() * 2);
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int channels : {8, 64}) {
    for (const int threads : {1, 2}) {
      for (const int positions : {256, 512, 1024, 2048}) {
        bench->Args({positions, 8, threads, channels});
      }
    }
  }
  bench->ArgNames({"w", "heads", "threads", "d"})->UseRealTime()->Unit(benchmark::kMillisecond);
}

// All pairs of large clouds, once: their time and memory.
void growth(benchmark::internal::Benchmark* bench) {
  for (const int positions : {5000, 10000, 19717, 40000}) {
    bench->Args({positions, 8, 2, 8});
  }
  bench->ArgNames({"w", "heads", "threads", "d"})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond)
      ->Iterations(1);
}

void peaks(benchmark::internal::Benchmark* bench) {
  for (const int threads : {1, 2}) {
    bench->Args({1024, 1, threads, 1024});
  }
  bench->ArgNames({"w", "heads", "threads", "d"})->UseRealTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK(sgemm_peak)->Apply(peaks);
BENCHMARK(fma_peak)->Apply(peaks);
BENCHMARK(streamed_ct)->Apply(sizes);
BENCHMARK(dense_ct)->Apply(sizes);
BENCHMARK(streamed_mmd)->Apply(sizes);
BENCHMARK(dense_mmd)->Apply(sizes);
BENCHMARK(streamed_ot)->Apply(sizes);
BENCHMARK(dense_ot)->Apply(sizes);
BENCHMARK(streamed_gan)->Apply(sizes);
BENCHMARK(streamed_ct)->Name("growth_ct")->Apply(growth);
BENCHMARK(streamed_mmd)->Name("growth_mmd")->Apply(growth);
BENCHMARK(growth_ot)->Apply(growth);

}  // namespace

BENCHMARK_MAIN();
