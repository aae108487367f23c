#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/metrics.hpp>

using attune::core::Tensor;
using attune::train::ClassificationMetrics;
using attune::train::confusion_matrix;
using attune::train::ConfusionMatrix;
using attune::train::evaluate_predictions;
using attune::train::loss_and_accuracy;
using attune::train::predict_rows;
using Catch::Matchers::Contains;

namespace {

using Rows = std::vector<std::int64_t>;
using Labels = std::vector<std::int32_t>;

// Logits whose softmax is the given rows of probabilities.
Tensor logits_of(const std::vector<std::vector<double>>& probabilities) {
  std::vector<double> logits;
  for (const std::vector<double>& row : probabilities) {
    for (const double p : row) {
      logits.push_back(std::log(p) + 3);  // a constant added to a row changes nothing
    }
  }
  return Tensor::from(logits, {static_cast<std::int64_t>(probabilities.size()),
                               static_cast<std::int64_t>(probabilities[0].size())});
}

// Predictions 0, 1, 1, 2, 0; row 4 is never listed.
const Tensor kLogits = logits_of(
    {{0.7, 0.2, 0.1}, {0.3, 0.6, 0.1}, {0.25, 0.5, 0.25}, {0.1, 0.1, 0.8}, {0.8, 0.1, 0.1}});
const Labels kLabels = {0, 1, 0, 2, -1};
const Rows kRows = {0, 1, 2, 3};

}  // namespace

TEST_CASE("metrics: four rows worked out by hand", "[train][metrics]") {
  const ClassificationMetrics m = evaluate_predictions(kLogits, kLabels, kRows, {.ece_bins = 10});
  CHECK(m.accuracy == 0.75);
  CHECK(m.micro_f1 == 0.75);
  // Class 0: TP 1, FN 1 -> 2/3. Class 1: TP 1, FP 1 -> 2/3. Class 2: 1.
  CHECK(m.macro_f1 == Approx((2.0 / 3 + 2.0 / 3 + 1) / 3));
  CHECK(m.nll == Approx(-(std::log(0.7) + std::log(0.6) + std::log(0.25) + std::log(0.8)) / 4));
  // 0.09+0.04+0.01, 0.09+0.16+0.01, 0.5625+0.25+0.0625, 0.01+0.01+0.04
  CHECK(m.brier == Approx((0.14 + 0.26 + 0.875 + 0.06) / 4));
  // One row a bin: |1-.7| + |1-.6| + |0-.5| + |1-.8|
  CHECK(m.ece == Approx((0.3 + 0.4 + 0.5 + 0.2) / 4));
}

TEST_CASE("metrics: ROC-AUC counts ordered pairs, ties half", "[train][metrics]") {
  // Margins of class 0: -2, 0, 1; of class 1: 0, 3. Pairs in order: 1 + 3 and a tie.
  const Tensor logits = Tensor::from(std::vector<float>{5, 3, 1, 1, 0, 1, 2, 2, -1, 2}, {5, 2});
  const Labels labels = {0, 0, 0, 1, 1};
  const Rows rows = {0, 1, 2, 3, 4};
  CHECK(evaluate_predictions(logits, labels, rows).roc_auc.value() == Approx(4.5 / 6));
  const Rows perfect = {0, 1, 4};
  CHECK(evaluate_predictions(logits, labels, perfect).roc_auc.value() == 1);
  const Labels swapped = {1, 1, 1, 0, 0};
  CHECK(evaluate_predictions(logits, swapped, rows).roc_auc.value() == Approx(1.5 / 6));
}

TEST_CASE("metrics: there is no ROC-AUC of one class or of three", "[train][metrics]") {
  CHECK_FALSE(evaluate_predictions(kLogits, kLabels, kRows).roc_auc.has_value());
  const Tensor logits = Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2});
  CHECK_FALSE(evaluate_predictions(logits, Labels{1, 1}, Rows{0, 1}).roc_auc.has_value());
}

TEST_CASE("metrics: calibration averages within a bin before it compares", "[train][metrics]") {
  // One bin: 3 of 4 right, mean probability 0.65.
  const auto one = evaluate_predictions(kLogits, kLabels, kRows, {.ece_bins = 1});
  CHECK(one.ece == Approx(0.75 - 0.65));
  // Two bins: (0, 0.5] holds the row of 0.5, which is wrong; (0.5, 1] the others, all right.
  const Tensor exact = Tensor::from(std::vector<double>{0, 0}, {1, 2});  // 0.5 to the bit
  CHECK(evaluate_predictions(exact, Labels{1}, Rows{0}, {.ece_bins = 2}).ece == 0.5);
  const auto two = evaluate_predictions(kLogits, kLabels, Rows{0, 1, 3}, {.ece_bins = 2});
  CHECK(two.ece == Approx(1 - 0.7));
}

