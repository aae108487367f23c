#include <array>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/statistics.hpp>
#include <attune/train/vqa_metrics.hpp>

namespace attune::testing {

using namespace train;  // NOLINT: the room that is tested

TEST_CASE("vqa metrics: the calibration error of two bins is what it is by hand", "[train][vqa]") {
  // Bin (0, 1/2]: accuracies 0.6 and 0, probabilities 0.5 and 0.3: sums 0.6 and 0.8.
  // Bin (1/2, 1]: accuracies 1 and 0.9, probabilities 0.8 and 0.6: sums 1.9 and 1.4.
  const std::vector<VqaAnswer> answers{{0, 0.5, 0.6}, {1, 0.3, 0}, {0, 0.8, 1}, {2, 0.6, 0.9}};
  CHECK(calibration_error(answers, 2) == Approx((0.2 + 0.5) / 4));
  CHECK(calibration_error(answers, 1) == Approx(0.3 / 4));
  const std::vector<VqaAnswer> extremes{{0, 0, 0}, {0, 1, 1}};
  CHECK(calibration_error(extremes, 10) == 0);
  CHECK_THROWS_AS(calibration_error({}, 2), InvalidArgument);
  CHECK_THROWS_AS(calibration_error(answers, 0), InvalidArgument);
  CHECK_THROWS_AS(calibration_error(answers, 1001), InvalidArgument);
}

TEST_CASE("two-sample t-test: p is that of Student's table", "[train][statistics]") {
  // Means 2 and 4, squares 2 and 2, pooled variance 1, standard error sqrt(2 / 3): t = 2.449
  // with 4 degrees of freedom.
  const std::vector<double> a{1, 2, 3};
  const std::vector<double> b{3, 4, 5};
  CHECK(two_sample_p(a, b) == Approx(0.0704840).epsilon(1e-5));
  CHECK(two_sample_p(b, a) == two_sample_p(a, b));
  CHECK(two_sample_p(a, a) == 1);
  const std::vector<double> ones{1, 1};
  const std::vector<double> twos{2, 2};
  CHECK(two_sample_p(ones, twos) == 0);
  CHECK(two_sample_p(ones, ones) == 1);
  CHECK_THROWS_AS(two_sample_p(std::vector<double>{1}, a), InvalidArgument);
  CHECK_THROWS_AS(two_sample_p(std::vector<double>{1, 0.0 / 0.0}, a), InvalidArgument);
}

TEST_CASE("vqa metrics: the two likeliest answers of the samples are compared", "[train][vqa]") {
  // Three samples of four answers: answer 2 has the highest mean, answer 0 the second.
  const std::vector<float> probabilities{0.25F, 0, 0.5F,  0.125F,  //
                                         0.5F,  0, 0.75F, 0.125F,  //
                                         0.75F, 0, 1.0F,  0.125F};
  const SampledAnswer found = sampled_answer(probabilities, 3);
  CHECK(found.answer == 2);
  const std::vector<double> first{0.5, 0.75, 1};
  const std::vector<double> second{0.25, 0.5, 0.75};
  CHECK(found.p_value == two_sample_p(first, second));
  const std::vector<float> alike{0.5F, 0.5F, 0.5F, 0.5F};
  CHECK(sampled_answer(alike, 2).answer == 0);
  CHECK(sampled_answer(alike, 2).p_value == 1);
  CHECK_THROWS_AS(sampled_answer(alike, 1), InvalidArgument);
  CHECK_THROWS_AS(sampled_answer(alike, 4), InvalidArgument);
  CHECK_THROWS_AS(sampled_answer(alike, 3), InvalidArgument);
}

TEST_CASE("vqa metrics: PAvPU of four answers is what it is by hand", "[train][vqa]") {
  CertaintyCounts counts;
  CHECK(counts.pavpu() == 0);
  const std::array<SampledAnswer, 4> answers{{{.p_value = 0.01, .accuracy = 1},    // n_ac += 1
                                              {.p_value = 0.04, .accuracy = 0.3},  // n_ac += 0.3
                                              {.p_value = 0.05, .accuracy = 0.6},  // n_iu += 0.4
                                              {.p_value = 0.8, .accuracy = 0}}};   // n_iu += 1
  for (const SampledAnswer& answer : answers) {
    counts.add(answer, 0.05);
  }
  CHECK(counts.certain == 2);
  CHECK(counts.accurate_certain == Approx(1.3));
  CHECK(counts.inaccurate_uncertain == Approx(1.4));
  CHECK(counts.pavpu() == Approx(2.7 / 4));
}

}  // namespace attune::testing
