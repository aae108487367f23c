#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool.hpp>
#include <attune/ops/attention.hpp>
#include <attune/ops/dropout.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;
using Starts = std::vector<std::int64_t>;

namespace {

struct Sizes {
  Starts queries;
  Starts keys;
  std::int64_t heads;
  std::int64_t channels;
};

struct Inputs {
  Variable q;
  Variable k;
  Variable v;

  explicit Inputs(const Sizes& s, DType dtype = DType::f64)
      : q(random_leaf({s.queries.back(), s.heads, s.channels}, 1, dtype)),
        k(random_leaf({s.keys.back(), s.heads, s.channels}, 2, dtype)),
        v(random_leaf({s.keys.back(), s.heads, s.channels}, 3, dtype)) {}

  [[nodiscard]] Variable attend(const Sizes& s, const ops::AttentionOptions& options = {}) const {
    return ops::attention(q, k, v, s.queries, s.keys, options);
  }
};

struct Dense {
  std::vector<double> y;
  std::vector<double> alpha;  // [pairs, heads]
};

// The definition, pair by pair; `kept` multiplies coefficient (pair, head).
Dense dense_attention(const Inputs& in, const Sizes& s, const std::vector<double>& kept = {}) {
  const std::vector<double> q = values(in.q.value());
  const std::vector<double> k = values(in.k.value());
  const std::vector<double> v = values(in.v.value());
  const std::int64_t c = s.channels;
  Dense out{std::vector<double>(q.size()), {}};
  for (std::size_t sample = 0; sample + 1 < s.queries.size(); ++sample) {
    const std::int64_t first = s.keys[sample];
    const std::int64_t m = s.keys[sample + 1] - first;
    for (std::int64_t i = s.queries[sample]; i < s.queries[sample + 1]; ++i) {
      const std::size_t pair = out.alpha.size();
      out.alpha.resize(pair + static_cast<std::size_t>(m * s.heads));
      for (std::int64_t h = 0; h < s.heads; ++h) {
        std::vector<double> e(static_cast<std::size_t>(m));
        double sum = 0;
        for (std::int64_t j = 0; j < m; ++j) {
          double dot = 0;
          for (std::int64_t x = 0; x < c; ++x) {
            dot += q[(i * s.heads + h) * c + x] * k[((first + j) * s.heads + h) * c + x];
          }
          e[j] = std::exp(dot / std::sqrt(static_cast<double>(c)));
          sum += e[j];
        }
        for (std::int64_t j = 0; j < m; ++j) {
          const std::size_t at = pair + static_cast<std::size_t>(j * s.heads + h);
          out.alpha[at] = e[j] / sum;
          const double factor = kept.empty() ? 1 : kept[at];
          for (std::int64_t x = 0; x < c; ++x) {
            out.y[(i * s.heads + h) * c + x] +=
                factor * out.alpha[at] * v[((first + j) * s.heads + h) * c + x];
          }
        }
      }
    }
  }
  return out;
}

double worst(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
  }
  return most;
}

// One token; ragged; an empty sample; queries or keys alone; across the tiles of 48 and 256.
const std::vector<Sizes>& all_sizes() {
  static const std::vector<Sizes> sizes = {
      {{0, 1}, {0, 1}, 1, 1},
      {{0, 3, 3, 8}, {0, 3, 3, 8}, 2, 5},
      {{0, 4, 4, 9}, {0, 0, 6, 7}, 3, 4},
      {{0, 50, 97}, {0, 17, 50}, 1, 20},
      {{0, 100}, {0, 100}, 2, 64},
      {{0, 7, 60}, {0, 300, 813}, 1, 3},
  };
  return sizes;
}

}  // namespace

TEST_CASE("attention: two tokens worked out by hand", "[ops]") {
  // logits 0 and ln 3: coefficients 1/4 and 3/4
  const Variable q(Tensor::from<float>({1}, {1, 1, 1}));
  const Variable k(Tensor::from<float>({0, std::log(3.0F)}, {2, 1, 1}));
  const Variable v(Tensor::from<float>({4, 8}, {2, 1, 1}));
  Tensor alpha;
  const Starts one = {0, 1};
  const Starts two = {0, 2};
  const Variable y = ops::attention(q, k, v, one, two, {.alpha = &alpha});
  CHECK(values(y.value())[0] == Approx(7));
  CHECK(values(alpha)[0] == Approx(0.25));
  CHECK(values(alpha)[1] == Approx(0.75));
}

