#include <algorithm>
#include <limits>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::sparse {

using core::Tensor;
using core::text;

struct CsrMatrix::Pattern {
  std::int64_t columns = 0;
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> transpose_row_ptr{0};
  std::vector<std::int32_t> transpose_col_idx;
  std::vector<std::int64_t> transpose_position;
};

namespace {

void check_pattern(std::int64_t columns, const std::vector<std::int64_t>& row_ptr,
                   const std::vector<std::int32_t>& col_idx) {
  constexpr auto kMost = std::int64_t{std::numeric_limits<std::int32_t>::max()};
  if (columns < 0 || columns > kMost) {
    throw InvalidArgument(text("CsrMatrix: expected 0 to ", kMost, " columns, got ", columns));
  }
  const auto nonzeros = static_cast<std::int64_t>(col_idx.size());
  if (row_ptr.empty() || row_ptr.front() != 0 || row_ptr.back() != nonzeros ||
      static_cast<std::int64_t>(row_ptr.size()) - 1 > kMost) {
    throw InvalidArgument(
        text("CsrMatrix: row_ptr must run from 0 to the number of column indices, ", nonzeros));
  }
  for (std::size_t row = 0; row + 1 < row_ptr.size(); ++row) {
    if (row_ptr[row] > row_ptr[row + 1] || row_ptr[row + 1] > nonzeros) {
      throw InvalidArgument(text("CsrMatrix: row_ptr decreases at row ", row));
    }
    std::int64_t before = -1;
    for (std::int64_t e = row_ptr[row]; e < row_ptr[row + 1]; ++e) {
      if (col_idx[e] <= before || col_idx[e] >= columns) {
        throw InvalidArgument(text("CsrMatrix: row ", row, " must hold strictly ascending columns ",
                                   "in [0, ", columns, "), got ", col_idx[e], " after ", before));
      }
      before = col_idx[e];
    }
  }
}

std::int64_t count_zeros(const Tensor& values) {
  return core::dispatch(values.dtype(), [&]<class T>() {
    constexpr std::size_t kChunk = 1 << 20;
    const std::span<const T> all = values.data<T>();
    std::int64_t zeros = 0;
    for (std::size_t begin = 0; begin < all.size(); begin += kChunk) {
      std::int32_t of_chunk = 0;  // as wide as a float, so that vectors count
      for (const T value : all.subspan(begin, std::min(kChunk, all.size() - begin))) {
        of_chunk += value == 0 ? 1 : 0;
      }
      zeros += of_chunk;
    }
    return zeros;
  });
}

}  // namespace

CsrMatrix::CsrMatrix() : pattern_(std::make_shared<Pattern>()), values_(Tensor::empty({0})) {}

CsrMatrix::CsrMatrix(std::int64_t columns, std::vector<std::int64_t> row_ptr,
                     std::vector<std::int32_t> col_idx, Tensor values)
    : values_(std::move(values)) {
  check_pattern(columns, row_ptr, col_idx);
  const auto nonzeros = static_cast<std::int64_t>(col_idx.size());
  core::require_shape(values_, {nonzeros}, "CsrMatrix", "values");
  auto pattern = std::make_shared<Pattern>();
  pattern->columns = columns;
  // Counting sort by column keeps the rows of each column ascending.
  pattern->transpose_row_ptr.assign(static_cast<std::size_t>(columns) + 1, 0);
  for (const std::int32_t column : col_idx) {
    ++pattern->transpose_row_ptr[static_cast<std::size_t>(column) + 1];
  }
  for (std::int64_t c = 0; c < columns; ++c) {
    pattern->transpose_row_ptr[c + 1] += pattern->transpose_row_ptr[c];
  }
  std::vector<std::int64_t> next(pattern->transpose_row_ptr.begin(),
                                 pattern->transpose_row_ptr.end() - 1);
  pattern->transpose_col_idx.resize(col_idx.size());
  pattern->transpose_position.resize(col_idx.size());
  for (std::size_t row = 0; row + 1 < row_ptr.size(); ++row) {
    for (std::int64_t e = row_ptr[row]; e < row_ptr[row + 1]; ++e) {
      const std::int64_t slot = next[col_idx[e]]++;
      pattern->transpose_col_idx[slot] = static_cast<std::int32_t>(row);
      pattern->transpose_position[slot] = e;
    }
  }
  stored_zeros_ = count_zeros(values_);
  pattern->row_ptr = std::move(row_ptr);
  pattern->col_idx = std::move(col_idx);
  pattern_ = std::move(pattern);
}

