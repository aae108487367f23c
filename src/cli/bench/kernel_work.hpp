#pragma once

#include <cstdint>

#include "cli/bench/roofline.hpp"

/// Bytes and operations of the kernels, in float32: what the fused algorithms cannot do without.
/// Intermediate results that a pass may keep in registers or a near cache do not count; random
/// numbers, masks and coefficients that the other pass wants do.
namespace attune::cli::bench {

enum class Pass : std::uint8_t { forward, backward };

enum class Attention : std::uint8_t { gat, gatv2, dot };

struct AttentionSize {
  std::int64_t nodes = 0;
  std::int64_t edges = 0;
  std::int64_t heads = 0;
  std::int64_t channels = 0;  ///< of a head
};

struct SparseSize {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t nonzeros = 0;
};

struct CloudSize {
  std::int64_t positions = 0;  ///< of queries, and of keys
  std::int64_t heads = 0;
  std::int64_t channels = 0;
  std::int64_t hidden = 0;  ///< of the networks of the distances that have any
};

/// Attention over the edges. A row is looked up once an edge for every array that a walk over the
/// edges reads: by GAT and GATv2 one going forward, by dot products two (keys, values); going back
/// over the in-edges the same again, and along the transpose what each needs for its gradients.
[[nodiscard]] Work attention_work(Attention kind, const AttentionSize& size, Pass pass);

/// Softmax of [edges, heads] over the edges of each node, on its own.
[[nodiscard]] Work edge_softmax_work(const AttentionSize& size, Pass pass);

/// The normalised sum over neighbours of rows of heads * channels numbers; both passes alike.
[[nodiscard]] Work gcn_work(const AttentionSize& size);

/// Sparse features times [columns, width], and the derivative of the dense side.
[[nodiscard]] Work spmm_work(const SparseSize& size, std::int64_t width, Pass pass);

/// Dropout of the stored values.
[[nodiscard]] Work sparse_dropout_work(const SparseSize& size);

/// [n, k] times [k, m]; backward both derivatives.
[[nodiscard]] Work product_work(std::int64_t n, std::int64_t k, std::int64_t m, Pass pass);

/// Dropout of `count` numbers; a byte each says what was dropped.
[[nodiscard]] Work dropout_work(std::int64_t count, Pass pass);

/// Bias and ELU of [rows, width].
[[nodiscard]] Work bias_elu_work(std::int64_t rows, std::int64_t width, Pass pass);

/// A step of Adam on `count` numbers.
[[nodiscard]] Work adam_work(std::int64_t count);

// Forward and backward of the distances between all queries and keys.
[[nodiscard]] Work gan_work(const CloudSize& size);
[[nodiscard]] Work ct_work(const CloudSize& size);
[[nodiscard]] Work mmd_work(const CloudSize& size);
/// @param pairs  of updates; the products between queries and keys count once
[[nodiscard]] Work ot_work(const CloudSize& size, std::int64_t pairs);

}  // namespace attune::cli::bench
