#include <cmath>
#include <limits>
#include <string>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/gcn_conv.hpp>
#include <attune/nn/transformer_conv.hpp>

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
  return options;
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
  layer.activation = last ? nn::Activation::none : nn::Activation::elu;
  layer.expect_self_loops = true;
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
          .activation = last ? nn::Activation::none : nn::Activation::relu,
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
  }
  throw InvalidArgument(text("GraphClassifier: model must be one of those that there are, got ",
                             static_cast<int>(options.model)));
}

}  // namespace

GraphClassifier::GraphClassifier(const GraphClassifierOptions& options, std::uint64_t seed)
    : options_(checked(options)) {
  nn::Initializer init(seed);
  std::int64_t channels = options.in_channels;
  for (std::int64_t i = 0; i < options.layers; ++i) {
    const bool last = i + 1 == options.layers;
    layers_.push_back(graph_layer(options, channels, last, init));
    channels = layers_.back()->output_channels();
    register_module(text("layers.", i), *layers_.back());
  }
}

Variable GraphClassifier::forward(const nn::Features& x, const graph::Graph& graph,
                                  nn::ForwardContext& ctx) const {
  Variable hidden = layers_.front()->forward(x, graph, ctx);
  for (std::size_t i = 1; i < layers_.size(); ++i) {
    hidden = layers_[i]->forward(hidden, graph, ctx);
  }
  return hidden;
}

Variable GraphClassifier::forward(const nn::Features& x, std::span<const graph::Graph> blocks,
                                  nn::ForwardContext& ctx) const {
  if (blocks.size() != layers_.size()) {
    throw ShapeError(text("GraphClassifier::forward: expected ", layers_.size(),
                          " blocks, one a layer, got ", blocks.size()));
  }
  Variable hidden = layers_.front()->forward(x, blocks.front(), ctx);
  for (std::size_t i = 1; i < layers_.size(); ++i) {
    hidden = layers_[i]->forward(hidden, blocks[i], ctx);
  }
  return hidden;
}

}  // namespace attune::models
