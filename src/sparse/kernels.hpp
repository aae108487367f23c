#pragma once

#include <concepts>
#include <cstdint>

namespace attune::sparse {

/// Rows [begin, end) of a CSR.
struct Rows {
  const std::int64_t* row_ptr;
  const std::int32_t* col_idx;
  std::int64_t begin;
  std::int64_t end;

  [[nodiscard]] std::int64_t first_edge() const noexcept { return row_ptr[begin]; }
  [[nodiscard]] std::int64_t num_edges() const noexcept { return row_ptr[end] - row_ptr[begin]; }
  /// Where the column of the last edge is, if there is one.
  [[nodiscard]] const std::int32_t* last_column() const noexcept {
    return num_edges() == 0 ? col_idx : col_idx + row_ptr[end] - 1;
  }
};

/// A product of matrices that lie inside larger ones: numbers from one row, or one inner index, to
/// the next. Columns lie side by side.
struct ProductShape {
  std::int64_t rows;     ///< of a and c
  std::int64_t inner;    ///< of a and b
  std::int64_t columns;  ///< of b and c
  std::int64_t a_row;
  std::int64_t a_inner;
  std::int64_t b_row;
  std::int64_t c_row;
};

/// Entries that Kernels::compact may write beyond those it keeps.
inline constexpr std::int64_t kCompactRoom = 64;

/// The loops over edges, compiled once an instruction set. Each works on a block of rows. Arrays
/// over edges are addressed from the first edge of the block, so that they may be scratch or a part
/// of a [num_edges, heads] array; arrays over nodes are whole. Plain twins: plain_kernels.hpp.
template <std::floating_point T>
struct Kernels {
  /// out[i, h, :] = sum over the edges e of row i of weight[e, h] in[col_idx[e], h, :]; the second
  /// one adds it.
  void (*weighted_sums)(const Rows& rows, std::int64_t heads, std::int64_t channels,
                        const T* weight, const T* in, T* out);

  void (*add_weighted_sums)(const Rows& rows, std::int64_t heads, std::int64_t channels,
                            const T* weight, const T* in, T* out);

  /// dots[e, h] = left[i, h, :] . right[col_idx[e], h, :] for the edges e of row i.
  void (*edge_dots)(const Rows& rows, std::int64_t heads, std::int64_t channels, const T* left,
                    const T* right, T* dots);

  /// dots[i, h] = x[i, h, :] . vector[h, :] for rows [begin, end) of x.
  void (*head_dots)(std::int64_t begin, std::int64_t end, std::int64_t heads, std::int64_t channels,
                    const T* x, const T* vector, T* dots);

  /// head_dots with two vectors at once.
  void (*two_head_dots)(std::int64_t begin, std::int64_t end, std::int64_t heads,
                        std::int64_t channels, const T* x, const T* first, const T* second,
                        T* first_dots, T* second_dots);

  /// x[i, h, :] += a[i, h] vector[h, :] for rows [begin, end) of x.
  void (*add_outer_products)(std::int64_t begin, std::int64_t end, std::int64_t heads,
                             std::int64_t channels, const T* a, const T* vector, T* x);

  /// sum[h, :] += a[i, h] x[i, h, :] over rows [begin, end) of x.
  void (*add_weighted_rows)(std::int64_t begin, std::int64_t end, std::int64_t heads,
                            std::int64_t channels, const T* a, const T* x, T* sum);

  /// logits[e, h] = leaky_relu(dst[i, h] + src[col_idx[e], h] + terms[e, h]), the terms null where
  /// there are none.
  void (*edge_logits)(const Rows& rows, std::int64_t heads, T negative_slope, const T* dst,
                      const T* src, const T* terms, T* logits);

  /// The derivative of edge_logits, in place, and its sums over each row, grad_dst[i, h].
  void (*edge_logits_backward)(const Rows& rows, std::int64_t heads, T negative_slope, const T* dst,
                               const T* src, const T* terms, T* grad, T* grad_dst);

  /// Softmax over the edges of each row, in place.
  void (*row_softmax)(const Rows& rows, std::int64_t heads, T* logits);

