#include <catch2/catch.hpp>

#include "support/random_values.hpp"
#include <attune/core/error.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::sparse {
namespace {

using core::Tensor;

CsrMatrix example() {
  // 1 0 2
  // 0 0 0
  // 0 3 4
  return CsrMatrix(3, {0, 2, 2, 4}, {0, 2, 1, 2}, Tensor::from<float>({1, 2, 3, 4}, {4}));
}

TEST_CASE("CsrMatrix keeps the pattern of its transpose", "[sparse]") {
  const CsrMatrix m = example();
  CHECK(m.rows() == 3);
  CHECK(m.columns() == 3);
  const auto ptr = m.transpose_row_ptr();
  const auto row = m.transpose_col_idx();
  const auto position = m.transpose_position();
  CHECK(std::vector(ptr.begin(), ptr.end()) == std::vector<std::int64_t>{0, 1, 2, 4});
  CHECK(std::vector(row.begin(), row.end()) == std::vector<std::int32_t>{0, 2, 0, 2});
  CHECK(std::vector(position.begin(), position.end()) == std::vector<std::int64_t>{0, 2, 1, 3});
}

TEST_CASE("normalize_rows divides by row sums and leaves empty rows alone", "[sparse]") {
  const Tensor dense = to_dense(normalize_rows(example()));
  const std::vector<float> expected{1.F / 3, 0, 2.F / 3, 0, 0, 0, 0, 3.F / 7, 4.F / 7};
  CHECK(testing::largest_error(testing::values_of<float>(dense), expected) < 1e-7);
}

TEST_CASE("select_rows takes rows in the order of the list", "[sparse]") {
  const std::vector<std::int64_t> rows{2, 0, 1, 2};
  const CsrMatrix selected = select_rows(example(), rows);
  CHECK(selected.columns() == 3);
  CHECK(testing::values_of<float>(to_dense(selected)) ==
        std::vector<float>{0, 3, 4, 1, 0, 2, 0, 0, 0, 0, 3, 4});
  CHECK(select_rows(example(), {}).rows() == 0);
  CHECK_THROWS_WITH(select_rows(example(), std::vector<std::int64_t>{3}),
                    Catch::Contains("a row must be 0 to 2, got 3"));
  CHECK_THROWS_AS(select_rows(example(), std::vector<std::int64_t>{-1}), InvalidArgument);
}

TEST_CASE("CsrMatrix refuses patterns that contradict themselves", "[sparse]") {
  const auto make = [](std::int64_t columns, std::vector<std::int64_t> row_ptr,
                       std::vector<std::int32_t> col_idx) {
    const auto n = static_cast<std::int64_t>(col_idx.size());
    return CsrMatrix(columns, std::move(row_ptr), std::move(col_idx), Tensor::zeros({n}));
  };
  CHECK_THROWS_AS(make(2, {}, {}), InvalidArgument);
  CHECK_THROWS_AS(make(2, {1, 1}, {0}), InvalidArgument);
  CHECK_THROWS_AS(make(2, {0, 2, 1}, {0}), InvalidArgument);
  CHECK_THROWS_AS(make(2, {0, 1}, {2}), InvalidArgument);
  CHECK_THROWS_AS(make(2, {0, 1}, {-1}), InvalidArgument);
  CHECK_THROWS_AS(make(2, {0, 2}, {1, 0}), InvalidArgument);
  CHECK_THROWS_AS(make(2, {0, 2}, {1, 1}), InvalidArgument);
  CHECK_THROWS_AS(make(-1, {0}, {}), InvalidArgument);
  CHECK_THROWS_AS(CsrMatrix(2, {0, 1}, {0}, Tensor::zeros({2})), ShapeError);
}

TEST_CASE("An empty CsrMatrix is a matrix", "[sparse]") {
  CHECK(CsrMatrix().rows() == 0);
  CHECK(CsrMatrix(4, {0, 0}, {}, Tensor::zeros({0})).transpose_row_ptr().size() == 5);
}

}  // namespace
}  // namespace attune::sparse
