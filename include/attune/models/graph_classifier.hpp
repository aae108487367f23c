#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <attune/graph/graph.hpp>
#include <attune/nn/batch_norm.hpp>
#include <attune/nn/features.hpp>
#include <attune/nn/forward_context.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/graph_layer.hpp>
#include <attune/nn/layer_norm.hpp>
#include <attune/nn/linear.hpp>
#include <attune/nn/module.hpp>

namespace attune::models {

/// The layer that is stacked: nn::GATConv, nn::GATv2Conv, nn::TransformerConv, nn::GCNConv,
/// nn::SAGEConv.
enum class GraphModel : std::uint8_t { gat, gatv2, transformer, gcn, sage };

/// What hidden features pass before their activation: nothing, nn::LayerNorm over the channels of
/// each node, or nn::BatchNorm over the nodes.
enum class GraphNorm : std::uint8_t { none, layer, batch };

/// Jumping knowledge. Xu et al., "Representation Learning on Graphs with Jumping Knowledge
/// Networks", ICML 2018, arXiv 1806.03536.
enum class Jumping : std::uint8_t {
  none,  ///< the last layer yields the logits
  last,  ///< all layers are hidden ones; a linear layer makes logits of what the last one yields
  cat,   ///< the same of what all of them yield, side by side
  max,   ///< the same of the largest that any of them yields, channel by channel
};

/// The defaults are the citation networks of Velickovic et al.: two GAT layers, 8 heads of 8
/// channels, then one head a class; `gatv2` and `transformer` take them over. For `gcn` Kipf and
/// Welling take hidden_channels = 16 and dropout = 0.5, which serve `sage` too. Options that mean
/// nothing to a model are checked and otherwise ignored.
struct GraphClassifierOptions {
  GraphModel model = GraphModel::gat;  ///< the layer that is stacked
  std::int64_t in_channels = 0;        ///< required
  std::int64_t num_classes = 0;        ///< required
  std::int64_t hidden_channels = 8;    ///< of each hidden layer; per head, which are concatenated
  std::int64_t heads = 8;              ///< of each hidden layer; not gcn, sage
  std::int64_t out_heads = 1;          ///< of the last layer, averaged; not gcn, sage
  std::int64_t layers = 2;             ///< the last one included
  double dropout = 0.6;                ///< on the input of every layer
  double attention_dropout = 0.6;      ///< not gcn, sage
  double value_dropout = 0;            ///< of the projected features that are summed; not gcn, sage
  double negative_slope = 0.2;         ///< gat, gatv2
  bool residual = false;               ///< around every layer; not transformer, which has
  bool root_weight = true;             ///< a skip projection, in every layer
  /// gat: what is reported to be aligned; no output depends on it
  nn::GATHeads gat_heads = nn::GATHeads::product;
  GraphNorm norm = GraphNorm::none;  ///< of every hidden layer
  Jumping jumping = Jumping::none;   ///< how the hidden layers become logits
  /// Features an edge that every layer's attention sees; 0: none. Not gcn, sage
  std::int64_t edge_channels = 0;
};

/// Classifies the nodes of a graph: hidden layers, each followed by a norm if asked for and by ELU
/// (ReLU for gcn and sage), then a layer that yields the logits, or with jumping knowledge a linear
/// one.
///
///     GraphClassifier model({.in_channels = 1433, .num_classes = 7}, seed);
///     const graph::Graph looped = graph::with_self_loops(graph);  // once
///     nn::ForwardContext ctx(random.at_step(epoch));
///     Variable logits = model.forward(features, looped, ctx);  // [num_nodes, 7]
///
/// With edge_channels each pass is given features of the edges beside the graph, one row an edge in
/// the order of graph.in_edges() (sparse::order_edge_features()).
///
/// Parameters are named `layers.0.weight`, `norms.0.gamma`, `head.weight` and so on, and are a
/// function of the options and the seed.
class GraphClassifier final : public nn::Module {
 public:
  /// @throws InvalidArgument  a size or count below 1, more than 1000 layers, a dropout outside
  ///                          [0, 1), negative_slope not finite, edge_channels of a model whose
  ///                          layers look at no features of edges
  GraphClassifier(const GraphClassifierOptions& options, std::uint64_t seed);

  /// @param x      [num_nodes, in_channels]
  /// @param graph  row i lists the nodes that i hears, i among them
  /// @return       logits, [num_nodes, num_classes]
  /// @throws ShapeError       x is not [graph.num_nodes(), in_channels]
  /// @throws InvalidArgument  a node has no self-loop
  [[nodiscard]] Variable forward(const nn::Features& x, const graph::Graph& graph,
                                 nn::ForwardContext& ctx) const;

  /// The same with features of the edges.
  /// @param edge_features  [num_edges, edge_channels]; undefined where edge_channels is 0
  /// @throws as above; ShapeError where edge_features has another shape or is missing
  [[nodiscard]] Variable forward(const nn::Features& x, const graph::Graph& graph,
                                 const Variable& edge_features, nn::ForwardContext& ctx) const;

  /// The same for the targets of a receptive field alone.
  /// @param x       features of field.nodes, [field.nodes.size(), in_channels]
  /// @param blocks  field.blocks, one a layer
  /// @return        logits, [field.targets().size(), num_classes]
  /// @throws ShapeError       as above, or not one block a layer
  [[nodiscard]] Variable forward(const nn::Features& x, std::span<const graph::Graph> blocks,
                                 nn::ForwardContext& ctx) const;

  /// The same with features of the edges.
  /// @param edge_features  of the edges of each block, or none where edge_channels is 0
  [[nodiscard]] Variable forward(const nn::Features& x, std::span<const graph::Graph> blocks,
                                 std::span<const Variable> edge_features,
                                 nn::ForwardContext& ctx) const;

  /// It was made with.
  [[nodiscard]] const GraphClassifierOptions& options() const noexcept { return options_; }

 private:
  [[nodiscard]] bool hidden(std::size_t layer) const;
  [[nodiscard]] Variable activated(std::size_t layer, Variable y,
                                   const nn::ForwardContext& ctx) const;
  [[nodiscard]] Variable run(const nn::Features& x, std::span<const graph::Graph> blocks,
                             std::span<const Variable> edge_features,
                             nn::ForwardContext& ctx) const;
  [[nodiscard]] Variable jumped(std::span<const Variable> layers, std::int64_t num_dst) const;
  void add_norm(std::int64_t channels);
  void add_head(std::int64_t channels, nn::Initializer& init);

  GraphClassifierOptions options_;
  std::vector<std::unique_ptr<nn::GraphLayer>> layers_;
  std::vector<std::unique_ptr<nn::LayerNorm>> layer_norms_;  // of the hidden layers, if asked for
  std::vector<std::unique_ptr<nn::BatchNorm>> batch_norms_;  // the same
  std::unique_ptr<nn::Linear> head_;                         // with jumping knowledge
};

}  // namespace attune::models
