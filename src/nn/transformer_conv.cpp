#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nn/attention.hpp"
#include "nn/checks.hpp"
#include "nn/head_groups.hpp"
#include "nn/layer_end.hpp"
#include <attune/nn/transformer_conv.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/sparse/dot_attention.hpp>

namespace attune::nn {

namespace {

const TransformerConvOptions& checked(const TransformerConvOptions& options) {
  require_size(options.in_channels, "TransformerConv", "in_channels");
  require_size(options.out_channels, "TransformerConv", "out_channels");
  require_size(options.heads, "TransformerConv", "heads");
  require_probability(options.dropout, "TransformerConv", "dropout");
  require_probability(options.attention_dropout, "TransformerConv", "attention_dropout");
  require_probability(options.value_dropout, "TransformerConv", "value_dropout");
  require_edge_channels(options.edge_channels, "TransformerConv");
  return options;
}

class DotAttention final : public GroupAttention {
 public:
  DotAttention(const graph::Graph& graph, double dropout) : graph_(graph), dropout_(dropout) {}

  [[nodiscard]] core::Tensor forward(const std::vector<core::Tensor>& inputs, const core::Tensor&,
                                     const core::RandomStream* dropout) const override {
    return sparse::dot_attention(graph_, Variable(inputs[0]), Variable(inputs[1]),
                                 Variable(inputs[2]), {.dropout = dropout_}, dropout)
        .value();
  }
  [[nodiscard]] Gradients gradients(std::vector<core::Tensor> inputs, const core::Tensor&,
                                    const core::RandomStream* dropout,
                                    const core::Tensor& grad_output) const override {
    sparse::DotAttentionGradients grads = sparse::dot_attention_gradients(
        graph_, std::move(inputs[0]), std::move(inputs[1]), std::move(inputs[2]),
        {.dropout = dropout_}, dropout, grad_output);
    return {{std::move(grads.queries), std::move(grads.keys), std::move(grads.values)}, {}};
  }

