#include "cli/bench/layers.hpp"

#include <algorithm>
#include <utility>

#include "cli/bench/kernel_work.hpp"
#include "cli/bench/machine.hpp"
#include "cli/bench/process_memory.hpp"
#include "cli/bench/random_tensor.hpp"
#include "cli/bench/timing.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/graph_layer.hpp>
#include <attune/nn/transformer_conv.hpp>

namespace attune::cli::bench {

namespace {

constexpr std::int64_t kMachineRepeat = 5;

struct Kind {
  const char* name;
  Attention attention;
  std::int64_t projections;  // of the features, each of heads * channels columns
};

constexpr Kind kGatLayer{"GATConv", Attention::gat, 1};
constexpr Kind kGatv2Layer{"GATv2Conv", Attention::gatv2, 2};
constexpr Kind kTransformer{"TransformerConv", Attention::dot, 4};

// The parts of a layer that run one after another.
std::vector<Work> steps_of(const Kind& kind, const AttentionSize& size, std::int64_t in_channels) {
  std::vector<Work> steps;
  for (const Pass pass : {Pass::forward, Pass::backward}) {
    for (std::int64_t p = 0; p < kind.projections; ++p) {
      steps.push_back(product_work(size.nodes, in_channels, size.heads * size.channels, pass));
    }
    steps.push_back(attention_work(kind.attention, size, pass));
  }
  return steps;
}

void hold_against_machine(const std::vector<Work>& steps, LayerTime& time) {
  const double copied = (time.bytes_before + time.bytes_after) / 2;
  Work all;
  for (const Work& step : steps) {
    all.streamed += step.bytes();
    all.operations += step.operations;
    time.steps_ms += 1e3 * std::max(step.streamed / copied + step.gathered / time.gathered_bytes,
                                    step.operations / time.flops);
  }
  time.bound_ms = 1e3 * std::max(all.streamed / copied, all.operations / time.flops);
}

double number_of(const std::vector<nn::NamedParameter>& parameters) {
  std::int64_t numbers = 0;
  for (const nn::NamedParameter& parameter : parameters) {
    numbers += parameter.variable.value().num_elements();
  }
  return static_cast<double>(numbers);
}

// Fills in time and memory.
void run_layer(const nn::GraphLayer& layer, const graph::Graph& graph, const Variable& x,
               std::int64_t heads, std::int64_t repeat, LayerTime& time) {
  const core::Tensor upstream = normal({graph.num_nodes(), layer.output_channels()}, 2);
  const std::vector<nn::NamedParameter> parameters = layer.parameters();
  const auto step = [&] {
    nn::ForwardContext ctx;
    autograd::backward(layer.forward(x, graph, ctx), upstream);
    for (const nn::NamedParameter& parameter : parameters) {
      Variable(parameter.variable).zero_grad();
    }
    Variable(x).zero_grad();
  };
  step();  // the transpose of the graph and the code of the products, which are made once
  const ProcessPeak process;
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  core::reset_pool_peak();
  time.ms = 1e3 * median_seconds(repeat, step);
  time.peak_mb = static_cast<double>(core::pool_statistics().peak_bytes_in_use - before) / 1e6;
  time.process_mb = process.megabytes();
  time.allowed_mb = 4e-6 * (static_cast<double>(x.value().num_elements() + upstream.num_elements() +
                                                4 * graph.num_edges() * heads) +
                            number_of(parameters));
}

template <class Layer, class Options>
LayerTime time_layer(const Kind& kind, const graph::Graph& graph, const Variable& x,
                     std::int64_t heads, std::int64_t channels, std::int64_t repeat) {
  Options options;
  options.in_channels = x.shape()[1];
  options.out_channels = channels;
  options.heads = heads;
  nn::Initializer init(0);
  const Layer layer(options, init);
  LayerTime time{.layer = kind.name, .heads = heads, .channels = channels};
  time.gathered_bytes =
      gathered_bytes_per_second(graph.num_nodes(), heads * channels, kMachineRepeat);
  const Machine before = measure_machine(kMachineRepeat);
  run_layer(layer, graph, x, heads, repeat, time);
  const Machine after = measure_machine(kMachineRepeat);
  time.bytes_before = before.bytes_per_second;
  time.bytes_after = after.bytes_per_second;
  time.flops = (before.flops + after.flops) / 2;
  hold_against_machine(steps_of(kind,
                                {.nodes = graph.num_nodes(),
                                 .edges = graph.num_edges(),
                                 .heads = heads,
                                 .channels = channels},
                                options.in_channels),
                       time);
  return time;
}

}  // namespace

std::vector<LayerTime> time_layers(const graph::Graph& graph, const LayerPlan& plan) {
  const Variable x(normal({graph.num_nodes(), plan.in_channels}, 1), true);
  std::vector<LayerTime> times;
  const auto time = [&](const std::string& layer, int heads, int channels) {
    if (layer == "gat") {
      return time_layer<nn::GATConv, nn::GATConvOptions>(kGatLayer, graph, x, heads, channels,
                                                         plan.repeat);
    }
    if (layer == "gatv2") {
      return time_layer<nn::GATv2Conv, nn::GATv2ConvOptions>(kGatv2Layer, graph, x, heads, channels,
                                                             plan.repeat);
    }
    return time_layer<nn::TransformerConv, nn::TransformerConvOptions>(
        kTransformer, graph, x, heads, channels, plan.repeat);
  };
  core::with_threads(core::num_threads(), [&] {
    for (const auto& [heads, channels] : plan.shapes) {
      for (const std::string& layer : plan.layers) {
        times.push_back(time(layer, heads, channels));
      }
    }
  });
  return times;
}

}  // namespace attune::cli::bench
