#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <attune/graph/graph.hpp>
#include <attune/sparse/csr_matrix.hpp>

/// The same results as the kernels, written as the formulas read: one loop an index, every
/// intermediate in full. For tests and for readers.
namespace attune::sparse::plain {

/// Softmax of [num_edges, heads] over the edges into each node.
template <class T>
std::vector<T> edge_softmax(const graph::Graph& graph, std::int64_t heads,
                            const std::vector<T>& logits) {
  const graph::CsrView in = graph.in_edges();
  std::vector<T> alpha(logits.size());
  for (std::int64_t i = 0; i < graph.num_dst(); ++i) {
    for (std::int64_t h = 0; h < heads; ++h) {
      T most = -std::numeric_limits<T>::infinity();
      T sum = 0;
      for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
        most = std::max(most, logits[e * heads + h]);
      }
      for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
        sum += std::exp(logits[e * heads + h] - most);
      }
      for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
        alpha[e * heads + h] = std::exp(logits[e * heads + h] - most) / sum;
      }
    }
  }
  return alpha;
}

/// Attention coefficients of a GAT layer, [num_edges, heads]; z is [num_src, heads, channels],
/// terms are [num_edges, heads] or none.
template <class T>
std::vector<T> gat_coefficients(const graph::Graph& graph, std::int64_t heads,
                                std::int64_t channels, const std::vector<T>& z,
                                const std::vector<T>& att_dst, const std::vector<T>& att_src,
                                T negative_slope, const std::vector<T>& terms = {}) {
  const graph::CsrView in = graph.in_edges();
  std::vector<T> logits(static_cast<std::size_t>(graph.num_edges() * heads));
  for (std::int64_t i = 0; i < graph.num_dst(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      for (std::int64_t h = 0; h < heads; ++h) {
        T x = terms.empty() ? T{0} : terms[e * heads + h];
        for (std::int64_t c = 0; c < channels; ++c) {
          x += att_dst[h * channels + c] * z[(i * heads + h) * channels + c];
          x += att_src[h * channels + c] * z[(in.col_idx[e] * heads + h) * channels + c];
        }
        logits[e * heads + h] = x > 0 ? x : negative_slope * x;
      }
    }
  }
  return edge_softmax(graph, heads, logits);
}

/// Coefficients of dot-product attention; queries are [num_dst, heads, channels], keys [num_src,
/// heads, channels], what edges add to keys is [num_edges, heads, channels] or nothing.
template <class T>
std::vector<T> dot_coefficients(const graph::Graph& graph, std::int64_t heads,
                                std::int64_t channels, const std::vector<T>& queries,
                                const std::vector<T>& keys, const std::vector<T>& edges = {}) {
  const graph::CsrView in = graph.in_edges();
  std::vector<T> logits(static_cast<std::size_t>(graph.num_edges() * heads));
  for (std::int64_t i = 0; i < graph.num_dst(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      for (std::int64_t h = 0; h < heads; ++h) {
        T x = 0;
        for (std::int64_t c = 0; c < channels; ++c) {
          const T edge = edges.empty() ? T{0} : edges[(e * heads + h) * channels + c];
          x += queries[(i * heads + h) * channels + c] *
               (keys[(in.col_idx[e] * heads + h) * channels + c] + edge);
        }
        logits[e * heads + h] = x / std::sqrt(static_cast<T>(channels));
      }
    }
  }
  return edge_softmax(graph, heads, logits);
}

/// Coefficients of GATv2; dst is [num_dst, heads, channels], src [num_src, heads, channels], what
/// edges add to their sum is [num_edges, heads, channels] or nothing.
template <class T>
std::vector<T> gatv2_coefficients(const graph::Graph& graph, std::int64_t heads,
                                  std::int64_t channels, const std::vector<T>& dst,
                                  const std::vector<T>& src, const std::vector<T>& att,
                                  T negative_slope, const std::vector<T>& edges = {}) {
  const graph::CsrView in = graph.in_edges();
  std::vector<T> logits(static_cast<std::size_t>(graph.num_edges() * heads));
  for (std::int64_t i = 0; i < graph.num_dst(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      for (std::int64_t h = 0; h < heads; ++h) {
        T logit = 0;
        for (std::int64_t c = 0; c < channels; ++c) {
          const T edge = edges.empty() ? T{0} : edges[(e * heads + h) * channels + c];
          const T x = dst[(i * heads + h) * channels + c] +
                      src[(in.col_idx[e] * heads + h) * channels + c] + edge;
          logit += att[h * channels + c] * (x > 0 ? x : negative_slope * x);
        }
        logits[e * heads + h] = logit;
      }
    }
  }
  return edge_softmax(graph, heads, logits);
}

/// out[i, h, :] = sum over the edges into i of weight[e, h] (z[j, h, :] + edges[e, h, :]).
template <class T>
std::vector<T> aggregate(const graph::Graph& graph, std::int64_t heads, std::int64_t channels,
                         const std::vector<T>& weight, const std::vector<T>& z,
                         const std::vector<T>& edges = {}) {
  const graph::CsrView in = graph.in_edges();
  std::vector<T> out(static_cast<std::size_t>(graph.num_dst() * heads * channels));
  for (std::int64_t i = 0; i < graph.num_dst(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      for (std::int64_t h = 0; h < heads; ++h) {
        for (std::int64_t c = 0; c < channels; ++c) {
          const T edge = edges.empty() ? T{0} : edges[(e * heads + h) * channels + c];
          out[(i * heads + h) * channels + c] +=
              weight[e * heads + h] * (z[(in.col_idx[e] * heads + h) * channels + c] + edge);
        }
      }
    }
  }
  return out;
}

/// [rows, width]: the sparse matrix times dense [columns, width].
template <class T>
std::vector<T> spmm(const CsrMatrix& matrix, std::int64_t width, std::span<const T> dense) {
  const std::span<const T> values = matrix.values().data<T>();
  std::vector<T> out(static_cast<std::size_t>(matrix.rows() * width));
  for (std::int64_t i = 0; i < matrix.rows(); ++i) {
    for (std::int64_t e = matrix.row_ptr()[i]; e < matrix.row_ptr()[i + 1]; ++e) {
      for (std::int64_t c = 0; c < width; ++c) {
        out[i * width + c] += values[e] * dense[matrix.col_idx()[e] * width + c];
      }
    }
  }
  return out;
}

/// [columns, width]: the transposed sparse matrix times dense [rows, width].
template <class T>
std::vector<T> spmm_transposed(const CsrMatrix& matrix, std::int64_t width,
                               std::span<const T> dense) {
  const std::span<const T> values = matrix.values().data<T>();
  std::vector<T> out(static_cast<std::size_t>(matrix.columns() * width));
  for (std::int64_t i = 0; i < matrix.rows(); ++i) {
    for (std::int64_t e = matrix.row_ptr()[i]; e < matrix.row_ptr()[i + 1]; ++e) {
      for (std::int64_t c = 0; c < width; ++c) {
        out[matrix.col_idx()[e] * width + c] += values[e] * dense[i * width + c];
      }
    }
  }
  return out;
}

}  // namespace attune::sparse::plain