 private:
  graph::Graph graph_;
  double dropout_;
};

}  // namespace

TransformerConv::TransformerConv(const TransformerConvOptions& options, Initializer& init)
    : options_(checked(options)), dropout_(options.dropout), value_dropout_(options.value_dropout) {
  const std::int64_t width = options.heads * options.out_channels;
  const std::int64_t out = output_channels();
  query_ = projection("query", width, init);
  key_ = projection("key", width, init);
  value_ = projection("value", width, init);
  if (options.root_weight) {
    skip_ = projection("skip", out, init);
  }
  if (options.root_weight && options.beta) {
    // One vector of 3 * out numbers to the paper, and so are its fans.
    beta_heads_ = register_parameter("beta_heads", init.glorot_uniform({out, 1}, 3 * out, 1));
    beta_skip_ = register_parameter("beta_skip", init.glorot_uniform({out, 1}, 3 * out, 1));
    beta_difference_ =
        register_parameter("beta_difference", init.glorot_uniform({out, 1}, 3 * out, 1));
  }
  if (const std::int64_t edge = options.edge_channels; edge > 0) {
    edge_weight_ =
        register_parameter("edge_weight", init.glorot_uniform({edge, width}, edge, width));
  }
}

TransformerConv::Projection TransformerConv::projection(const char* name, std::int64_t out,
                                                        Initializer& init) {
  const std::int64_t in = options_.in_channels;
  Projection result;
  result.weight =
      register_parameter(std::string(name) + "_weight", init.glorot_uniform({in, out}, in, out));
  if (options_.bias) {
    result.bias = register_parameter(std::string(name) + "_bias", core::Tensor::zeros({out}));
  }
  return result;
}

std::int64_t TransformerConv::output_channels() const noexcept {
  return options_.concat ? options_.heads * options_.out_channels : options_.out_channels;
}

Variable TransformerConv::heads_of(const Features& x, std::int64_t num_rows,
                                   const Projection& projection) const {
  return project_to_heads(x, num_rows, projection.weight, projection.bias, options_.heads);
}

Variable TransformerConv::forward(const Features& x, const graph::Graph& graph,
                                  ForwardContext& ctx) const {
  return forward_with_edges(x, graph, Variable(), ctx);
}

Variable TransformerConv::forward_with_edges(const Features& x, const graph::Graph& graph,
                                             const Variable& edge_features,
                                             ForwardContext& ctx) const {
  require_features(x, graph.num_src(), options_.in_channels, "TransformerConv::forward");
  require_edge_features(edge_features, graph.num_edges(), options_.edge_channels,
                        "TransformerConv::forward");
  if (options_.expect_self_loops) {
    require_self_loops(graph, "TransformerConv::forward");
  }
  const Features input = dropout_.forward(x, ctx);
  Variable skip = options_.root_weight ? project(input, skip_.weight, graph.num_dst()) : Variable();
  const std::int64_t group = heads_a_group(input, graph, ctx);
  if (group < options_.heads) {
    return attend_in_groups(input, graph, group, std::move(skip), ctx);
  }
  const Variable queries = heads_of(input, graph.num_dst(), query_);
  const Variable keys = heads_of(input, graph.num_src(), key_);
  const Variable values = value_dropout_.forward(heads_of(input, graph.num_src(), value_), ctx);
  if (ctx.head_sink != nullptr) {
    ctx.head_sink->receive({.queries = queries, .keys = keys, .query_mask = {}, .key_mask = {}});
  }
  const sparse::DotInputs inputs{.queries = queries,
                                 .keys = keys,
                                 .values = values,
                                 .edges = {.features = edge_features, .weight = edge_weight_}};
  const auto attention_of = [&](const core::RandomStream* stream, core::Tensor* alpha) {
    return sparse::dot_attention(graph, inputs, {.dropout = options_.attention_dropout}, stream,
                                 alpha);
  };
  return with_skip(
      merge_heads(attend(ctx, options_.attention_dropout, attention_of), options_.concat), skip);
}

Variable TransformerConv::with_skip(Variable attended, const Variable& skip) const {
  if (!options_.root_weight) {
    return finish(std::move(attended), Variable(), Variable(), options_.activation);
  }
  if (options_.beta) {
    const Variable biased = skip_.bias.defined() ? ops::add_bias(skip, skip_.bias) : skip;
    return finish(mix(attended, biased), Variable(), Variable(), options_.activation);
  }
  // The bias of the skip projection is that of the sum, where it is fused with the activation.
  return finish(std::move(attended), skip, skip_.bias, options_.activation);
}

std::int64_t TransformerConv::heads_a_group(const Features& x, const graph::Graph& graph,
                                            const ForwardContext& ctx) const {
  const bool mixed = options_.root_weight && options_.beta;
  if (!may_group(ctx) || !options_.concat || mixed || options_.edge_channels > 0 ||
      !std::holds_alternative<Variable>(x) || (ctx.training() && options_.value_dropout > 0)) {
    return options_.heads;
  }
  return nn::heads_a_group({.edges = graph.num_edges(),
                            .nodes = graph.num_src(),
                            .in_channels = options_.in_channels,
                            .heads = options_.heads,
                            .channels = options_.out_channels,
                            .projections = 3});
}

Variable TransformerConv::attend_in_groups(const Features& x, const graph::Graph& graph,
                                           std::int64_t group, Variable skip,
                                           ForwardContext& ctx) const {
  const auto of = [](const Projection& p, std::int64_t num_rows) {
    return HeadProjection{.num_rows = num_rows, .weight = p.weight, .bias = p.bias};
  };
  Variable sum = nn::attend_in_groups(
      {.x = std::get<Variable>(x),
       .projections = {of(query_, graph.num_dst()), of(key_, graph.num_src()),
                       of(value_, graph.num_src())},
       .vector = Variable(),
       .start = std::move(skip),
       .group = group,
       .heads = options_.heads,
       .dropout = group_streams(ctx, options_.attention_dropout, options_.heads / group),
       .attention = std::make_shared<DotAttention>(graph, options_.attention_dropout)});
  return finish(std::move(sum), Variable(), options_.root_weight ? skip_.bias : Variable(),
                options_.activation);
}

Variable TransformerConv::mix(const Variable& attended, const Variable& skip) const {
  const Variable difference = ops::sub(attended, skip);
  const Variable logit =
      ops::add(ops::add(ops::matmul(attended, beta_heads_), ops::matmul(skip, beta_skip_)),
               ops::matmul(difference, beta_difference_));
  const Variable ones(core::Tensor::full({1, output_channels()}, 1, logit.dtype()));
  const Variable gate = ops::matmul(ops::sigmoid(logit), ones);  // the same in every channel
  return ops::sub(attended, ops::mul(gate, difference));
}

}  // namespace attune::nn