TEST_CASE("attention: agrees with the definition", "[ops]") {
  for (const Sizes& sizes : all_sizes()) {
    const Inputs in(sizes);
    const Dense expected = dense_attention(in, sizes);
    Tensor alpha;
    const Variable y = in.attend(sizes, {.alpha = &alpha});
    CHECK(y.shape() == in.q.shape());
    CHECK(worst(values(y.value()), expected.y) < 1e-12);
    CHECK(worst(values(alpha), expected.alpha) < 1e-12);
    const Inputs narrow(sizes, DType::f32);
    CHECK(worst(values(narrow.attend(sizes).value()), dense_attention(narrow, sizes).y) < 2e-6);
  }
}

TEST_CASE("attention: derivatives agree with central differences", "[ops][gradient]") {
  for (const Sizes& sizes :
       {Sizes{{0, 3, 3, 8}, {0, 3, 3, 8}, 2, 5}, Sizes{{0, 4, 4, 9}, {0, 0, 6, 7}, 3, 4},
        Sizes{{0, 50}, {0, 2}, 1, 1}, Sizes{{0, 1}, {0, 260}, 1, 1}}) {
    const Inputs in(sizes);
    testing::require_gradients([&] { return testing::weighted_sum(in.attend(sizes)); },
                               {{"q", in.q}, {"k", in.k}, {"v", in.v}});
  }
}

TEST_CASE("attention: derivatives with dropout agree with central differences", "[ops][gradient]") {
  const Sizes sizes{{0, 3, 4, 9}, {0, 3, 10, 15}, 2, 3};
  const core::RandomStream stream(5, core::Purpose::dropout, 1, 4);
  const Inputs in(sizes);
  testing::require_gradients(
      [&] { return testing::weighted_sum(in.attend(sizes, {.dropout = 0.4, .stream = &stream})); },
      {{"q", in.q}, {"k", in.k}, {"v", in.v}});
}

TEST_CASE("attention: dropout drops coefficients at its rate and scales up the others", "[ops]") {
  // One-hot values show each coefficient: y[i, h, j] = kept_ij alpha_ij.
  constexpr std::int64_t n = 48;
  const Sizes sizes{{0, n}, {0, n}, 2, n};
  const Inputs in(sizes);
  std::vector<double> eye(n * 2 * n);
  for (std::int64_t j = 0; j < n; ++j) {
    eye[(j * 2) * n + j] = eye[(j * 2 + 1) * n + j] = 1;
  }
  const Variable v(Tensor::from(eye, {n, 2, n}));
  const core::RandomStream stream(5, core::Purpose::dropout, 1, 4);
  Tensor alpha;
  const std::vector<double> y =
      values(ops::attention(in.q, in.k, v, sizes.queries, sizes.keys,
                            {.dropout = 0.25, .stream = &stream, .alpha = &alpha})
                 .value());
  const std::vector<double> a = values(alpha);
  std::int64_t dropped = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t h = 0; h < 2; ++h) {
      for (std::int64_t j = 0; j < n; ++j) {
        const double seen = y[(i * 2 + h) * n + j];
        if (seen == 0) {
          ++dropped;
        } else {
          REQUIRE(seen == Approx(a[(i * n + j) * 2 + h] / 0.75));
        }
      }
    }
  }
  const double rate = static_cast<double>(dropped) / (2 * n * n);
  CHECK(std::abs(rate - 0.25) < 4 * std::sqrt(0.25 * 0.75 / (2 * n * n)));
}

TEST_CASE("attention: samples do not hear one another", "[ops][property]") {
  const Sizes both{{0, 60, 75}, {0, 60, 75}, 2, 8};
  const Sizes first{{0, 60}, {0, 60}, 2, 8};
  const Inputs in(both, DType::f32);
  const auto head = [](const Variable& x) {
    const std::span<const float> all = x.value().data<float>();
    return Variable(Tensor::from(all.first(60 * 16), {60, 2, 8}));
  };
  const std::vector<double> together = values(in.attend(both).value());
  const std::vector<double> alone =
      values(ops::attention(head(in.q), head(in.k), head(in.v), first.queries, first.keys).value());
  CHECK(std::vector<double>(together.begin(), together.begin() + 60 * 16) == alone);
}

TEST_CASE("attention: a constant added to all logits of a query changes little", "[ops]") {
  // A channel that is constant over the keys shifts every logit of a query by the same number.
  const Starts starts = {0, 40};
  std::vector<float> keys(40 * 8);
  const std::vector<double> drawn = values(testing::random_tensor({40, 1, 8}, 2));
  std::copy(drawn.begin(), drawn.end(), keys.begin());
  const Variable q = random_leaf({40, 1, 8}, 1, DType::f32);
  const Variable v = random_leaf({40, 1, 8}, 3, DType::f32);
  const Variable plain(Tensor::from(keys, {40, 1, 8}));
  for (std::size_t j = 0; j < 40; ++j) {
    keys[j * 8 + 3] += 1000;
  }
  const Variable shifted(Tensor::from(keys, {40, 1, 8}));
  const Variable a = ops::attention(q, plain, v, starts, starts);
  const Variable b = ops::attention(q, shifted, v, starts, starts);
  CHECK(testing::max_difference(a.value(), b.value()) < 1e-3);
}

