#include "nn/checks.hpp"
#include "nn/layer_end.hpp"
#include <attune/nn/gcn_conv.hpp>
#include <attune/sparse/gcn_aggregate.hpp>

namespace attune::nn {

namespace {

const GCNConvOptions& checked(const GCNConvOptions& options) {
  require_size(options.in_channels, "GCNConv", "in_channels");
  require_size(options.out_channels, "GCNConv", "out_channels");
  require_probability(options.dropout, "GCNConv", "dropout");
  return options;
}

}  // namespace

GCNConv::GCNConv(const GCNConvOptions& options, Initializer& init)
    : options_(checked(options)), dropout_(options.dropout) {
  const std::int64_t in = options.in_channels;
  const std::int64_t out = options.out_channels;
  weight_ = register_parameter("weight", init.glorot_uniform({in, out}, in, out));
  if (options.bias) {
    bias_ = register_parameter("bias", core::Tensor::zeros({out}));
  }
  if (options.residual && in != out) {
    residual_weight_ =
        register_parameter("residual_weight", init.glorot_uniform({in, out}, in, out));
  }
}

std::int64_t GCNConv::output_channels() const noexcept {
  return options_.out_channels;
}

Variable GCNConv::forward(const Features& x, const graph::Graph& graph, ForwardContext& ctx) const {
  require_features(x, graph.num_src(), options_.in_channels, "GCNConv::forward");
  if (options_.expect_self_loops) {
    require_self_loops(graph, "GCNConv::forward");
  }
  const Features input = dropout_.forward(x, ctx);
  const Variable y = sparse::gcn_aggregate(graph, project(input, weight_));
  const Variable residual =
      options_.residual ? residual_of(input, graph.num_dst(), residual_weight_) : Variable();
  return finish(y, residual, bias_, options_.activation);
}

}  // namespace attune::nn
