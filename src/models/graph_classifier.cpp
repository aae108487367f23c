#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/gcn_conv.hpp>
#include <attune/nn/sage_conv.hpp>
#include <attune/nn/transformer_conv.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/columns.hpp>
#include <attune/ops/rows.hpp>

namespace attune::models {

using core::text;

namespace {

constexpr std::int64_t kMostChannels = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostHeads = 65536;
constexpr std::int64_t kMostLayers = 1000;

void require_count(std::int64_t count, std::int64_t most, const char* what) {
  if (count < 1 || count > most) {
    throw InvalidArgument(text("GraphClassifier: ", what, " must be 1 to ", most, ", got ", count));
  }
}

void require_probability(double p, const char* what) {
  if (!(p >= 0 && p < 1)) {  // so that NaN is refused
    throw InvalidArgument(text("GraphClassifier: ", what, " must be in [0, 1), got ", p));
  }
}

// All of them, whatever the model: an option that is out of range is a slip even where it is idle.
const GraphClassifierOptions& checked(const GraphClassifierOptions& options) {
  require_count(options.in_channels, kMostChannels, "in_channels");
  require_count(options.num_classes, kMostChannels, "num_classes");
  require_count(options.hidden_channels, kMostChannels, "hidden_channels");
  require_count(options.heads, kMostHeads, "heads");
  require_count(options.out_heads, kMostHeads, "out_heads");
  require_count(options.layers, kMostLayers, "layers");
  require_probability(options.dropout, "dropout");
  require_probability(options.attention_dropout, "attention_dropout");
  require_probability(options.value_dropout, "value_dropout");
  if (!std::isfinite(options.negative_slope)) {
    throw InvalidArgument(
        text("GraphClassifier: negative_slope must be finite, got ", options.negative_slope));
  }
  if (options.edge_channels != 0) {
    require_count(options.edge_channels, kMostChannels, "edge_channels");
    if (options.model == GraphModel::gcn || options.model == GraphModel::sage) {
      throw InvalidArgument(
          "GraphClassifier: edge_channels must be 0 for gcn and sage, whose layers look at no "
          "features of edges");
    }
  }
  return options;
}

nn::Activation nonlinearity(GraphModel model) {
  const bool convolution = model == GraphModel::gcn || model == GraphModel::sage;
  return convolution ? nn::Activation::relu : nn::Activation::elu;
}

// What a layer does itself: with a norm the activation comes after that.
nn::Activation activation_of(const GraphClassifierOptions& options, bool last) {
  return last || options.norm != GraphNorm::none ? nn::Activation::none
                                                 : nonlinearity(options.model);
}

// What the attention layers have in common.
template <class Options>
Options attention_options(const GraphClassifierOptions& options, std::int64_t in_channels,
                          bool last) {
  Options layer;
  layer.in_channels = in_channels;
  layer.out_channels = last ? options.num_classes : options.hidden_channels;
  layer.heads = last ? options.out_heads : options.heads;
  layer.concat = !last;
  layer.dropout = options.dropout;
  layer.attention_dropout = options.attention_dropout;
  layer.value_dropout = options.value_dropout;
  layer.activation = activation_of(options, last);
  layer.expect_self_loops = true;
  layer.edge_channels = options.edge_channels;
  return layer;
}

std::unique_ptr<nn::GraphLayer> gat_layer(const GraphClassifierOptions& options,
                                          std::int64_t in_channels, bool last,
                                          nn::Initializer& init) {
  auto layer = attention_options<nn::GATConvOptions>(options, in_channels, last);
  layer.negative_slope = options.negative_slope;
  layer.residual = options.residual;
  layer.reported = options.gat_heads;
  return std::make_unique<nn::GATConv>(layer, init);
}

std::unique_ptr<nn::GraphLayer> gatv2_layer(const GraphClassifierOptions& options,
                                            std::int64_t in_channels, bool last,
                                            nn::Initializer& init) {
  auto layer = attention_options<nn::GATv2ConvOptions>(options, in_channels, last);
  layer.negative_slope = options.negative_slope;
  layer.residual = options.residual;
  return std::make_unique<nn::GATv2Conv>(layer, init);
}

std::unique_ptr<nn::GraphLayer> transformer_layer(const GraphClassifierOptions& options,
                                                  std::int64_t in_channels, bool last,
                                                  nn::Initializer& init) {
  auto layer = attention_options<nn::TransformerConvOptions>(options, in_channels, last);
  layer.root_weight = options.root_weight;
  return std::make_unique<nn::TransformerConv>(layer, init);
}

std::unique_ptr<nn::GraphLayer> gcn_layer(const GraphClassifierOptions& options,
                                          std::int64_t in_channels, bool last,
                                          nn::Initializer& init) {
  return std::make_unique<nn::GCNConv>(
      nn::GCNConvOptions{
          .in_channels = in_channels,
          .out_channels = last ? options.num_classes : options.hidden_channels,
          .dropout = options.dropout,
          .residual = options.residual,
          .activation = activation_of(options, last),
      },
      init);
}

std::unique_ptr<nn::GraphLayer> sage_layer(const GraphClassifierOptions& options,
                                           std::int64_t in_channels, bool last,
                                           nn::Initializer& init) {
  return std::make_unique<nn::SAGEConv>(
      nn::SAGEConvOptions{
          .in_channels = in_channels,
          .out_channels = last ? options.num_classes : options.hidden_channels,
          .dropout = options.dropout,
          .residual = options.residual,
          .activation = activation_of(options, last),
      },
      init);
}

std::unique_ptr<nn::GraphLayer> graph_layer(const GraphClassifierOptions& options,
                                            std::int64_t in_channels, bool last,
                                            nn::Initializer& init) {
  switch (options.model) {
    case GraphModel::gat:
      return gat_layer(options, in_channels, last, init);
    case GraphModel::gatv2:
      return gatv2_layer(options, in_channels, last, init);
    case GraphModel::transformer:
      return transformer_layer(options, in_channels, last, init);
    case GraphModel::gcn:
      return gcn_layer(options, in_channels, last, init);
    case GraphModel::sage:
      return sage_layer(options, in_channels, last, init);
  }
  throw InvalidArgument(text("GraphClassifier: model must be one of those that there are, got ",
                             static_cast<int>(options.model)));
}

}  // namespace

GraphClassifier::GraphClassifier(const GraphClassifierOptions& options, std::uint64_t seed)
    : options_(checked(options)) {
  nn::Initializer init(seed);
  std::int64_t channels = options.in_channels;
  for (std::size_t i = 0; std::ssize(layers_) < options.layers; ++i) {
    layers_.push_back(graph_layer(options, channels, !hidden(i), init));
    channels = layers_.back()->output_channels();
    register_module(text("layers.", i), *layers_.back());
    if (hidden(i)) {
      add_norm(channels);
    }
  }
  if (options.jumping != Jumping::none) {
    add_head(options.jumping == Jumping::cat ? options.layers * channels : channels, init);
  }
}

// With jumping knowledge every layer is.
bool GraphClassifier::hidden(std::size_t layer) const {
  return options_.jumping != Jumping::none ||
         static_cast<std::int64_t>(layer) + 1 < options_.layers;
}

void GraphClassifier::add_norm(std::int64_t channels) {
  if (options_.norm == GraphNorm::layer) {
    layer_norms_.push_back(
        std::make_unique<nn::LayerNorm>(nn::LayerNormOptions{.channels = channels}));
    register_module(text("norms.", layer_norms_.size() - 1), *layer_norms_.back());
  } else if (options_.norm == GraphNorm::batch) {
    batch_norms_.push_back(
        std::make_unique<nn::BatchNorm>(nn::BatchNormOptions{.channels = channels}));
    register_module(text("norms.", batch_norms_.size() - 1), *batch_norms_.back());
  }
}

void GraphClassifier::add_head(std::int64_t channels, nn::Initializer& init) {
  require_count(channels, kMostChannels, "layers * hidden channels");
  head_ = std::make_unique<nn::Linear>(
      nn::LinearOptions{.in_channels = channels, .out_channels = options_.num_classes}, init);
  register_module("head", *head_);
}

Variable GraphClassifier::activated(std::size_t layer, Variable y,
                                    const nn::ForwardContext& ctx) const {
  if (options_.norm == GraphNorm::none || !hidden(layer)) {
    return y;
  }
  y = options_.norm == GraphNorm::layer ? layer_norms_[layer]->forward(y)
                                        : batch_norms_[layer]->forward(y, ctx);
  return nonlinearity(options_.model) == nn::Activation::relu ? ops::relu(y) : ops::elu(y);
}

// The nodes of a block come first among those of the one before.
Variable GraphClassifier::jumped(std::span<const Variable> layers, std::int64_t num_dst) const {
  Variable all = layers.back();
  for (std::size_t i = layers.size() - 1; options_.jumping != Jumping::last && i-- > 0;) {
    const Variable part = ops::first_rows(layers[i], num_dst);
    all =
        options_.jumping == Jumping::cat ? ops::concat_columns(part, all) : ops::maximum(part, all);
  }
  return head_->forward(all);
}

// One block for all layers, or one a layer; the same of features of edges, if there are any.
Variable GraphClassifier::run(const nn::Features& x, std::span<const graph::Graph> blocks,
                              std::span<const Variable> edge_features,
                              nn::ForwardContext& ctx) const {
  std::vector<Variable> of_layers;
  Variable y;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::size_t at = std::min(i, blocks.size() - 1);
    const Variable edges = edge_features.empty() ? Variable() : edge_features[at];
    const nn::GraphLayer& layer = *layers_[i];
    y = activated(i,
                  i == 0 ? layer.forward_with_edges(x, blocks[at], edges, ctx)
                         : layer.forward_with_edges(y, blocks[at], edges, ctx),
                  ctx);
    if (head_) {
      of_layers.push_back(y);
    }
  }
  return head_ ? jumped(of_layers, y.shape()[0]) : y;
}