std::int64_t CsrMatrix::rows() const noexcept {
  return static_cast<std::int64_t>(pattern_->row_ptr.size()) - 1;
}
std::int64_t CsrMatrix::columns() const noexcept {
  return pattern_->columns;
}
std::int64_t CsrMatrix::num_nonzeros() const noexcept {
  return static_cast<std::int64_t>(pattern_->col_idx.size());
}
std::span<const std::int64_t> CsrMatrix::row_ptr() const noexcept {
  return pattern_->row_ptr;
}
std::span<const std::int32_t> CsrMatrix::col_idx() const noexcept {
  return pattern_->col_idx;
}
std::span<const std::int64_t> CsrMatrix::transpose_row_ptr() const noexcept {
  return pattern_->transpose_row_ptr;
}
std::span<const std::int32_t> CsrMatrix::transpose_col_idx() const noexcept {
  return pattern_->transpose_col_idx;
}
std::span<const std::int64_t> CsrMatrix::transpose_position() const noexcept {
  return pattern_->transpose_position;
}

CsrMatrix CsrMatrix::with_values(Tensor values) const {
  core::require_shape(values, {num_nonzeros()}, "CsrMatrix::with_values", "values");
  CsrMatrix other = *this;
  other.values_ = std::move(values);
  other.stored_zeros_ = count_zeros(other.values_);
  return other;
}

CsrMatrix normalize_rows(const CsrMatrix& matrix) {
  Tensor values = matrix.values().clone();
  core::dispatch(values.dtype(), [&]<class T>() {
    const std::span<T> v = values.mutable_data<T>();
    const std::span row_ptr = matrix.row_ptr();
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
      double sum = 0;
      for (std::int64_t e = row_ptr[row]; e < row_ptr[row + 1]; ++e) {
        sum += static_cast<double>(v[e]);
      }
      for (std::int64_t e = row_ptr[row]; sum != 0 && e < row_ptr[row + 1]; ++e) {
        v[e] = static_cast<T>(static_cast<double>(v[e]) / sum);
      }
    }
  });
  return matrix.with_values(std::move(values));
}

CsrMatrix select_rows(const CsrMatrix& matrix, std::span<const std::int64_t> rows) {
  constexpr std::int64_t kRowGrain = 512;
  const std::span<const std::int64_t> begins = matrix.row_ptr();
  std::vector<std::int64_t> row_ptr{0};
  row_ptr.reserve(rows.size() + 1);
  for (const std::int64_t row : rows) {
    if (row < 0 || row >= matrix.rows()) {
      throw InvalidArgument(
          text("select_rows: a row must be 0 to ", matrix.rows() - 1, ", got ", row));
    }
    row_ptr.push_back(row_ptr.back() + begins[row + 1] - begins[row]);
  }
  std::vector<std::int32_t> col_idx(static_cast<std::size_t>(row_ptr.back()));
  Tensor values = Tensor::empty({row_ptr.back()}, matrix.values().dtype());
  core::dispatch(values.dtype(), [&]<class T>() {
    const std::span<const T> all = matrix.values().data<T>();
    const std::span<const std::int32_t> columns = matrix.col_idx();
    const std::span<T> selected = values.mutable_data<T>();
    core::parallel_for(std::ssize(rows), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t from = begins[rows[i]];
        const std::int64_t size = row_ptr[i + 1] - row_ptr[i];
        std::copy_n(all.begin() + from, size, selected.begin() + row_ptr[i]);
        std::copy_n(columns.begin() + from, size, col_idx.begin() + row_ptr[i]);
      }
    });
  });
  return {matrix.columns(), std::move(row_ptr), std::move(col_idx), std::move(values)};
}

Tensor to_dense(const CsrMatrix& matrix) {
  Tensor dense = Tensor::zeros({matrix.rows(), matrix.columns()}, matrix.values().dtype());
  core::dispatch(dense.dtype(), [&]<class T>() {
    const std::span<T> out = dense.mutable_data<T>();
    const std::span<const T> v = matrix.values().data<T>();
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
      for (std::int64_t e = matrix.row_ptr()[row]; e < matrix.row_ptr()[row + 1]; ++e) {
        out[row * matrix.columns() + matrix.col_idx()[e]] = v[e];
      }
    }
  });
  return dense;
}

}  // namespace attune::sparse