TEST_CASE("metrics: early stopping's two numbers are those of the full set", "[train][metrics]") {
  const ClassificationMetrics m = evaluate_predictions(kLogits, kLabels, kRows);
  const auto two = loss_and_accuracy(kLogits, kLabels, kRows);
  CHECK(two.loss == m.nll);
  CHECK(two.accuracy == m.accuracy);
  const Tensor narrow = kLogits.to(attune::core::DType::f32);
  CHECK(loss_and_accuracy(narrow, kLabels, kRows).loss == Approx(m.nll).epsilon(1e-6));
}

TEST_CASE("metrics: huge logits neither overflow nor round to nothing", "[train][metrics]") {
  const Tensor logits = Tensor::from(std::vector<float>{1e4F, -1e4F, 3e38F, -3e38F}, {2, 2});
  const auto right = evaluate_predictions(logits, Labels{0, 0}, Rows{0, 1});
  CHECK(right.nll == 0);
  CHECK(right.ece == 0);
  const auto wrong = loss_and_accuracy(logits, Labels{1, 0}, Rows{0});
  CHECK(wrong.loss == 2e4);
  CHECK(wrong.accuracy == 0);
}

TEST_CASE("metrics: the first of equal logits is the prediction", "[train][metrics]") {
  const Tensor logits = Tensor::from(std::vector<float>{1, 2, 2}, {1, 3});
  CHECK(loss_and_accuracy(logits, Labels{1}, Rows{0}).accuracy == 1);
  CHECK(loss_and_accuracy(logits, Labels{2}, Rows{0}).accuracy == 0);
}

TEST_CASE("metrics: a class neither present nor predicted does not lower macro F1",
          "[train][metrics]") {
  ConfusionMatrix confusion(4);
  confusion.add(0, 0);
  confusion.add(1, 1);
  CHECK(confusion.macro_f1() == 1);
  confusion.add(0, 2);  // class 2: predicted, never right; class 0: TP 1, FN 1
  CHECK(confusion.macro_f1() == Approx((2.0 / 3 + 1 + 0) / 3));
  CHECK(confusion.count(0, 2) == 1);
  CHECK(confusion.total() == 3);
  CHECK_THROWS_AS(confusion.add(4, 0), attune::InvalidArgument);
  CHECK_THROWS_AS(confusion.count(0, -1), attune::InvalidArgument);
  CHECK(confusion_matrix(kLogits, kLabels, kRows).count(0, 1) == 1);
}

TEST_CASE("metrics: predictions carry the class and its probability", "[train][metrics]") {
  const auto predictions = predict_rows(kLogits, Rows{4, 2});
  REQUIRE(predictions.size() == 2);
  CHECK(predictions[0].row == 4);
  CHECK(predictions[0].predicted == 0);
  CHECK(predictions[0].probability == Approx(0.8));
  CHECK(predictions[1].predicted == 1);
  CHECK(predictions[1].probability == Approx(0.5));
}

TEST_CASE("metrics: say what does not fit", "[train][metrics]") {
  CHECK_THROWS_WITH(loss_and_accuracy(kLogits, Labels{0, 1}, kRows),
                    Contains("must be [2, num_classes], got [5, 3]"));
  CHECK_THROWS_WITH(loss_and_accuracy(kLogits, kLabels, Rows{}), Contains("at least one row"));
  CHECK_THROWS_WITH(loss_and_accuracy(kLogits, kLabels, Rows{5}), Contains("[0, 5), got 5"));
  CHECK_THROWS_WITH(loss_and_accuracy(kLogits, kLabels, Rows{4}), Contains("row 4"));
  CHECK_THROWS_WITH(evaluate_predictions(kLogits, kLabels, kRows, {.ece_bins = 0}),
                    Contains("ece_bins"));
  CHECK_THROWS_AS(loss_and_accuracy(Tensor(), kLabels, kRows), attune::ShapeError);
  Tensor bad = kLogits.clone();
  bad.mutable_data<double>()[7] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(loss_and_accuracy(bad, kLabels, kRows), Contains("row 2, class 1"));
  CHECK_THROWS_AS(ConfusionMatrix(0), attune::InvalidArgument);
  CHECK_THROWS_AS(ConfusionMatrix(std::int64_t{1} << 40), attune::InvalidArgument);
}
