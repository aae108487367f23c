#include "cli/bench/layers.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "cli/bench/random_tensor.hpp"
#include "cli/bench/timing.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/transformer_conv.hpp>

namespace attune::cli::bench {

namespace {

struct Traffic {
  double projections;  // of the features, each of heads * channels columns
  double gathers;      // of rows of heads * channels numbers, one an edge, both passes together
  double edge_arrays;  // of heads numbers an edge, written or read
};

// The fused algorithm gathers one row an edge for the sums forward, one for the derivatives of the
// coefficients and one along the transpose. GATv2 takes one more along the transpose, for the
// derivatives of the logits; its logits look at the rows that the sums take. Dot products look at
// keys and values forward, at both again on the way back, and at two kinds of rows along the
// transpose. Coefficients are written once and read twice, the derivatives of the logits likewise.
constexpr Traffic kGat{.projections = 1, .gathers = 3, .edge_arrays = 6};
constexpr Traffic kGatv2{.projections = 2, .gathers = 4, .edge_arrays = 6};
constexpr Traffic kTransformer{.projections = 4, .gathers = 6, .edge_arrays = 6};

double bound_seconds(const Traffic& traffic, const graph::Graph& graph, std::int64_t in_channels,
                     std::int64_t heads, std::int64_t channels, double bytes_per_second,
                     double flops) {
  const auto nodes = static_cast<double>(graph.num_nodes());
  const auto edges = static_cast<double>(graph.num_edges());
  const auto in = static_cast<double>(in_channels);
  const auto h = static_cast<double>(heads);
  const double width = h * static_cast<double>(channels);
  // Per projection: features and result, then the derivatives of all three.
  const double dense = traffic.projections * nodes * (3 * in + 3 * width);
  const double floats = dense + traffic.gathers * edges * width + traffic.edge_arrays * edges * h;
  const double bytes = 4 * (floats + 3 * edges);  // column numbers and positions
  const double operations =
      6 * traffic.projections * nodes * in * width + 2 * traffic.gathers * edges * width;
  return std::max(bytes / bytes_per_second, operations / flops);
}

template <class Layer, class Options>
LayerTime time_layer(const char* name, const Traffic& traffic, const graph::Graph& graph,
                     const Variable& x, std::int64_t heads, std::int64_t channels,
                     double bytes_per_second, double flops, std::int64_t repeat) {
  Options options;
  options.in_channels = x.shape()[1];
  options.out_channels = channels;
  options.heads = heads;
  nn::Initializer init(0);
  Layer layer(options, init);
  const core::Tensor upstream = normal({graph.num_nodes(), heads * channels}, 2);
  std::int64_t numbers = 0;
  const std::vector<nn::NamedParameter> parameters = layer.parameters();
  for (const nn::NamedParameter& parameter : parameters) {
    numbers += parameter.variable.value().num_elements();
  }
  LayerTime time{.layer = name, .heads = heads, .channels = channels};
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  core::reset_pool_peak();
  time.ms = 1e3 * median_seconds(repeat, [&] {
              nn::ForwardContext ctx;
              autograd::backward(layer.forward(x, graph, ctx), upstream);
              for (const nn::NamedParameter& parameter : parameters) {
                Variable(parameter.variable).zero_grad();
              }
              Variable(x).zero_grad();
            });
  time.peak_mb = static_cast<double>(core::pool_statistics().peak_bytes_in_use - before) / 1e6;
  time.allowed_mb =
      4e-6 * static_cast<double>(x.value().num_elements() + numbers + upstream.num_elements() +
                                 4 * graph.num_edges() * heads);
  time.bound_ms =
      1e3 * bound_seconds(traffic, graph, x.shape()[1], heads, channels, bytes_per_second, flops);
  return time;
}

}  // namespace

std::vector<LayerTime> time_layers(const graph::Graph& graph, const LayerPlan& plan,
                                   double bytes_per_second, double flops) {
  const Variable x(normal({graph.num_nodes(), plan.in_channels}, 1), true);
  std::vector<LayerTime> times;
  const auto time = [&](const std::string& layer, int heads, int channels) {
    if (layer == "gat") {
      return time_layer<nn::GATConv, nn::GATConvOptions>("GATConv", kGat, graph, x, heads, channels,
                                                         bytes_per_second, flops, plan.repeat);
    }
    if (layer == "gatv2") {
      return time_layer<nn::GATv2Conv, nn::GATv2ConvOptions>(
          "GATv2Conv", kGatv2, graph, x, heads, channels, bytes_per_second, flops, plan.repeat);
    }
    return time_layer<nn::TransformerConv, nn::TransformerConvOptions>(
        "TransformerConv", kTransformer, graph, x, heads, channels, bytes_per_second, flops,
        plan.repeat);
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
