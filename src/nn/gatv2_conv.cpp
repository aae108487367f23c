#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "nn/attention.hpp"
#include "nn/checks.hpp"
#include "nn/head_groups.hpp"
#include "nn/layer_end.hpp"
#include <attune/nn/gatv2_conv.hpp>
#include <attune/ops/rows.hpp>
#include <attune/sparse/gatv2_attention.hpp>

namespace attune::nn {

namespace {

const GATv2ConvOptions& checked(const GATv2ConvOptions& options) {
  require_size(options.in_channels, "GATv2Conv", "in_channels");
  require_size(options.out_channels, "GATv2Conv", "out_channels");
  require_size(options.heads, "GATv2Conv", "heads");
  require_probability(options.dropout, "GATv2Conv", "dropout");
  require_probability(options.attention_dropout, "GATv2Conv", "attention_dropout");
  require_probability(options.value_dropout, "GATv2Conv", "value_dropout");
  require_finite(options.negative_slope, "GATv2Conv", "negative_slope");
  require_edge_channels(options.edge_channels, "GATv2Conv");
  return options;
}

// Projections: of who is attended to, of who attends.
class AdditiveAttention final : public GroupAttention {
 public:
  AdditiveAttention(const graph::Graph& graph, const sparse::Gatv2AttentionOptions& options)
      : graph_(graph), options_(options) {}

  [[nodiscard]] core::Tensor forward(const std::vector<core::Tensor>& inputs,
                                     const core::Tensor& vector,
                                     const core::RandomStream* dropout) const override {
    return sparse::gatv2_attention(graph_, Variable(inputs[0]), Variable(inputs[1]),
                                   Variable(vector), options_, dropout)
        .value();
  }
  [[nodiscard]] Gradients gradients(std::vector<core::Tensor> inputs, const core::Tensor& vector,
                                    const core::RandomStream* dropout,
                                    const core::Tensor& grad_output) const override {
    sparse::Gatv2AttentionGradients grads = sparse::gatv2_attention_gradients(
        graph_, std::move(inputs[0]), std::move(inputs[1]), vector, options_, dropout, grad_output);
    return {{std::move(grads.src), std::move(grads.dst)}, std::move(grads.att)};
  }

