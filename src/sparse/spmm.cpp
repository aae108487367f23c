#include <array>
#include <span>
#include <utility>

#include "sparse/kernels.hpp"
#include "sparse/row_parts.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/dropout.hpp>
#include <attune/sparse/spmm.hpp>

namespace attune::sparse {

using autograd::Node;
using core::dispatch;
using core::PoolArray;
using core::Tensor;

namespace {

constexpr auto kNothing = [](std::int64_t, std::int64_t) {};

// The values of rows of the transpose, brought together; zero where they belong to row num_rows of
// the matrix or a later one.
template <std::floating_point T>
PoolArray<T> gather_values(const Rows& rows, const std::int64_t* position, const T* values,
                           std::int64_t num_rows) {
  PoolArray<T> gathered(rows.num_edges());
  T* to = gathered.data();
  for (std::int64_t k = 0; k < rows.num_edges(); ++k) {
    const std::int64_t t = rows.first_edge() + k;
    to[k] = rows.col_idx[t] < num_rows ? values[position[t]] : T{0};
  }
  return gathered;
}

// Rows of a sparse matrix times `dense`. values: of the rows.
template <std::floating_point T>
void multiply_rows(const Rows& rows, const T* values, bool skip_zeros, const T* dense,
                   std::int64_t width, T* out) {
  const Kernels<T>& k = kernels<T>();
  if (!skip_zeros) {
    k.weighted_sums(rows, 1, width, values, dense, out);
    return;
  }
  PoolArray<std::int64_t> kept_ptr(rows.end - rows.begin + 1);
  PoolArray<std::int32_t> kept_columns(rows.num_edges() + kCompactRoom);
  PoolArray<T> kept_values(rows.num_edges() + kCompactRoom);
  k.compact(rows, values, kept_ptr.data(), kept_columns.data(), kept_values.data());
  const Rows kept{kept_ptr.data(), kept_columns.data(), 0, rows.end - rows.begin};
  k.weighted_sums(kept, 1, width, kept_values.data(), dense, out + rows.begin * width);
}

// Leaving zeros out costs about what an eighth of the products does.
bool worth_skipping_zeros(const CsrMatrix& features) {
  return features.num_stored_zeros() > features.num_nonzeros() / 8;
}

Tensor multiply(const CsrMatrix& features, const Tensor& weight, std::int64_t num_rows) {
  const std::int64_t width = weight.size(1);
  Tensor out = Tensor::empty({num_rows, width}, weight.dtype());
  const bool skip_zeros = worth_skipping_zeros(features);
  dispatch(weight.dtype(), [&]<class T>() {
    const graph::CsrView entries{features.row_ptr().first(static_cast<std::size_t>(num_rows) + 1),
                                 features.col_idx()};
    const T* values = features.values().data<T>().data();
    const T* dense = weight.data<T>().data();
    const std::array<RowSums<T>, 1> sums{{{out.mutable_data<T>().data(), width}}};
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      multiply_rows<T>(part.rows, values + part.rows.first_edge(), skip_zeros, dense, width, to[0]);
    };
    sum_rows(entries, entries_a_block(width), sums, sum, kNothing);
  });
  return out;
}

Tensor multiply_transposed(const CsrMatrix& features, const Tensor& grad) {
  const std::int64_t num_rows = grad.size(0);
  const std::int64_t width = grad.size(1);
  Tensor out = Tensor::empty({features.columns(), width}, grad.dtype());
  const bool skip_zeros = num_rows < features.rows() || worth_skipping_zeros(features);
  dispatch(grad.dtype(), [&]<class T>() {
    const graph::CsrView entries{features.transpose_row_ptr(), features.transpose_col_idx()};
    const T* values = features.values().data<T>().data();
    const T* dense = grad.data<T>().data();
    const std::array<RowSums<T>, 1> sums{{{out.mutable_data<T>().data(), width}}};
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      const PoolArray<T> local =
          gather_values<T>(part.rows, features.transpose_position().data(), values, num_rows);
      multiply_rows<T>(part.rows, local.data(), skip_zeros, dense, width, to[0]);
    };
    sum_rows(entries, entries_a_block(width), sums, sum, kNothing);
  });
  return out;
}

}  // namespace

Variable spmm(const CsrMatrix& features, const Variable& weight) {
  return spmm(features, weight, features.rows());
}

Variable spmm(const CsrMatrix& features, const Variable& weight, std::int64_t num_rows) {
  const core::Shape& shape = weight.shape();
  if (shape.rank() != 2 || shape[0] != features.columns()) {
    throw ShapeError(
        core::text("spmm: weight must be [", features.columns(), ", C], got ", shape.to_string()));
  }
  if (num_rows < 0 || num_rows > features.rows()) {
    throw InvalidArgument(
        core::text("spmm: num_rows must be 0 to ", features.rows(), ", got ", num_rows));
  }
  core::require_same_dtype(features.values(), weight.value(), "spmm");
  return autograd::record("spmm", multiply(features, weight.value(), num_rows), {weight},
                          [features](Node& node, const Tensor& grad_output) {
                            node.add_grad(0, multiply_transposed(features, grad_output));
                          });
}

CsrMatrix dropout(const CsrMatrix& features, double p, const core::RandomStream& stream) {
  return features.with_values(ops::dropout(Variable(features.values()), p, stream).value());
}

}  // namespace attune::sparse
