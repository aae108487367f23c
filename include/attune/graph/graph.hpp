#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace attune::graph {

/// Compressed rows as a kernel sees them. Row i lists what node i is joined to; num_nodes() counts
/// rows.
struct CsrView {
  std::span<const std::int64_t> row_ptr;  ///< [num_nodes + 1]
  std::span<const std::int32_t> col_idx;  ///< [num_edges], ascending within a row

  /// Rows.
  [[nodiscard]] std::int64_t num_nodes() const noexcept {
    return static_cast<std::int64_t>(row_ptr.size()) - 1;
  }
  /// Entries over all rows.
  [[nodiscard]] std::int64_t num_edges() const noexcept {
    return static_cast<std::int64_t>(col_idx.size());
  }
};

/// A directed graph, immutable, cheap to copy. Messages flow src -> dst, and row i of in_edges()
/// lists the src nodes j that node i attends to. The transpose is kept beside it, with the position
/// of each of its edges in in_edges(), so that backward passes can walk it without atomics.
///
/// Most graphs are square: the same nodes attend and are attended to. A block (Graph::block(),
/// graph::receptive_field()) lists the in-edges of some nodes only: num_dst() nodes attend to
/// num_src() nodes, of which they are the first. Layers take blocks as they take graphs: features
/// of the src nodes go in, those of the dst nodes come out.
class Graph {
 public:
  Graph();  ///< no nodes

  /// Adopts a CSR over in-edges as it is (multi-edges and self-loops included).
  /// @param input_edge  for each CSR edge the number of the edge it came from in the caller's list,
  ///                    or -1 for one that was added (a self-loop); empty: the identity
  /// @throws InvalidArgument  row_ptr does not start at 0, decreases, or ends elsewhere than at the
  ///                          number of edges; a column outside [0, num_nodes); a row not
  ///                          ascending; more than 2^31 - 1 nodes
  Graph(std::vector<std::int64_t> row_ptr, std::vector<std::int32_t> col_idx,
        std::vector<std::int64_t> input_edge = {});

  /// A block: rows for dst nodes, columns for src nodes, dst node i being src node i.
  /// @param src_in_degree  [num_src], in-degrees in the graph that the block was cut from
  /// @throws InvalidArgument  as above, with columns in [0, num_src); fewer src than dst nodes
  [[nodiscard]] static Graph block(std::vector<std::int64_t> row_ptr,
                                   std::vector<std::int32_t> col_idx,
                                   std::vector<std::int64_t> src_in_degree,
                                   std::vector<std::int64_t> input_edge = {});

  /// @throws InvalidArgument  a block, whose dst and src nodes differ in number
  [[nodiscard]] std::int64_t num_nodes() const;
  /// Nodes that attend, rows of in_edges().
  [[nodiscard]] std::int64_t num_dst() const noexcept;
  /// Nodes that are attended to, rows of out_edges(); at least num_dst().
  [[nodiscard]] std::int64_t num_src() const noexcept;
  /// Directed edges, self-loops and multi-edges included.
  [[nodiscard]] std::int64_t num_edges() const noexcept;

  /// Row i: src nodes of the edges into i, [num_dst].
  [[nodiscard]] CsrView in_edges() const noexcept;
  /// Row j: dst nodes of the edges out of j, [num_src].
  [[nodiscard]] CsrView out_edges() const noexcept;
  /// out_to_in()[t] is the position in in_edges() of edge t of out_edges(), [num_edges].
  [[nodiscard]] std::span<const std::int64_t> out_to_in() const noexcept;
  /// For edge e of in_edges() the caller's edge number, -1 where it was added, [num_edges].
  [[nodiscard]] std::span<const std::int64_t> input_edge() const noexcept;

  /// Whether every dst node has an edge to itself, as graph::with_self_loops() makes it. Costs
  /// nothing: the answer is found when the graph is built.
  [[nodiscard]] bool has_all_self_loops() const noexcept;

  /// Of a dst node.
  [[nodiscard]] std::int64_t in_degree(std::int64_t node) const noexcept;
  /// Of a src node.
  [[nodiscard]] std::int64_t out_degree(std::int64_t node) const noexcept;
  /// In-degree of a src node; where this is a block, in the graph that it was cut from.
  [[nodiscard]] std::int64_t src_in_degree(std::int64_t node) const noexcept;

 private:
  friend class DropEdge;  // fills the arrays of one step with those of the next
  struct Arrays;
  Graph(std::vector<std::int64_t> row_ptr, std::vector<std::int32_t> col_idx, std::int64_t num_src,
        std::vector<std::int64_t> src_in_degree, std::vector<std::int64_t> input_edge);

  std::shared_ptr<const Arrays> arrays_;
};

}  // namespace attune::graph
