#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/random_values.hpp"
#include "support/tensors.hpp"
#include "train/tsne_affinities.hpp"
#include "train/tsne_gradient.hpp"
#include <attune/core/error.hpp>
#include <attune/train/tsne.hpp>

using attune::InvalidArgument;
using attune::ShapeError;
using attune::core::DType;
using attune::core::RandomStream;
using attune::core::Tensor;
using attune::testing::message_of;
using attune::testing::values;
using attune::train::center;
using attune::train::PlanePoints;
using attune::train::tsne;
using attune::train::tsne_affinities;
using attune::train::tsne_divergence;
using attune::train::TsneMap;
using Catch::Matchers::Contains;

namespace {

const RandomStream kRandom(7, attune::core::Purpose::sampling);

// `clusters` clouds of `each` points in five dimensions, ten of their widths apart.
Tensor clouds(std::int64_t clusters, std::int64_t each) {
  std::vector<double> x = attune::testing::random_values<double>(clusters * each * 5, 3);
  for (std::int64_t i = 0; i < clusters * each; ++i) {
    x[static_cast<std::size_t>(i * 5 + i / each)] += 10;
  }
  return Tensor::from(x, {clusters * each, 5});
}

double squared_distance(const std::vector<double>& map, std::int64_t i, std::int64_t j) {
  const double dx = map[2 * i] - map[2 * j];
  const double dy = map[2 * i + 1] - map[2 * j + 1];
  return dx * dx + dy * dy;
}

// Fraction of points whose nearest point in the map is of their own cloud.
double purity(const Tensor& points, std::int64_t each) {
  const std::vector<double> map = values(points);
  const std::int64_t n = points.size(0);
  std::int64_t pure = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t nearest = i == 0 ? 1 : 0;
    for (std::int64_t j = 0; j < n; ++j) {
      if (j != i && squared_distance(map, i, j) < squared_distance(map, i, nearest)) {
        nearest = j;
      }
    }
    pure += nearest / each == i / each ? 1 : 0;
  }
  return static_cast<double>(pure) / static_cast<double>(n);
}

double row_perplexity(const std::vector<double>& p, std::int64_t n, std::int64_t i) {
  double sum = 0;
  double entropy = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    sum += p[i * n + j];
  }
  for (std::int64_t j = 0; j < n; ++j) {
    const double share = p[i * n + j] / sum;
    entropy -= share > 0 ? share * std::log(share) : 0;
  }
  return std::exp(entropy);
}

}  // namespace

TEST_CASE("tsne affinities: equally far points share equally", "[train][tsne]") {
  const Tensor corners = Tensor::from(std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1}, {3, 3});
  const std::vector<double> p = values(tsne_affinities(center(corners), 1.5));
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      CHECK(p[3 * i + j] == Approx(i == j ? 0.0 : 1.0 / 6).margin(1e-7));
    }
  }
}

TEST_CASE("tsne affinities: by hand for three points on a line", "[train][tsne]") {
  // At 0, 1 and 3, perplexity 2 is all others equally; the least, 1, is the nearest alone:
  // 0 -> 1, 1 -> 0, 3 -> 1.
  const auto at = [](double perplexity) {
    const Tensor line = Tensor::from(std::vector<double>{0, 1, 3}, {3, 1});
    return values(tsne_affinities(center(line), perplexity));
  };
  const std::vector<double> all = at(2);
  const std::vector<double> nearest = at(1);
  CHECK(all[1] == Approx(1.0 / 6).epsilon(1e-2));
  CHECK(all[5] == Approx(1.0 / 6).epsilon(1e-2));
  CHECK(nearest[1] == Approx(2.0 / 6).epsilon(1e-4));  // both ways
  CHECK(nearest[5] == Approx(1.0 / 6).epsilon(1e-4));  // one way
  CHECK(nearest[2] == Approx(0.0).margin(1e-5));
}

