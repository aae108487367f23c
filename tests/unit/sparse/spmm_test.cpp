#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "support/random_values.hpp"
#include <attune/autograd/gradient_check.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/sparse/spmm.hpp>

namespace attune::sparse {
namespace {

using core::Tensor;
using testing::largest_error;
using testing::random_tensor;
using testing::values_of;

// About a third of the entries stored; row 1 and column 2 empty, some stored values zero.
template <class T>
CsrMatrix random_matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  const core::RandomStream stream(seed, core::Purpose::sampling, 1);
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<T> values;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t c = 0; i != 1 && c < columns; ++c) {
      const auto index = static_cast<std::uint64_t>(i * columns + c);
      if (c != 2 && stream.uniform(index) < 0.35) {
        col_idx.push_back(static_cast<std::int32_t>(c));
        values.push_back(stream.uniform(index) < 0.05 ? T{0}
                                                      : static_cast<T>(stream.normal(index)));
      }
    }
    row_ptr.push_back(static_cast<std::int64_t>(col_idx.size()));
  }
  const auto n = static_cast<std::int64_t>(values.size());
  return CsrMatrix(columns, std::move(row_ptr), std::move(col_idx), Tensor::from(values, {n}));
}

TEMPLATE_TEST_CASE("spmm and its derivative agree with their plain twins", "[sparse]", float,
                   double) {
  const double tolerance = sizeof(TestType) == 4 ? 2e-5 : 1e-13;
  const CsrMatrix x = random_matrix<TestType>(50, 40, 3);
  for (const std::int64_t width : {1, 2, 3, 4, 5, 7, 8, 11, 16, 33, 64, 200}) {
    CAPTURE(width);
    const Variable w(random_tensor<TestType>({40, width}, 1), true);
    const Variable y = spmm(x, w);
    CHECK(largest_error(values_of<TestType>(y.value()),
                        plain::spmm(x, width, w.value().data<TestType>())) < tolerance);
    const Tensor grad = random_tensor<TestType>({50, width}, 2);
    backward(y, grad);
    CHECK(largest_error(values_of<TestType>(w.grad()),
                        plain::spmm_transposed(x, width, grad.data<TestType>())) < tolerance);
  }
}

TEMPLATE_TEST_CASE("spmm of the first rows is that of a matrix which has no others", "[sparse]",
                   float, double) {
  const CsrMatrix x = random_matrix<TestType>(50, 40, 3);
  for (const std::int64_t num_rows : {0, 1, 2, 20, 49, 50}) {
    CAPTURE(num_rows);
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < num_rows; ++i) {
      rows.push_back(i);
    }
    const Variable w(random_tensor<TestType>({40, 9}, 1), true);
    const Variable own(random_tensor<TestType>({40, 9}, 1), true);
    const Variable y = spmm(x, w, num_rows);
    const Variable expected = spmm(select_rows(x, rows), own);
    CHECK(values_of<TestType>(y.value()) == values_of<TestType>(expected.value()));
    const Tensor grad = random_tensor<TestType>({num_rows, 9}, 2);
    backward(y, grad);
    backward(expected, grad);
    CHECK(values_of<TestType>(w.grad()) == values_of<TestType>(own.grad()));
  }
  CHECK_THROWS_AS(spmm(x, Variable(random_tensor<TestType>({40, 9}, 1)), 51), InvalidArgument);
  CHECK_THROWS_AS(spmm(x, Variable(random_tensor<TestType>({40, 9}, 1)), -1), InvalidArgument);
}

TEST_CASE("The derivative of spmm passes the gradient check", "[sparse][gradient]") {
  const CsrMatrix x = random_matrix<double>(7, 5, 3);
  const Variable w(random_tensor<double>({5, 3}, 1), true);
  const Variable weights(random_tensor<double>({7, 3}, 2));
  const auto result = autograd::check_gradients(
      [&] { return ops::sum(ops::mul(spmm(x, w), weights)); }, {{"weight", w}});
  INFO(result.where);
  CHECK(result.passed);
}

TEST_CASE("spmm gives the same bits for any number of threads", "[sparse][threads]") {
  const CsrMatrix x = random_matrix<float>(600, 300, 3);
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 8}) {
    core::with_threads(threads, [&] {
      const Variable w(random_tensor<float>({300, 17}, 1), true);
      const Variable y = spmm(x, w);
      backward(y, random_tensor<float>({600, 17}, 2));
      results.push_back(values_of<float>(y.value()));
      results.push_back(values_of<float>(w.grad()));
    });
  }
  CHECK(results[0] == results[2]);
  CHECK(results[0] == results[4]);
  CHECK(results[1] == results[3]);
  CHECK(results[1] == results[5]);
}

TEST_CASE("Sparse dropout keeps the expectation and the pattern", "[sparse]") {
  const std::int64_t n = 100000;
  std::vector<std::int32_t> col_idx(n);
  for (std::int64_t i = 0; i < n; ++i) {
    col_idx[i] = static_cast<std::int32_t>(i);
  }
  const CsrMatrix x(n, {0, n}, col_idx, Tensor::full({n}, 2));
  const CsrMatrix dropped = dropout(x, 0.6, core::RandomStream(5, core::Purpose::dropout));
  CHECK(dropped.num_nonzeros() == n);
  double kept = 0;
  for (const float v : dropped.values().data<float>()) {
    CHECK_FALSE((v != 0 && std::abs(v - 5) > 1e-3));
    kept += v != 0 ? 1 : 0;
  }
  const double sd = std::sqrt(0.6 * 0.4 / static_cast<double>(n));
  CHECK(std::abs(kept / static_cast<double>(n) - 0.4) < 5 * sd);
  CHECK(values_of<float>(dropout(x, 0, core::RandomStream(5, core::Purpose::dropout)).values()) ==
        values_of<float>(x.values()));
  CHECK_THROWS_AS(dropout(x, 1, core::RandomStream(5, core::Purpose::dropout)), InvalidArgument);
}

TEST_CASE("spmm names a weight that does not fit", "[sparse]") {
  const CsrMatrix x = random_matrix<float>(7, 5, 3);
  CHECK_THROWS_WITH(spmm(x, Variable(Tensor::zeros({4, 3}))),
                    Catch::Contains("[5, C]") && Catch::Contains("[4, 3]"));
  CHECK_THROWS_AS(spmm(x, Variable(Tensor::zeros({5}))), ShapeError);
  CHECK_THROWS_AS(spmm(x, Variable(Tensor::zeros({5, 3}, core::DType::f64))), ShapeError);
}

TEST_CASE("spmm takes empty matrices", "[sparse]") {
  const CsrMatrix none(5, {0}, {}, Tensor::zeros({0}));
  CHECK(spmm(none, Variable(Tensor::zeros({5, 3}))).shape() == core::Shape{0, 3});
  const CsrMatrix empty_rows(5, {0, 0, 0}, {}, Tensor::zeros({0}));
  CHECK(values_of<float>(spmm(empty_rows, Variable(Tensor::full({5, 1}, 1))).value()) ==
        std::vector<float>{0, 0});
}

}  // namespace
}  // namespace attune::sparse