Variable GraphClassifier::forward(const nn::Features& x, const graph::Graph& graph,
                                  nn::ForwardContext& ctx) const {
  return run(x, {&graph, 1}, {}, ctx);
}

Variable GraphClassifier::forward(const nn::Features& x, const graph::Graph& graph,
                                  const Variable& edge_features, nn::ForwardContext& ctx) const {
  return run(x, {&graph, 1}, {&edge_features, 1}, ctx);
}

Variable GraphClassifier::forward(const nn::Features& x, std::span<const graph::Graph> blocks,
                                  nn::ForwardContext& ctx) const {
  return forward(x, blocks, {}, ctx);
}

Variable GraphClassifier::forward(const nn::Features& x, std::span<const graph::Graph> blocks,
                                  std::span<const Variable> edge_features,
                                  nn::ForwardContext& ctx) const {
  if (blocks.size() != layers_.size()) {
    throw ShapeError(text("GraphClassifier::forward: expected ", layers_.size(),
                          " blocks, one a layer, got ", blocks.size()));
  }
  if (!edge_features.empty() && edge_features.size() != blocks.size()) {
    throw ShapeError(text("GraphClassifier::forward: expected features of the edges of ",
                          blocks.size(), " blocks or none, got of ", edge_features.size()));
  }
  return run(x, blocks, edge_features, ctx);
}

}  // namespace attune::models
