// Streamed alignment losses beside naive ones that write every [n, m] matrix out, head by head.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

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
#include <attune/ops/activations.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/matmul.hpp>

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

// A network of align::Network's form, one operation after the other.
class NaiveNetwork {
 public:
  NaiveNetwork(std::int64_t channels, bool highway) {
    const auto weight = [](std::int64_t in, std::int64_t out) {
      core::Tensor w = testing::random_tensor<float>({in, out}, 7);
      for (float& value : w.mutable_data<float>()) {
        value /= std::sqrt(static_cast<float>(in));
      }
      return Variable(w, true);
    };
    const auto bias = [](std::int64_t out) {
      return Variable(core::Tensor::zeros({out}, core::DType::f32), true);
    };
    if (highway) {
      gate_ = {weight(channels, channels), bias(channels)};
      transform_ = {weight(channels, channels), bias(channels)};
    }
    hidden_ = {weight(channels, kHidden), bias(kHidden)};
    out_ = {weight(kHidden, kHidden), bias(kHidden)};
  }

  [[nodiscard]] Variable operator()(Variable x) const {
    if (gate_.weight.defined()) {
      const Variable t = ops::sigmoid(linear(gate_, x));
      const Variable h = ops::relu(linear(transform_, x));
      x = ops::add(x, ops::mul(t, ops::sub(h, x)));
    }
    return linear(out_, ops::leaky_relu(linear(hidden_, x), 0.1));
  }

 private:
  struct Map {
    Variable weight;
    Variable bias;
  };
  static Variable linear(const Map& map, const Variable& x) {
    return ops::add_bias(ops::matmul(x, map.weight), map.bias);
  }

  Map gate_;
  Map transform_;
  Map hidden_;
  Map out_;
};

// One head, rows [first, first + n) of points [heads * n, kHidden].
DenseMatrix<float> head_of(const core::Tensor& points, std::int64_t first, std::int64_t n) {
  DenseMatrix<float> out(n, kHidden);
  const float* rows = points.data<float>().data() + first * kHidden;
  std::copy(rows, rows + n * kHidden, out.values.begin());
  return out;
}

// Rows to unit length; returns their lengths.
std::vector<float> normalise(DenseMatrix<float>& x) {
  std::vector<float> norms;
  for (std::int64_t i = 0; i < x.rows; ++i) {
    float square = 0;
    for (std::int64_t c = 0; c < x.columns; ++c) {
      square += x.row(i)[c] * x.row(i)[c];
    }
    norms.push_back(std::sqrt(square));
    for (std::int64_t c = 0; c < x.columns; ++c) {
      x.row(i)[c] /= norms.back();
    }
  }
  return norms;
}

// From the gradient of unit rows to that of the rows.
void normalise_backward(const DenseMatrix<float>& unit, const std::vector<float>& norms,
                        DenseMatrix<float>& grad) {
  for (std::int64_t i = 0; i < unit.rows; ++i) {
    float along = 0;
    for (std::int64_t c = 0; c < unit.columns; ++c) {
      along += grad.row(i)[c] * unit.row(i)[c];
    }
    for (std::int64_t c = 0; c < unit.columns; ++c) {
      grad.row(i)[c] = (grad.row(i)[c] - along * unit.row(i)[c]) / norms[i];
    }
  }
}

// A head's part of the loss; writes its gradients over the networks' results.
void dense_ct_head(core::Tensor& query_unit, core::Tensor& query_nav, core::Tensor& key_unit,
                   core::Tensor& key_nav, std::int64_t first, std::int64_t n) {
  DenseMatrix<float> query = head_of(query_unit, first, n);
  DenseMatrix<float> key = head_of(key_unit, first, n);
  const std::vector<float> query_norms = normalise(query);
  const std::vector<float> key_norms = normalise(key);
  auto result =
      testing::dense_ct<float>(query, head_of(query_nav, first, n), key, head_of(key_nav, first, n),
                               true, ops::kernels::exp_in_place<float>);
  require(std::isfinite(result.loss), "the dense loss");
  normalise_backward(query, query_norms, result.grads[0]);
  normalise_backward(key, key_norms, result.grads[2]);
  const std::array<core::Tensor*, 4> all{&query_unit, &query_nav, &key_unit, &key_nav};
  for (std::size_t g = 0; g < all.size(); ++g) {
    std::copy(result.grads[g].values.begin(), result.grads[g].values.end(),
              all[g]->mutable_data<float>().data() + first * kHidden);
  }
}

void dense_ct(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const std::int64_t heads = state.range(1);
  const std::int64_t channels = state.range(3);
  const NaiveNetwork critic(channels, true);
  const NaiveNetwork navigator(channels, false);
  const Variable queries = ops::reshape(points(n, heads, channels, 1), {n * heads, channels});
  const Variable keys = ops::reshape(points(n, heads, channels, 2), {n * heads, channels});
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    for (auto _ : state) {
      const std::array<Variable, 4> out{critic(queries), navigator(queries), critic(keys),
                                        navigator(keys)};
      std::array<core::Tensor, 4> grads;
      for (std::size_t g = 0; g < out.size(); ++g) {
        grads[g] = out[g].value().clone();
      }
      for (std::int64_t head = 0; head < heads; ++head) {
        dense_ct_head(grads[0], grads[1], grads[2], grads[3], head * n, n);
      }
      for (std::size_t g = 0; g < out.size(); ++g) {
        autograd::backward(out[g], grads[g]);
      }
    }
  });
  state.SetItemsProcessed(state.iterations() * n * n * heads);
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

template <class Solve>
void run_dense_ot(benchmark::State& state, const Solve& solve) {
  const std::int64_t n = state.range(0);
  const auto queries = dense_points(n, state.range(3), 1);
  const auto keys = dense_points(n, state.range(3), 2);
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    for (auto _ : state) {
      for (std::int64_t head = 0; head < state.range(1); ++head) {
        DenseMatrix<float> plan(0, 0);
        const double loss = solve(queries, keys, plan);
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

// The algorithm of the streamed one: potentials and logarithms, with the costs kept.
void dense_ot(benchmark::State& state) {
  run_dense_ot(state, [](const auto& queries, const auto& keys, DenseMatrix<float>& plan) {
    return testing::dense_log_ot<float>(queries, keys, 0.1, kPairs, plan,
                                        ops::kernels::exp_in_place<float>);
  });
}

// A lesser algorithm, out of range at costs beyond some tens of eps: the kernel matrix is made once
// and kept, a pair costs two multiplications of it by a vector.
void scaling_ot(benchmark::State& state) {
  run_dense_ot(state, [](const auto& queries, const auto& keys, DenseMatrix<float>& plan) {
    return testing::dense_scaling_ot<float>(queries, keys, 0.1, kPairs, plan,
                                            ops::kernels::exp_in_place<float>);
  });
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
BENCHMARK(scaling_ot)->Apply(sizes);
BENCHMARK(streamed_gan)->Apply(sizes);
BENCHMARK(streamed_ct)->Name("growth_ct")->Apply(growth);
BENCHMARK(streamed_mmd)->Name("growth_mmd")->Apply(growth);
BENCHMARK(growth_ot)->Apply(growth);

}  // namespace

BENCHMARK_MAIN();
