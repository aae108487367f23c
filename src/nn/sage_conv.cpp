#include <utility>

#include "nn/checks.hpp"
#include "nn/layer_end.hpp"
#include <attune/nn/sage_conv.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/sparse/mean_aggregate.hpp>

namespace attune::nn {

namespace {

const SAGEConvOptions& checked(const SAGEConvOptions& options) {
  require_size(options.in_channels, "SAGEConv", "in_channels");
  require_size(options.out_channels, "SAGEConv", "out_channels");
  require_probability(options.dropout, "SAGEConv", "dropout");
  return options;
}

}  // namespace

SAGEConv::SAGEConv(const SAGEConvOptions& options, Initializer& init)
    : options_(checked(options)), dropout_(options.dropout) {
  const std::int64_t in = options.in_channels;
  const std::int64_t out = options.out_channels;
  root_weight_ = register_parameter("root_weight", init.glorot_uniform({in, out}, in, out));
  neighbour_weight_ =
      register_parameter("neighbour_weight", init.glorot_uniform({in, out}, in, out));
  if (options.bias) {
    bias_ = register_parameter("bias", core::Tensor::zeros({out}));
  }
  if (options.residual && in != out) {
    residual_weight_ =
        register_parameter("residual_weight", init.glorot_uniform({in, out}, in, out));
  }
}

std::int64_t SAGEConv::output_channels() const noexcept {
  return options_.out_channels;
}

Variable SAGEConv::forward(const Features& x, const graph::Graph& graph,
                           ForwardContext& ctx) const {
  require_features(x, graph.num_src(), options_.in_channels, "SAGEConv::forward");
  const Features input = dropout_.forward(x, ctx);
  Variable y = sparse::mean_aggregate(graph, project(input, neighbour_weight_));
  y = ops::add(std::move(y), project(input, root_weight_, graph.num_dst()));
  const Variable residual =
      options_.residual ? residual_of(input, graph.num_dst(), residual_weight_) : Variable();
  return finish(std::move(y), residual, bias_, options_.activation);
}

}  // namespace attune::nn
