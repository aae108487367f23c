// A training step and an inference pass of transformer encoders at 1 and 2 threads: the shapes of a
// small encoder (hidden 256, 4 heads, 4 layers, 32 texts of 128 tokens) and of one layer of
// ALBERT-base (hidden 768, 12 heads, 8 texts of 128 tokens). A step is forward, mean squared error,
// backward and Adam. Counters: GFLOP/s of the matrix products (a step counted as three forward
// passes) and the most memory that tensors held, in MiB.

#include <cstdint>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "support/random_values.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/nn/transformer_encoder_layer.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/optim/adam.hpp>

namespace {

using namespace attune;

struct Sizes {
  std::int64_t texts;
  std::int64_t tokens;  // of each text
  std::int64_t channels;
  std::int64_t heads;
  std::int64_t layers;

  // Of the products of a forward pass.
  [[nodiscard]] double operations() const {
    return static_cast<double>(layers * texts * tokens) *
           static_cast<double>(24 * channels * channels + 4 * tokens * channels);
  }
};

constexpr Sizes kSmall = {32, 128, 256, 4, 4};
constexpr Sizes kAlbertLayer = {8, 128, 768, 12, 1};

class Encoder : public nn::Module {
 public:
  Encoder(const Sizes& sizes, double dropout) {
    nn::Initializer init(1);
    for (std::int64_t i = 0; i < sizes.layers; ++i) {
      layers_.push_back(std::make_unique<nn::TransformerEncoderLayer>(
          nn::TransformerEncoderLayerOptions{.channels = sizes.channels,
                                             .heads = sizes.heads,
                                             .intermediate_channels = 4 * sizes.channels,
                                             .dropout = dropout,
                                             .feed_forward_dropout = dropout,
                                             .attention_dropout = dropout},
          init));
      register_module("layers." + std::to_string(i), *layers_.back());
    }
  }

  [[nodiscard]] Variable forward(Variable x, const std::vector<std::int64_t>& starts,
                                 nn::ForwardContext& ctx) const {
    for (const auto& layer : layers_) {
      x = layer->forward({x, starts}, ctx);
    }
    return x;
  }

 private:
  std::vector<std::unique_ptr<nn::TransformerEncoderLayer>> layers_;
};

struct Setup {
  explicit Setup(const Sizes& s, double dropout)
      : encoder(s, dropout),
        adam(encoder.parameters(), {.learning_rate = 1e-4}),
        x(testing::random_tensor<float>({s.texts * s.tokens, s.channels}, 1)),
        target(testing::random_tensor<float>({s.texts * s.tokens, s.channels}, 2)) {
    for (std::int64_t i = 0; i <= s.texts; ++i) {
      starts.push_back(i * s.tokens);
    }
  }

  double train(std::uint32_t step) {
    adam.zero_grad();
    nn::ForwardContext ctx(core::RandomStream(1, core::Purpose::dropout, 0, step));
    const Variable error = ops::sub(encoder.forward(x, starts, ctx), target);
    const Variable loss = ops::mean(ops::mul(error, error));
    backward(loss);
    adam.step();
    return loss.value().item();
  }

  void infer() const {
    const autograd::NoGradScope no_grad;
    nn::ForwardContext ctx;
    benchmark::DoNotOptimize(encoder.forward(x, starts, ctx));
  }

  Encoder encoder;
  optim::Adam adam;
  Variable x;
  Variable target;
  std::vector<std::int64_t> starts;
};

void report(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["MiB"] =
      static_cast<double>(core::pool_statistics().peak_bytes_in_use) / (1 << 20);
}

void train(benchmark::State& state, const Sizes& sizes) {
  core::with_threads(static_cast<int>(state.range(0)), [&] {
    Setup setup(sizes, static_cast<double>(state.range(1)) / 100);
    core::reset_pool_peak();
    std::uint32_t step = 0;
    const double first = setup.train(++step);
    double last = first;
    for (auto _ : state) {
      last = setup.train(++step);
    }
    if (!(last < first)) {
      state.SkipWithError("the loss did not fall");
    }
  });
  report(state, 3 * sizes.operations());
}

void infer(benchmark::State& state, const Sizes& sizes) {
  core::with_threads(static_cast<int>(state.range(0)), [&] {
    const Setup setup(sizes, 0);
    core::reset_pool_peak();
    for (auto _ : state) {
      setup.infer();
    }
  });
  report(state, sizes.operations());
}

void step_arguments(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"threads", "dropout%"})->Unit(benchmark::kMillisecond)->UseRealTime();
  bench->Args({1, 10})->Args({2, 10})->Args({2, 0});
}

BENCHMARK_CAPTURE(train, small, kSmall)->Apply(step_arguments);
BENCHMARK_CAPTURE(train, albert_layer, kAlbertLayer)->Apply(step_arguments);
BENCHMARK_CAPTURE(infer, small, kSmall)
    ->ArgName("threads")
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(infer, albert_layer, kAlbertLayer)
    ->ArgName("threads")
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