TEST_CASE("tsne affinities: symmetric, of sum one, of the perplexity asked for", "[train][tsne]") {
  const std::int64_t n = 300;
  const auto points = attune::testing::random_tensor<double>({n, 4}, 5);
  for (const double perplexity : {5.0, 30.0, 150.0}) {
    const std::vector<double> p = values(tsne_affinities(center(points), perplexity));
    double sum = 0;
    double mean_perplexity = 0;
    bool symmetric = true;
    for (std::int64_t i = 0; i < n; ++i) {
      mean_perplexity += row_perplexity(p, n, i) / static_cast<double>(n);
      for (std::int64_t j = 0; j < n; ++j) {
        sum += p[i * n + j];
        symmetric = symmetric && p[i * n + j] == p[j * n + i];
      }
    }
    CHECK(symmetric);
    CHECK(sum == Approx(1.0).epsilon(1e-5));
    // Symmetrised rows hear those that chose them too, which widens them.
    CHECK(mean_perplexity > perplexity);
    CHECK(mean_perplexity < 1.5 * perplexity);
  }
}

TEST_CASE("tsne affinities: neither unit nor place of the points matters", "[train][tsne]") {
  const std::vector<double> x = attune::testing::random_values<double>(40 * 3, 5);
  const std::vector<double> expected =
      values(tsne_affinities(center(Tensor::from(x, {40, 3})), 10));
  for (const double unit : {1e-200, 1e-12, 1e12, 1e300}) {
    std::vector<double> moved = x;
    for (double& e : moved) {
      e = unit * (e + 4);
    }
    const std::vector<double> p = values(tsne_affinities(center(Tensor::from(moved, {40, 3})), 10));
    double worst = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      worst = std::max(worst, std::abs(p[i] - expected[i]));
    }
    CHECK(worst < 1e-8);  // of affinities around 1e-3; the search ends at a tolerance of 1e-5
  }
}

TEST_CASE("tsne: the gradient is that of the divergence", "[train][tsne]") {
  const std::int64_t n = 21;  // two full lanes and a tail
  const auto points = attune::testing::random_tensor<double>({n, 4}, 5);
  const Tensor p = tsne_affinities(center(points), 6);
  PlanePoints map(n);
  const std::vector<float> start = attune::testing::random_values<float>(2 * n, 9);
  std::copy_n(start.begin(), n, map.x.begin());
  std::copy_n(start.begin() + n, n, map.y.begin());
  PlanePoints gradient(n);
  attune::train::tsne_gradient(p, map, 1, gradient);
  const float step = 1.0F / 1024;
  const auto slope = [&](float& coordinate) {
    const float before = coordinate;
    coordinate = before + step;
    const double above = tsne_divergence(p, map);
    coordinate = before - step;
    const double below = tsne_divergence(p, map);
    coordinate = before;
    return (above - below) / (2 * static_cast<double>(step));
  };
  for (std::int64_t i = 0; i < n; ++i) {
    CAPTURE(i);
    CHECK(gradient.x[i] == Approx(slope(map.x[i])).margin(2e-6));
    CHECK(gradient.y[i] == Approx(slope(map.y[i])).margin(2e-6));
  }
}

TEST_CASE("tsne: keeps clouds apart and neighbours together", "[train][tsne]") {
  const TsneMap map = tsne(clouds(4, 60), {.perplexity = 20, .iterations = 500}, kRandom);
  REQUIRE(map.points.shape() == attune::core::Shape({240, 2}));
  CHECK(purity(map.points, 60) == 1.0);
  // scikit-learn 1.2.1 (exact, 500 iterations) ends at 0.385 to 0.397 on these points.
  CHECK(map.kl_divergence < 0.42);
  double sum = 0;
  for (const double x : values(map.points)) {
    sum += x;
  }
  CHECK(std::abs(sum) < 0.1);
}

