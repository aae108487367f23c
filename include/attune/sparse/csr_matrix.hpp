#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <attune/core/tensor.hpp>

namespace attune::sparse {

/// Sparse matrix [rows, columns] in compressed rows, with the pattern of its transpose kept beside
/// it. Copies share everything. Bag-of-words node features live in it.
class CsrMatrix {
 public:
  CsrMatrix();  ///< 0 x 0

  /// @param values  [num_nonzeros]
  /// @throws InvalidArgument  row_ptr does not start at 0, decreases, or ends elsewhere than at the
  ///                          number of columns given; a column index outside [0, columns); a row
  ///                          not strictly ascending
  /// @throws ShapeError       values are not one a column index
  CsrMatrix(std::int64_t columns, std::vector<std::int64_t> row_ptr,
            std::vector<std::int32_t> col_idx, core::Tensor values);

  /// Nodes, where it holds features.
  [[nodiscard]] std::int64_t rows() const noexcept;
  /// Features a node.
  [[nodiscard]] std::int64_t columns() const noexcept;
  /// Stored entries, num_stored_zeros() included.
  [[nodiscard]] std::int64_t num_nonzeros() const noexcept;
  /// Row i owns the entries [row_ptr[i], row_ptr[i + 1]); [rows + 1].
  [[nodiscard]] std::span<const std::int64_t> row_ptr() const noexcept;
  /// Columns of the entries, strictly ascending in a row, [num_nonzeros].
  [[nodiscard]] std::span<const std::int32_t> col_idx() const noexcept;
  /// Of the entries, [num_nonzeros].
  [[nodiscard]] const core::Tensor& values() const noexcept { return values_; }
  /// Stored values that are zero, as dropout leaves them.
  [[nodiscard]] std::int64_t num_stored_zeros() const noexcept { return stored_zeros_; }

  /// Row pointers of the transpose, [columns + 1].
  [[nodiscard]] std::span<const std::int64_t> transpose_row_ptr() const noexcept;
  /// The rows that it lists, ascending in a row of its own, [num_nonzeros].
  [[nodiscard]] std::span<const std::int32_t> transpose_col_idx() const noexcept;
  /// Where in values() each of its entries is, [num_nonzeros].
  [[nodiscard]] std::span<const std::int64_t> transpose_position() const noexcept;

  /// The same pattern with other values.
  /// @throws ShapeError  values are not [num_nonzeros]
  [[nodiscard]] CsrMatrix with_values(core::Tensor values) const;

 private:
  struct Pattern;
  std::shared_ptr<const Pattern> pattern_;
  core::Tensor values_;
  std::int64_t stored_zeros_ = 0;
};

/// Every row divided by its sum; rows whose sum is zero stay as they are.
[[nodiscard]] CsrMatrix normalize_rows(const CsrMatrix& matrix);

/// Rows of a matrix in the order of the list; one may come several times.
/// @throws InvalidArgument  a row outside [0, matrix.rows())
[[nodiscard]] CsrMatrix select_rows(const CsrMatrix& matrix, std::span<const std::int64_t> rows);

/// [rows, columns], for small matrices and tests.
[[nodiscard]] core::Tensor to_dense(const CsrMatrix& matrix);

}  // namespace attune::sparse
