#include <cmath>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/text_metrics.hpp>

namespace attune::train {
namespace {

using Catch::Contains;
using Numbers = std::vector<double>;
using Strings = std::vector<std::string>;

ConfusionMatrix matrix(std::int64_t classes, const std::vector<std::vector<int>>& counts) {
  ConfusionMatrix out(classes);
  for (std::size_t truth = 0; truth < counts.size(); ++truth) {
    for (std::size_t predicted = 0; predicted < counts.size(); ++predicted) {
      for (int i = 0; i < counts[truth][predicted]; ++i) {
        out.add(static_cast<std::int64_t>(truth), static_cast<std::int64_t>(predicted));
      }
    }
  }
  return out;
}

TEST_CASE("matthews: of two classes by its definition", "[train][text]") {
  // TN 5, FP 2, FN 1, TP 4: (4*5 - 2*1) / sqrt(6 * 5 * 7 * 6)
  CHECK(matthews_correlation(matrix(2, {{5, 2}, {1, 4}})) ==
        Approx(18 / std::sqrt(6.0 * 5 * 7 * 6)).epsilon(1e-12));
  CHECK(matthews_correlation(matrix(2, {{3, 0}, {0, 2}})) == Approx(1));
  CHECK(matthews_correlation(matrix(2, {{0, 3}, {2, 0}})) == Approx(-1));
  CHECK(matthews_correlation(matrix(2, {{0, 3}, {0, 2}})) == 0);  // one class predicted
}

TEST_CASE("matthews: of three classes", "[train][text]") {
  // 7 hits of 9, each class present 3 times, predicted 3, 4 and 2 times:
  // (7*9 - 27) / sqrt((81 - 29) (81 - 27)). Then 6 hits, 3 times each: (6*9 - 27) / (81 - 27).
  CHECK(matthews_correlation(matrix(3, {{2, 1, 0}, {0, 3, 0}, {1, 0, 2}})) ==
        Approx((7 * 9 - 27) / std::sqrt(52.0 * 54)).epsilon(1e-12));
  CHECK(matthews_correlation(matrix(3, {{2, 1, 0}, {0, 2, 1}, {1, 0, 2}})) ==
        Approx((6 * 9 - 27) / 54.0).epsilon(1e-12));
}

TEST_CASE("f1 of a class: twice the hits over what is present and predicted", "[train][text]") {
  const ConfusionMatrix counts = matrix(2, {{5, 2}, {1, 4}});
  CHECK(f1_of_class(counts) == Approx(8.0 / 11));
  CHECK(f1_of_class(counts, 0) == Approx(10.0 / 13));
  CHECK(f1_of_class(matrix(2, {{3, 0}, {0, 0}})) == 0);
  CHECK_THROWS_WITH(f1_of_class(counts, 2), Contains("[0, 2), got 2"));
}

TEST_CASE("pearson and spearman: equal scipy's", "[train][text]") {
  // scipy 1.10.1: pearsonr(x, y)[0], spearmanr(x, y)[0]
  const Numbers x = {1.0, 2.0, 2.0, 4.0, 5.5, 0.5};
  const Numbers y = {2.0, 1.0, 3.0, 3.0, 9.0, 1.0};
  CHECK(pearson_correlation(x, y) == Approx(0.8624408461657347).epsilon(1e-12));
  CHECK(spearman_correlation(x, y) == Approx(0.8060599359358183).epsilon(1e-12));
}

TEST_CASE("pearson: of a line is one, of a constant zero", "[train][text]") {
  CHECK(pearson_correlation(Numbers{1, 2, 3}, Numbers{2, 4, 6}) == Approx(1));
  CHECK(spearman_correlation(Numbers{1, 2, 3}, Numbers{9, 4, 1}) == Approx(-1));
  CHECK(pearson_correlation(Numbers{1, 2, 3}, Numbers{7, 7, 7}) == 0);
  CHECK_THROWS_WITH(pearson_correlation(Numbers{1}, Numbers{1}), Contains("at least 2"));
  CHECK_THROWS_WITH(pearson_correlation(Numbers{1, 2}, Numbers{1}), Contains("2 and 1 values"));
  CHECK_THROWS_WITH(spearman_correlation(Numbers{1, NAN}, Numbers{1, 2}), Contains("not finite"));
}

TEST_CASE("answers: exact but for case, punctuation and articles", "[train][text]") {
  const AnswerScore score = score_answer("the Eiffel tower!", Strings{"Eiffel Tower"});
  CHECK(score.exact == 1);
  CHECK(score.f1 == 1);
}

TEST_CASE("answers: words in common, the best right answer counts", "[train][text]") {
  // "in paris" and "paris france": one word in common, 2 * 1 / (2 + 2).
  const AnswerScore score = score_answer("in Paris", Strings{"Lyon", "Paris, France"});
  CHECK(score.exact == 0);
  CHECK(score.f1 == Approx(0.5));
  // A word that comes twice counts twice only where it comes twice in both.
  CHECK(score_answer("to to to", Strings{"to be to"}).f1 == Approx(4.0 / 6));
}

TEST_CASE("answers: to a question without one, nothing is right", "[train][text]") {
  CHECK(score_answer("", Strings{}).exact == 1);
  CHECK(score_answer("the", Strings{}).f1 == 1);
  CHECK(score_answer("Paris", Strings{}).f1 == 0);
  CHECK(score_answer("", Strings{"Paris"}).f1 == 0);
  AnswerScores scores;
  scores.add("Paris", Strings{"Paris"});
  scores.add("x", Strings{});
  CHECK(scores.count() == 2);
  CHECK(scores.mean().exact == 0.5);
  CHECK(AnswerScores().mean().f1 == 0);
}

}  // namespace
}  // namespace attune::train