 private:
  graph::Graph graph_;
  sparse::Gatv2AttentionOptions options_;
};

}  // namespace

GATv2Conv::GATv2Conv(const GATv2ConvOptions& options, Initializer& init)
    : options_(checked(options)), dropout_(options.dropout), value_dropout_(options.value_dropout) {
  const std::int64_t in = options.in_channels;
  const std::int64_t width = options.heads * options.out_channels;
  const std::int64_t out = output_channels();
  src_weight_ = register_parameter("src_weight", init.glorot_uniform({in, width}, in, width));
  if (!options.share_weights) {
    dst_weight_ = register_parameter("dst_weight", init.glorot_uniform({in, width}, in, width));
  }
  att_ = register_parameter("att", init.glorot_uniform({options.heads, options.out_channels},
                                                       options.heads, options.out_channels));
  if (options.bias) {
    src_bias_ = register_parameter("src_bias", core::Tensor::zeros({width}));
    if (!options.share_weights) {
      dst_bias_ = register_parameter("dst_bias", core::Tensor::zeros({width}));
    }
    bias_ = register_parameter("bias", core::Tensor::zeros({out}));
  }
  if (options.residual && in != out) {
    residual_weight_ =
        register_parameter("residual_weight", init.glorot_uniform({in, out}, in, out));
  }
  if (const std::int64_t edge = options.edge_channels; edge > 0) {
    edge_weight_ =
        register_parameter("edge_weight", init.glorot_uniform({edge, width}, edge, width));
  }
}

std::int64_t GATv2Conv::output_channels() const noexcept {
  return options_.concat ? options_.heads * options_.out_channels : options_.out_channels;
}

Variable GATv2Conv::forward(const Features& x, const graph::Graph& graph,
                            ForwardContext& ctx) const {
  return forward_with_edges(x, graph, Variable(), ctx);
}

Variable GATv2Conv::forward_with_edges(const Features& x, const graph::Graph& graph,
                                       const Variable& edge_features, ForwardContext& ctx) const {
  require_features(x, graph.num_src(), options_.in_channels, "GATv2Conv::forward");
  require_edge_features(edge_features, graph.num_edges(), options_.edge_channels,
                        "GATv2Conv::forward");
  if (options_.expect_self_loops) {
    require_self_loops(graph, "GATv2Conv::forward");
  }
  const Features input = dropout_.forward(x, ctx);
  Variable residual =
      options_.residual ? residual_of(input, graph.num_dst(), residual_weight_) : Variable();
  const std::int64_t group = heads_a_group(input, graph, ctx);
  if (group < options_.heads) {
    return finish(attend_in_groups(input, graph, group, std::move(residual), ctx), Variable(),
                  bias_, options_.activation);
  }
  const Variable keys =
      project_to_heads(input, graph.num_src(), src_weight_, src_bias_, options_.heads);
  const Variable queries =
      options_.share_weights
          ? ops::first_rows(keys, graph.num_dst())
          : project_to_heads(input, graph.num_dst(), dst_weight_, dst_bias_, options_.heads);
  if (ctx.head_sink != nullptr) {
    ctx.head_sink->receive({.queries = queries, .keys = keys, .query_mask = {}, .key_mask = {}});
  }
  const sparse::Gatv2AttentionOptions attention{.negative_slope = options_.negative_slope,
                                                .dropout = options_.attention_dropout};
  const bool values_apart = ctx.training() && options_.value_dropout > 0;
  const Variable dropped = value_dropout_.forward(keys, ctx);
  const sparse::Gatv2Inputs inputs{.src = keys,
                                   .dst = queries,
                                   .att = att_,
                                   .values = values_apart ? dropped : Variable(),
                                   .edges = {.features = edge_features, .weight = edge_weight_}};
  const auto attention_of = [&](const core::RandomStream* stream, core::Tensor* alpha) {
    return sparse::gatv2_attention(graph, inputs, attention, stream, alpha);
  };
  Variable merged =
      merge_heads(attend(ctx, options_.attention_dropout, attention_of), options_.concat);
  return finish(std::move(merged), residual, bias_, options_.activation);
}

std::int64_t GATv2Conv::heads_a_group(const Features& x, const graph::Graph& graph,
                                      const ForwardContext& ctx) const {
  if (!may_group(ctx) || !options_.concat || options_.share_weights || options_.edge_channels > 0 ||
      !std::holds_alternative<Variable>(x) || (ctx.training() && options_.value_dropout > 0)) {
    return options_.heads;
  }
  return nn::heads_a_group({.edges = graph.num_edges(),
                            .nodes = graph.num_src(),
                            .in_channels = options_.in_channels,
                            .heads = options_.heads,
                            .channels = options_.out_channels,
                            .projections = 2});
}

Variable GATv2Conv::attend_in_groups(const Features& x, const graph::Graph& graph,
                                     std::int64_t group, Variable residual,
                                     ForwardContext& ctx) const {
  const sparse::Gatv2AttentionOptions attention{.negative_slope = options_.negative_slope,
                                                .dropout = options_.attention_dropout};
  return nn::attend_in_groups(
      {.x = std::get<Variable>(x),
       .projections = {{.num_rows = graph.num_src(), .weight = src_weight_, .bias = src_bias_},
                       {.num_rows = graph.num_dst(), .weight = dst_weight_, .bias = dst_bias_}},
       .vector = att_,
       .start = std::move(residual),
       .group = group,
       .heads = options_.heads,
       .dropout = group_streams(ctx, options_.attention_dropout, options_.heads / group),
       .attention = std::make_shared<AdditiveAttention>(graph, attention)});
}

}  // namespace attune::nn