TEST_CASE("tsne: more steps end lower", "[train][tsne]") {
  const Tensor points = clouds(3, 40);
  const double few = tsne(points, {.perplexity = 20, .iterations = 60}, kRandom).kl_divergence;
  const double many = tsne(points, {.perplexity = 20, .iterations = 600}, kRandom).kl_divergence;
  CHECK(many < few);
}

TEST_CASE("tsne: same bits on 1, 2 and 8 threads", "[train][tsne][threads]") {
  const Tensor points = clouds(3, 50);
  attune::testing::require_same_bits_on_any_threads([&] {
    const TsneMap map = tsne(points, {.perplexity = 15, .iterations = 120}, kRandom);
    return std::vector<Tensor>{map.points, Tensor::full({1}, map.kl_divergence, DType::f64)};
  });
}

TEST_CASE("tsne: another stream is another map", "[train][tsne]") {
  const Tensor points = clouds(2, 20);
  const auto map = [&](std::uint32_t stream) {
    return tsne(points, {.perplexity = 10, .iterations = 50}, kRandom.with_stream(stream)).points;
  };
  CHECK(attune::testing::same_bits(map(1), map(1)));
  CHECK_FALSE(attune::testing::same_bits(map(1), map(2)));
}

TEST_CASE("tsne: equal points, two points and one channel have a map", "[train][tsne]") {
  const auto all_finite = [](const TsneMap& map) {
    for (const double x : values(map.points)) {
      if (!std::isfinite(x)) {
        return false;
      }
    }
    return std::isfinite(map.kl_divergence);
  };
  CHECK(all_finite(tsne(Tensor::zeros({50, 3}), {.perplexity = 5, .iterations = 300}, kRandom)));
  CHECK(all_finite(tsne(Tensor::full({2, 1}, 4), {.perplexity = 1, .iterations = 300}, kRandom)));
  const auto line = attune::testing::random_tensor<float>({30, 1}, 1);
  CHECK(all_finite(tsne(line, {.perplexity = 29, .iterations = 300}, kRandom)));
  // Thirty points in one place and one far away: no bandwidth has perplexity 5.
  std::vector<double> lumps(31, 1.0);
  lumps.back() = 1e30;
  CHECK(all_finite(
      tsne(Tensor::from(lumps, {31, 1}), {.perplexity = 5, .iterations = 300}, kRandom)));
}

TEST_CASE("tsne: refuses what has no map", "[train][tsne]") {
  const auto shape_error = [](const Tensor& points) {
    return message_of<ShapeError>([&] { (void)tsne(points, {.perplexity = 1}, kRandom); });
  };
  CHECK_THAT(shape_error(Tensor()), Contains("tsne: points must be [2 to 10000, at least 1]"));
  CHECK_THAT(shape_error(Tensor::zeros({5})), Contains("got [5]"));
  CHECK_THAT(shape_error(Tensor::zeros({1, 3})), Contains("got [1, 3]"));
  CHECK_THAT(shape_error(Tensor::zeros({10001, 1})), Contains("got [10001, 1]"));
  CHECK_THAT(shape_error(Tensor::zeros({5, 0})), Contains("got [5, 0]"));

  const auto invalid = [](const Tensor& points, const attune::train::TsneOptions& options) {
    return message_of<InvalidArgument>([&] { (void)tsne(points, options, kRandom); });
  };
  const Tensor points = clouds(2, 5);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double perplexity : {0.5, 9.5, nan}) {
    CHECK_THAT(invalid(points, {.perplexity = perplexity}),
               Contains("perplexity must be in [1, 9] for 10 points"));
  }
  CHECK_THAT(invalid(points, {.perplexity = 3, .iterations = 0}), Contains("iterations"));
  for (const double bad : {nan, std::numeric_limits<double>::infinity()}) {
    Tensor broken = points.clone();
    broken.mutable_data<double>()[17] = bad;
    CHECK_THAT(invalid(broken, {.perplexity = 3}), Contains("point 3 is not finite"));
  }
}