TEST_CASE("attention: logits of 1e4 and more stay finite", "[ops]") {
  const Starts starts = {0, 300};
  Variable q(Tensor::full({300, 1, 16}, 100), true);
  Variable k = random_leaf({300, 1, 16}, 2, DType::f32);
  for (float& x : k.mutable_value().mutable_data<float>()) {
    x *= 1e4F;
  }
  const Variable v = random_leaf({300, 1, 16}, 3, DType::f32);
  const Variable y = ops::attention(q, k, v, starts, starts);
  backward(testing::weighted_sum(y));
  for (const Tensor& t : {y.value(), q.grad(), k.grad(), v.grad()}) {
    for (const double x : values(t)) {
      REQUIRE(std::isfinite(x));
    }
  }
}

TEST_CASE("attention: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Sizes sizes{{0, 60, 75, 175, 176}, {0, 60, 75, 175, 176}, 4, 24};
  const core::RandomStream stream(5, core::Purpose::dropout, 1, 4);
  testing::require_same_bits_on_any_threads([&] {
    const Inputs in(sizes, DType::f32);
    const Variable y = in.attend(sizes, {.dropout = 0.1, .stream = &stream});
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), in.q.grad(), in.k.grad(), in.v.grad()};
  });
}

TEST_CASE("attention: memory does not grow with the square of the length", "[ops][property]") {
  constexpr std::int64_t n = 4096;
  const Sizes sizes{{0, n}, {0, n}, 1, 16};
  const Inputs in(sizes, DType::f32);
  core::reset_pool_peak();
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  backward(testing::weighted_sum(in.attend(sizes)));
  const std::int64_t peak = core::pool_statistics().peak_bytes_in_use - before;
  // Twenty tensors of the size of the input hold all packed copies and gradients; the coefficients
  // alone would be 256.
  CHECK(peak < 30 * n * 16 * 4);
}

TEST_CASE("attention: says what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({4, 2, 3}));
  const Starts four = {0, 4};
  const Starts two = {0, 1, 4};
  const Starts falling = {0, 3, 2, 4};
  CHECK(message_of<ShapeError>([&] {
          (void)ops::attention(x, Variable(Tensor::zeros({4, 2, 2})), x, four, four);
        }) == "ops::attention: keys must be [4, 2, 3], got [4, 2, 2]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::attention(x, x, Variable(Tensor::zeros({5, 2, 3})), four, four);
        }) == "ops::attention: values must be [4, 2, 3], got [5, 2, 3]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::attention(Variable(Tensor::zeros({4, 6})), x, x, four, four);
        }) == "ops::attention: queries must be [num_queries, heads, channels], got [4, 6]");
  CHECK(message_of<InvalidArgument>([&] { (void)ops::attention(x, x, x, falling, four); }) ==
        "ops::attention: query_segments must ascend from 0 to 4");
  CHECK(message_of<InvalidArgument>([&] { (void)ops::attention(x, x, x, four, two); }) ==
        "ops::attention: expected keys of 1 samples, got 2");
  CHECK(message_of<InvalidArgument>([&] { (void)ops::attention(x, x, x, {}, four); }) ==
        "ops::attention: query_segments must ascend from 0 to 4");
}

TEST_CASE("attention: what is dropped depends on the place alone, not on the tiles", "[ops]") {
  // A text of 300 keys is cut into tiles of keys, one of 250 is not: each coefficient is dropped
  // where the lane of its place says so.
  const std::int64_t n = GENERATE(7, 250, 300);
  const Starts starts = {0, n};
  const core::RandomStream stream(5, core::Purpose::dropout, 1, 4);
  const Variable q(Tensor::zeros({n, 1, 1}, DType::f64));  // equal coefficients
  Variable v(Tensor::zeros({n, 1, 1}, DType::f64));
  const std::int64_t key = n - 2;
  v.mutable_value().mutable_data<double>()[key] = 1;  // shows one column of them
  const std::vector<double> y =
      values(ops::attention(q, q, v, starts, starts, {.dropout = 0.5, .stream = &stream}).value());
  std::vector<std::uint16_t> lanes(static_cast<std::size_t>(n * ((n + 7) / 8 * 8)));
  stream.lanes(0, lanes);
  for (std::int64_t i = 0; i < n; ++i) {
    const bool kept = lanes[i * ((n + 7) / 8 * 8) + key] >= 32768;
    REQUIRE(y[i] == Approx(kept ? 2.0 / static_cast<double>(n) : 0).margin(1e-12));
  }
}