  /// From the derivative with respect to the coefficients to the one with respect to the logits, in
  /// place: |alpha| (grad - sum over the row of |alpha| grad).
  void (*row_softmax_backward)(const Rows& rows, std::int64_t heads, const T* alpha, T* grad);

  /// The parts of both for a row in pieces. First halves: logits become their exponentials over
  /// that of the largest one of the row, maxima[i, h], with sums[i, h]; sums[i, h] of |alpha| grad.
  void (*row_exponentials)(const Rows& rows, std::int64_t heads, T* logits, T* maxima, T* sums);
  void (*row_dots)(const Rows& rows, std::int64_t heads, const T* alpha, const T* grad, T* sums);

  /// Second halves, in place: values[e, h] factor[i, h] and |alpha| (grad - sums[i, h]).
  void (*scale_rows)(const Rows& rows, std::int64_t heads, const T* factor, T* values);
  void (*centre_rows)(const Rows& rows, std::int64_t heads, const T* alpha, const T* sums, T* grad);

  /// Dropout of coefficients (ops::DropoutRate): where lanes[i] < threshold, coefficient i gets a
  /// minus sign, which is how it is remembered, and weight 0; another one gets weight alpha *
  /// scale.
  void (*drop)(std::int64_t count, const std::uint16_t* lanes, std::uint32_t threshold, T scale,
               T* alpha, T* weight);

  /// grad * scale where alpha was kept, 0 where it was dropped, in place.
  void (*drop_backward)(std::int64_t count, T scale, const T* alpha, T* grad);

  /// For the edges t of rows of the transpose, whose place in the CSR is position[t], with alpha
  /// and `from` whole: weight[t, h] = alpha[position[t], h] * scale, 0 where it was dropped;
  /// to[t, h] = from[position[t], h]; sums[j, h] = sum over row j of from[position[t], h].
  void (*gather_weights)(const Rows& rows, const std::int64_t* position, std::int64_t heads,
                         T scale, const T* alpha, T* weight);
  void (*gather)(const Rows& rows, const std::int64_t* position, std::int64_t heads, const T* from,
                 T* to);
  void (*gather_sums)(const Rows& rows, const std::int64_t* position, std::int64_t heads,
                      const T* from, T* sums);

  /// logits[e, h] = att[h, :] . leaky_relu(dst[i, h, :] + src[col_idx[e], h, :]).
  void (*additive_logits)(const Rows& rows, std::int64_t heads, std::int64_t channels,
                          T negative_slope, const T* dst, const T* src, const T* att, T* logits);

  /// With s = own[i, h, :] + other[col_idx[e], h, :],
  /// sums[i, h, :] = sum over the edges e of row i of grad[e, h] leaky_relu'(s), and
  /// att_sums[h, :] += sum over all edges of grad[e, h] leaky_relu(s), unless it is null.
  /// `sums` may be `own`.
  void (*slope_sums)(const Rows& rows, std::int64_t heads, std::int64_t channels, T negative_slope,
                     const T* grad, const T* own, const T* other, T* sums, T* att_sums);

  /// x[i, c] *= factor[c] for rows [begin, end) of `width` numbers.
  void (*scale_columns)(std::int64_t begin, std::int64_t end, std::int64_t width, const T* factor,
                        T* x);

  /// c[r, :] += sum over k of a[r, k] b[k, :].
  void (*add_products)(const ProductShape& shape, const T* a, const T* b, T* c);

  /// Leaves out the entries of value 0. values[k] belongs to entry first_edge() + k.
  /// @param kept_ptr      [end - begin + 1], from 0
  /// @param kept_columns  room for num_edges() + kCompactRoom
  /// @param kept_values   the same
  void (*compact)(const Rows& rows, const T* values, std::int64_t* kept_ptr,
                  std::int32_t* kept_columns, T* kept_values);
};

/// The kernels for this processor.
template <std::floating_point T>
[[nodiscard]] const Kernels<T>& kernels() noexcept;

}  // namespace attune::sparse
