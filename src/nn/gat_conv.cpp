#include <utility>

#include "nn/attention.hpp"
#include "nn/checks.hpp"
#include "nn/layer_end.hpp"
#include <attune/nn/gat_conv.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/heads.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/ops/rows.hpp>
#include <attune/sparse/gat_attention.hpp>

namespace attune::nn {

namespace {

const GATConvOptions& checked(const GATConvOptions& options) {
  require_size(options.in_channels, "GATConv", "in_channels");
  require_size(options.out_channels, "GATConv", "out_channels");
  require_size(options.heads, "GATConv", "heads");
  require_probability(options.dropout, "GATConv", "dropout");
  require_probability(options.attention_dropout, "GATConv", "attention_dropout");
  require_probability(options.value_dropout, "GATConv", "value_dropout");
  require_finite(options.negative_slope, "GATConv", "negative_slope");
  require_edge_channels(options.edge_channels, "GATConv");
  return options;
}

}  // namespace

GATConv::GATConv(const GATConvOptions& options, Initializer& init)
    : options_(checked(options)), dropout_(options.dropout), value_dropout_(options.value_dropout) {
  const std::int64_t in = options.in_channels;
  const std::int64_t heads = options.heads;
  const std::int64_t channels = options.out_channels;
  // The heads count as one matrix, and the vectors as a matrix [heads, channels]: the fans of
  // PyTorch Geometric, whose accuracies others compare with.
  weight_ = register_parameter("weight",
                               init.glorot_uniform({in, heads * channels}, in, heads * channels));
  att_src_ = register_parameter("att_src", init.glorot_uniform({heads, channels}, heads, channels));
  att_dst_ = register_parameter("att_dst", init.glorot_uniform({heads, channels}, heads, channels));
  const std::int64_t out = output_channels();
  if (options.bias) {
    bias_ = register_parameter("bias", core::Tensor::zeros({out}));
  }
  if (options.residual && in != out) {
    residual_weight_ =
        register_parameter("residual_weight", init.glorot_uniform({in, out}, in, out));
  }
  if (const std::int64_t edge = options.edge_channels; edge > 0) {
    edge_weight_ = register_parameter(
        "edge_weight", init.glorot_uniform({edge, heads * channels}, edge, heads * channels));
    att_edge_ =
        register_parameter("att_edge", init.glorot_uniform({heads, channels}, heads, channels));
  }
}

std::int64_t GATConv::output_channels() const noexcept {
  return options_.concat ? options_.heads * options_.out_channels : options_.out_channels;
}

// (f W) . a = f (W . a), head by head.
Variable GATConv::edge_terms(const Variable& edge_features) const {
  if (!edge_features.defined()) {
    return {};
  }
  const Variable weight =
      ops::reshape(edge_weight_, {options_.edge_channels, options_.heads, options_.out_channels});
  return ops::matmul(edge_features, ops::head_dot(weight, att_edge_));
}

Variable GATConv::forward(const Features& x, const graph::Graph& graph, ForwardContext& ctx) const {
  return forward_with_edges(x, graph, Variable(), ctx);
}

Variable GATConv::forward_with_edges(const Features& x, const graph::Graph& graph,
                                     const Variable& edge_features, ForwardContext& ctx) const {
  require_features(x, graph.num_src(), options_.in_channels, "GATConv::forward");
  require_edge_features(edge_features, graph.num_edges(), options_.edge_channels,
                        "GATConv::forward");
  if (options_.expect_self_loops) {
    require_self_loops(graph, "GATConv::forward");
  }
  const Features input = dropout_.forward(x, ctx);
  const Variable z = project_to_heads(input, graph.num_src(), weight_, Variable(), options_.heads);
  if (ctx.head_sink != nullptr) {
    report_heads(z, graph.num_dst(), *ctx.head_sink);
  }
  const sparse::GatAttentionOptions attention{.negative_slope = options_.negative_slope,
                                              .dropout = options_.attention_dropout};
  const bool values_apart = ctx.training() && options_.value_dropout > 0;
  const Variable dropped = value_dropout_.forward(z, ctx);
  const sparse::GatInputs inputs{.z = z,
                                 .att_dst = att_dst_,
                                 .att_src = att_src_,
                                 .values = values_apart ? dropped : Variable(),
                                 .edge_terms = edge_terms(edge_features)};
  const auto attention_of = [&](const core::RandomStream* stream, core::Tensor* alpha) {
    return sparse::gat_attention(graph, inputs, attention, stream, alpha);
  };
  Variable merged =
      merge_heads(attend(ctx, options_.attention_dropout, attention_of), options_.concat);
  const Variable residual =
      options_.residual ? residual_of(input, graph.num_dst(), residual_weight_) : Variable();
  return finish(std::move(merged), residual, bias_, options_.activation);
}

void GATConv::report_heads(const Variable& z, std::int64_t num_dst, HeadSink& sink) const {
  if (options_.reported == GATHeads::product) {
    sink.receive_scaled(
        {.points = z, .num_queries = num_dst, .query_scale = att_dst_, .key_scale = att_src_});
    return;
  }
  const Variable own = ops::first_rows(z, num_dst);
  const std::int64_t heads = z.shape()[1];
  sink.receive({.queries = ops::reshape(ops::head_dot(own, att_dst_), {num_dst, heads, 1}),
                .keys = ops::reshape(ops::head_dot(z, att_src_), {z.shape()[0], heads, 1}),
                .query_mask = {},
                .key_mask = {}});
}

}  // namespace attune::nn
