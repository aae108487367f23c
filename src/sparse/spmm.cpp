#include <utility>

#include "sparse/kernels.hpp"
#include "sparse/row_blocks.hpp"
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

// Rows of the sparse matrix (or of its transpose) times `dense`, zeros left out.
// position[e]: where the value of entry e is; null: at e.
template <std::floating_point T>
void multiply_rows(const Rows& rows, const std::int64_t* position, const T* values, const T* dense,
                   std::int64_t width, T* out) {
  const std::int64_t entries = rows.num_edges();
  PoolArray<T> gathered(position != nullptr ? entries : 0);
  const T* local = values + rows.first_edge();
  if (position != nullptr) {
    for (std::int64_t k = 0; k < entries; ++k) {
      gathered.data()[k] = values[position[rows.first_edge() + k]];
    }
    local = gathered.data();
  }
  PoolArray<std::int64_t> kept_ptr(rows.end - rows.begin + 1);
  PoolArray<std::int32_t> kept_columns(entries + 1);
  PoolArray<T> kept_values(entries + 1);
  kernels<T>().compact(rows, local, kept_ptr.data(), kept_columns.data(), kept_values.data());
  const Rows kept{kept_ptr.data(), kept_columns.data(), 0, rows.end - rows.begin};
  kernels<T>().weighted_sums(kept, 1, width, kept_values.data(), dense, out + rows.begin * width);
}

Tensor multiply(const CsrMatrix& features, const Tensor& weight) {
  const std::int64_t width = weight.size(1);
  Tensor out = Tensor::empty({features.rows(), width}, weight.dtype());
  dispatch(weight.dtype(), [&]<class T>() {
    const std::span row_ptr = features.row_ptr();
    const T* values = features.values().data<T>().data();
    const T* dense = weight.data<T>().data();
    T* to = out.mutable_data<T>().data();
    parallel_row_blocks(row_ptr, entries_a_block(width), [&](std::int64_t begin, std::int64_t end) {
      const Rows rows{row_ptr.data(), features.col_idx().data(), begin, end};
      multiply_rows<T>(rows, nullptr, values, dense, width, to);
    });
  });
  return out;
}

Tensor multiply_transposed(const CsrMatrix& features, const Tensor& grad) {
  const std::int64_t width = grad.size(1);
  Tensor out = Tensor::empty({features.columns(), width}, grad.dtype());
  dispatch(grad.dtype(), [&]<class T>() {
    const std::span row_ptr = features.transpose_row_ptr();
    const T* values = features.values().data<T>().data();
    const T* dense = grad.data<T>().data();
    T* to = out.mutable_data<T>().data();
    parallel_row_blocks(row_ptr, entries_a_block(width), [&](std::int64_t begin, std::int64_t end) {
      const Rows rows{row_ptr.data(), features.transpose_col_idx().data(), begin, end};
      multiply_rows<T>(rows, features.transpose_position().data(), values, dense, width, to);
    });
  });
  return out;
}

}  // namespace

Variable spmm(const CsrMatrix& features, const Variable& weight) {
  const core::Shape& shape = weight.shape();
  if (shape.rank() != 2 || shape[0] != features.columns()) {
    throw ShapeError(
        core::text("spmm: weight must be [", features.columns(), ", C], got ", shape.to_string()));
  }
  core::require_same_dtype(features.values(), weight.value(), "spmm");
  return autograd::record("spmm", multiply(features, weight.value()), {weight},
                          [features](Node& node, const Tensor& grad_output) {
                            node.add_grad(0, multiply_transposed(features, grad_output));
                          });
}

CsrMatrix dropout(const CsrMatrix& features, double p, const core::RandomStream& stream) {
  return features.with_values(ops::dropout(Variable(features.values()), p, stream).value());
}

}  // namespace attune::sparse
