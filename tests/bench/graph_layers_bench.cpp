// A first layer as it trains on a citation network: sparse features, dropout of input and
// coefficients, ELU, forward and backward. Items are edges.
#include <benchmark/benchmark.h>

#include "bench_inputs.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/gcn_conv.hpp>
#include <attune/nn/transformer_conv.hpp>

namespace {

using namespace attune;
using bench::Dataset;

template <class Layer, class Options>
void train_layer(benchmark::State& state, Dataset dataset, Options options) {
  const graph::Graph& graph = dataset().graph;
  const nn::Features features = dataset().features;
  options.in_channels = nn::num_channels(features);
  options.dropout = 0.6;
  options.activation = nn::Activation::elu;
  nn::Initializer init(0);
  const Layer layer(options, init);
  const core::Tensor upstream =
      bench::random_leaf({graph.num_nodes(), layer.output_channels()}, 2).value();
  const core::RandomStream random(3, core::Purpose::dropout);
  std::uint32_t step = 0;
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    for (auto _ : state) {
      for (nn::NamedParameter& named : layer.parameters()) {
        named.variable.zero_grad();
      }
      nn::ForwardContext ctx(random.at_step(step++));
      backward(layer.forward(features, graph, ctx), upstream);
      benchmark::ClobberMemory();
    }
  });
  bench::count(state, graph, graph.num_edges());
}

template <class Layer, class Options>
void train_attention(benchmark::State& state, Dataset dataset) {
  Options options;
  options.heads = state.range(0);
  options.out_channels = state.range(1);
  options.attention_dropout = 0.6;
  train_layer<Layer>(state, dataset, options);
}

void train_gat(benchmark::State& state, Dataset dataset) {
  train_attention<nn::GATConv, nn::GATConvOptions>(state, dataset);
}
void train_gatv2(benchmark::State& state, Dataset dataset) {
  train_attention<nn::GATv2Conv, nn::GATv2ConvOptions>(state, dataset);
}
void train_transformer(benchmark::State& state, Dataset dataset) {
  train_attention<nn::TransformerConv, nn::TransformerConvOptions>(state, dataset);
}
void train_gcn(benchmark::State& state, Dataset dataset) {
  nn::GCNConvOptions options;
  options.out_channels = state.range(0) * state.range(1);
  train_layer<nn::GCNConv>(state, dataset, options);
}

BENCHMARK_CAPTURE(train_gat, cora_size, bench::cora_size)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(train_gatv2, cora_size, bench::cora_size)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(train_transformer, cora_size, bench::cora_size)
    ->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(train_gcn, cora_size, bench::cora_size)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(train_gat, power_law, bench::power_law)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(train_gatv2, power_law, bench::power_law)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(train_transformer, power_law, bench::power_law)
    ->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(train_gcn, power_law, bench::power_law)->Apply(bench::attention_arguments);

}  // namespace
