#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include "train/objective.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/train/multi_label_metrics.hpp>

using attune::ShapeError;
using attune::core::Tensor;
using attune::train::ClassificationMetrics;
using attune::train::evaluate_multi_label;
using attune::train::LossAndAccuracy;
using attune::train::multi_label_loss_and_f1;
using Catch::Matchers::Contains;

namespace {

using Rows = std::vector<std::int64_t>;

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

// Decided are 1 0 1 and 0 1 0, true are 1 0 0 and 0 1 1; the row between counts nothing.
TEST_CASE("multi-label metrics: two rows of three labels by hand", "[train]") {
  const Tensor logits = Tensor::from<float>({2, -1, 0.5F, 9, 9, 9, -3, 1, -0.25F}, {3, 3});
  const Tensor targets = Tensor::from<float>({1, 0, 0, 0, 0, 0, 0, 1, 1}, {3, 3});
  const Rows rows{0, 2};
  const ClassificationMetrics found = evaluate_multi_label(logits, targets, rows, {.ece_bins = 2});
  CHECK(found.accuracy == Approx(4.0 / 6));
  CHECK(found.micro_f1 == Approx(2 * 2.0 / (2 * 2 + 1 + 1)));
  CHECK(found.macro_f1 == Approx((1 + 1 + 0) / 3.0));
  const double nll = -std::log(sigmoid(2)) - std::log(sigmoid(1)) - std::log(sigmoid(-0.5)) -
                     std::log(sigmoid(3)) - std::log(sigmoid(1)) - std::log(sigmoid(-0.25));
  CHECK(found.nll == Approx(nll / 6));
  double brier = 0;
  for (const double miss : {1 - sigmoid(2), sigmoid(-1), sigmoid(0.5), sigmoid(-3), 1 - sigmoid(1),
                            1 - sigmoid(-0.25)}) {
    brier += miss * miss;
  }
  CHECK(found.brier == Approx(brier / 6));
  // Every decision is surer than a half: one bin, the upper one.
  const double sure =
      sigmoid(2) + sigmoid(1) + sigmoid(0.5) + sigmoid(3) + sigmoid(1) + sigmoid(0.25);
  CHECK(found.ece == Approx(std::abs(4 - sure) / 6));
  CHECK(!found.roc_auc);
  const LossAndAccuracy two = multi_label_loss_and_f1(logits, targets, rows);
  CHECK(two.loss == found.nll);
  CHECK(two.accuracy == found.micro_f1);
}

TEST_CASE("multi-label metrics: a label that is neither there nor predicted is left out",
          "[train]") {
  const Tensor none = Tensor::zeros({2, 2});
  const ClassificationMetrics nothing =
      evaluate_multi_label(Tensor::full({2, 2}, -1), none, Rows{0, 1});
  CHECK(nothing.micro_f1 == 0);
  CHECK(nothing.macro_f1 == 0);
  CHECK(nothing.accuracy == 1);
  const ClassificationMetrics one =
      evaluate_multi_label(Tensor::from<float>({1, -1, 1, -1}, {2, 2}),
                           Tensor::from<float>({1, 0, 1, 0}, {2, 2}), Rows{0, 1});
  CHECK(one.macro_f1 == 1);
}

TEST_CASE("multi-label metrics: large logits stay finite, others are named", "[train]") {
  const Tensor targets = Tensor::from<float>({0, 1}, {1, 2});
  CHECK(evaluate_multi_label(Tensor::from<float>({1e4F, -1e4F}, {1, 2}), targets, Rows{0}).nll ==
        Approx(1e4));
  const Tensor bad = Tensor::from<float>({0, std::numeric_limits<float>::quiet_NaN()}, {1, 2});
  CHECK_THROWS_WITH(evaluate_multi_label(bad, targets, Rows{0}),
                    Contains("logit of row 0, label 1 is not finite"));
  CHECK_THROWS_AS(evaluate_multi_label(Tensor::zeros({1, 3}), targets, Rows{0}), ShapeError);
  CHECK_THROWS_WITH(evaluate_multi_label(Tensor::zeros({1, 2}), targets, Rows{}),
                    Contains("at least one row"));
  CHECK_THROWS_WITH(evaluate_multi_label(Tensor::zeros({1, 2}), targets, Rows{1}),
                    Contains("row must be in [0, 1), got 1"));
  CHECK_THROWS_WITH(evaluate_multi_label(Tensor::zeros({1, 2}), targets, Rows{0}, {.ece_bins = 0}),
                    Contains("ece_bins must be in [1, 1000], got 0"));
}

TEST_CASE("multi-label metrics: the same bits on 1, 2 and 8 threads", "[train][property]") {
  const attune::core::RandomStream random(5, attune::core::Purpose::sampling);
  std::vector<float> logits;
  std::vector<float> targets;
  Rows rows;
  for (std::uint64_t i = 0; i < 1000 * 7; ++i) {
    logits.push_back(static_cast<float>(random.normal(i)));
    targets.push_back(random.uniform(i + 7000) < 0.3 ? 1.0F : 0.0F);
  }
  for (std::int64_t row = 0; row < 1000; ++row) {
    rows.push_back(row);
  }
  const Tensor x = Tensor::from(logits, {1000, 7});
  const Tensor t = Tensor::from(targets, {1000, 7});
  ClassificationMetrics one;
  attune::core::with_threads(1, [&] { one = evaluate_multi_label(x, t, rows); });
  for (const int threads : {2, 8}) {
    attune::core::with_threads(threads, [&] {
      const ClassificationMetrics many = evaluate_multi_label(x, t, rows);
      CHECK(many.nll == one.nll);
      CHECK(many.ece == one.ece);
      CHECK(many.brier == one.brier);
      CHECK(many.micro_f1 == one.micro_f1);
    });
  }
}

TEST_CASE("objective: the mean over rows and labels, and its derivative", "[train][gradient]") {
  const attune::autograd::Variable x = attune::testing::random_leaf({4, 3}, 1);
  const Tensor t = Tensor::from<double>({1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0}, {4, 3});
  for (const Rows& rows : {Rows{0, 1, 2, 3}, Rows{1, 3}}) {
    const attune::train::RowsPass pass{.rows = rows, .targets = t};
    double expected = 0;
    for (const std::int64_t row : rows) {
      for (std::int64_t label = 0; label < 3; ++label) {
        const std::int64_t at = row * 3 + label;
        const double logit = x.value().data<double>()[at];
        expected -= std::log(t.data<double>()[at] == 1 ? sigmoid(logit) : sigmoid(-logit));
      }
    }
    CHECK(attune::train::objective(pass, x, 0).value().item() ==
          Approx(expected / (3.0 * static_cast<double>(rows.size()))));
    attune::testing::require_gradients([&] { return attune::train::objective(pass, x, 0); },
                                       {{"x", x}});
  }
}
