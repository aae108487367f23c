#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#ifdef ATTUNE_TEST_OPENMP
#include <omp.h>
#endif

#include "support/tensors.hpp"
#include <attune/core/gemm.hpp>

using namespace attune;
using core::GemmShape;
using core::Tensor;

namespace {

struct Entry {
  double value = 0;
  double magnitude = 0;  // sum of |a b|: what rounding errors are proportional to
};

Entry entry(const GemmShape& s, const std::vector<double>& a, const std::vector<double>& b,
            std::int64_t i, std::int64_t j) {
  Entry sum;
  for (std::int64_t l = 0; l < s.k; ++l) {
    const double x = a[static_cast<std::size_t>(s.transpose_a ? l * s.m + i : i * s.k + l)];
    const double y = b[static_cast<std::size_t>(s.transpose_b ? j * s.k + l : l * s.n + j)];
    sum.value += x * y;
    sum.magnitude += std::abs(x * y);
  }
  return sum;
}

template <class T>
void check_against_definition(const GemmShape& s) {
  CAPTURE(s.m, s.n, s.k, s.transpose_a, s.transpose_b, s.accumulate);
  const Tensor a = testing::random_tensor({s.m, s.k}, 1, core::kDTypeOf<T>);
  const Tensor b = testing::random_tensor({s.k, s.n}, 2, core::kDTypeOf<T>);
  Tensor c = testing::random_tensor({s.m, s.n}, 3, core::kDTypeOf<T>);
  const std::vector<double> before = testing::values(c);
  core::gemm<T>(s, a.data<T>(), b.data<T>(), c.mutable_data<T>());
  const std::vector<double> wide_a = testing::values(a);
  const std::vector<double> wide_b = testing::values(b);
  const std::vector<double> after = testing::values(c);
  double worst = 0;
  for (std::int64_t i = 0; i < s.m; ++i) {
    for (std::int64_t j = 0; j < s.n; ++j) {
      const auto at = static_cast<std::size_t>(i * s.n + j);
      const Entry expected = entry(s, wide_a, wide_b, i, j);
      const double start = s.accumulate ? before[at] : 0;
      const double error = std::abs(after[at] - expected.value - start);
      const double unit = expected.magnitude + std::abs(start) + 1e-30;
      worst = std::max(worst, std::isnan(error) ? 1.0 : error / unit);
    }
  }
  // Each of k additions rounds once; in blocks the errors partly cancel.
  CHECK(worst <= std::numeric_limits<T>::epsilon() * static_cast<double>(s.k + 2));
}

std::vector<GemmShape> shapes() {
  return {
      {.m = 1, .n = 1, .k = 1},      {.m = 3, .n = 5, .k = 7},
      {.m = 65, .n = 7, .k = 64},    {.m = 200, .n = 33, .k = 129},
      {.m = 1, .n = 700, .k = 3},    {.m = 17, .n = 1000, .k = 31},   // columns are split
      {.m = 33, .n = 7, .k = 2707},  {.m = 64, .n = 64, .k = 1024},   // the inner size is split
      {.m = 2100, .n = 3, .k = 70},  {.m = 900, .n = 130, .k = 200},  // rows are split
      {.m = 31, .n = 29, .k = 1023},
  };
}

}  // namespace

TEMPLATE_TEST_CASE("gemm: is its definition for odd shapes, transposed or not, added or not",
                   "[core]", float, double) {
  for (GemmShape shape : shapes()) {
    for (int bits = 0; bits < 8; ++bits) {
      shape.transpose_a = (bits & 1) != 0;
      shape.transpose_b = (bits & 2) != 0;
      shape.accumulate = (bits & 4) != 0;
      check_against_definition<TestType>(shape);
    }
  }
}

TEST_CASE("gemm: same bits on 1, 2 and 8 threads", "[core][property]") {
  for (GemmShape shape : shapes()) {
    for (int bits = 0; bits < 4; ++bits) {
      shape.transpose_a = (bits & 1) != 0;
      shape.transpose_b = (bits & 2) != 0;
      CAPTURE(shape.m, shape.n, shape.k, bits);
      const Tensor a = testing::random_tensor({shape.m, shape.k}, 1, core::DType::f32);
      const Tensor b = testing::random_tensor({shape.k, shape.n}, 2, core::DType::f32);
      testing::require_same_bits_on_any_threads([&] {
        Tensor c = Tensor::empty({shape.m, shape.n});
        core::gemm<float>(shape, a.data<float>(), b.data<float>(), c.mutable_data<float>());
        return std::vector<Tensor>{c};
      });
    }
  }
}

TEST_CASE("gemm: sizes of zero", "[core]") {
  std::vector<float> c = {5, 6};
  core::gemm<float>({.m = 1, .n = 2, .k = 0}, {}, {}, c);
  CHECK(c == std::vector<float>{0, 0});
  c = {5, 6};
  core::gemm<float>({.m = 1, .n = 2, .k = 0, .accumulate = true}, {}, {}, c);
  CHECK(c == std::vector<float>{5, 6});
  core::gemm<float>({.m = 0, .n = 2, .k = 3}, {}, std::vector<float>(6, 1.0F), {});
  core::gemm<double>({.m = 2, .n = 0, .k = 3}, std::vector<double>(6, 1.0), {}, {});
}

TEST_CASE("gemm: what C held does not matter unless it is added to", "[core]") {
  const Tensor a = testing::random_tensor({40, 30}, 1, core::DType::f32);
  const Tensor b = testing::random_tensor({30, 20}, 2, core::DType::f32);
  Tensor clean = Tensor::zeros({40, 20});
  Tensor dirty = Tensor::full({40, 20}, std::numeric_limits<double>::quiet_NaN());
  const GemmShape shape{.m = 40, .n = 20, .k = 30};
  core::gemm<float>(shape, a.data<float>(), b.data<float>(), clean.mutable_data<float>());
  core::gemm<float>(shape, a.data<float>(), b.data<float>(), dirty.mutable_data<float>());
  CHECK(testing::same_bits(clean, dirty));
}

#ifdef ATTUNE_TEST_OPENMP
TEST_CASE("gemm: leaves the caller's number of OpenMP threads alone", "[core]") {
  const int before = omp_get_max_threads();
  for (const int threads : {1, 3, 7}) {
    omp_set_num_threads(threads);
    check_against_definition<float>({.m = 300, .n = 40, .k = 50});
    CHECK(omp_get_max_threads() == threads);
  }
  omp_set_num_threads(before);
}
#endif
