#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/statistics.hpp>

using attune::train::paired_test;
using attune::train::PairedTest;
using attune::train::summarize;
using attune::train::Summary;

namespace {

using Values = std::vector<double>;

}  // namespace

TEST_CASE("summarize: mean, sample deviation, median and interval", "[train][statistics]") {
  const Summary s = summarize(Values{4, 1, 3, 2});
  CHECK(s.n == 4);
  CHECK(s.mean == 2.5);
  CHECK(s.std == Approx(1.2909944487358056));  // sqrt(5 / 3)
  CHECK(s.median == 2.5);
  CHECK(s.min == 1);
  CHECK(s.max == 4);
  // 2.5 -+ t(0.975; 3) sqrt(5/3) / 2, with the tabulated t = 3.182446
  CHECK(s.ci95.low == Approx(2.5 - 3.182446 * 0.6454972).epsilon(1e-6));
  CHECK(s.ci95.high == Approx(2.5 + 3.182446 * 0.6454972).epsilon(1e-6));
  CHECK(summarize(Values{5, 1, 3}).median == 3);
}

TEST_CASE("summarize: one value has no spread", "[train][statistics]") {
  const Summary s = summarize(Values{0.83});
  CHECK(s.mean == 0.83);
  CHECK(s.std == 0);
  CHECK(s.ci95.low == 0.83);
  CHECK(s.ci95.high == 0.83);
  CHECK_THROWS_AS(summarize(Values{}), attune::InvalidArgument);
  CHECK_THROWS_AS(summarize(Values{0, std::numeric_limits<double>::quiet_NaN()}),
                  attune::InvalidArgument);
}

TEST_CASE("paired_test: Student's t on pairs", "[train][statistics]") {
  // Differences 1, 2, 3: mean 2, deviation 1, t = 2 sqrt 3 with 2 degrees of freedom, for which
  // P(|T| > t) = 1 - t / sqrt(2 + t^2).
  const PairedTest test = paired_test(Values{2, 4, 6}, Values{1, 2, 3});
  CHECK(test.n == 3);
  CHECK(test.mean_difference == 2);
  CHECK(test.p_t == Approx(1 - 3.4641016151377544 / 3.7416573867739413));
  CHECK(test.ci95.low == Approx(2 - 4.302653 / 1.7320508).epsilon(1e-6));
  CHECK(test.ci95.high == Approx(2 + 4.302653 / 1.7320508).epsilon(1e-6));
}

TEST_CASE("paired_test: signed ranks of few pairs are enumerated", "[train][statistics]") {
  // Three positive differences: 2 of the 8 signs are as extreme.
  CHECK(paired_test(Values{2, 4, 6}, Values{1, 2, 3}).p_wilcoxon == 0.25);
  // Differences 1, 2, -3, 4, 5: the negative ranks sum to 3. Subsets of {1..5} with a sum of at
  // most 3: {}, {1}, {2}, {3}, {1,2}, so p = 2 * 5 / 32.
  CHECK(paired_test(Values{1, 2, 0, 4, 5}, Values{0, 0, 3, 0, 0}).p_wilcoxon == 10.0 / 32);
  // Sizes 1, 1, 2 share the ranks 1.5, 1.5, 3; the negative one is 1.5. Sums of at most 1.5: {},
  // {1.5}, {1.5}, so p = 2 * 3 / 8. A pair without a difference changes nothing.
  CHECK(paired_test(Values{1, 0, 2}, Values{0, 1, 0}).p_wilcoxon == 0.75);
  CHECK(paired_test(Values{1, 0, 2, 7}, Values{0, 1, 0, 7}).p_wilcoxon == 0.75);
}

TEST_CASE("paired_test: accuracies that differ by the same number of nodes tie",
          "[train][statistics]") {
  REQUIRE(0.899 - 0.898 != 0.813 - 0.812);
  // Three of the same size, one of them negative: 4 of 8 signs have at most one positive.
  const PairedTest test = paired_test(Values{0.899, 0.813, 0.797}, Values{0.898, 0.812, 0.798});
  CHECK(test.p_wilcoxon == 1.0);
  const PairedTest all = paired_test(Values{0.899, 0.813, 0.798}, Values{0.898, 0.812, 0.797});
  CHECK(all.p_wilcoxon == 0.25);
}

TEST_CASE("paired_test: many pairs by the normal approximation", "[train][statistics]") {
  // Sizes 1 to 60, every third negative: W+ = 1830 - (3 + 6 + ... + 60) = 1200,
  // z = (1200 - 915) / sqrt(60 * 61 * 121 / 24) = 285 / 135.8399, two-sided
  Values a;
  for (int i = 1; i <= 60; ++i) {
    a.push_back(i % 3 == 0 ? -i : i);
  }
  const PairedTest test = paired_test(a, Values(60, 0.0));
  CHECK(test.p_wilcoxon == Approx(0.03590012321587814));
}

TEST_CASE("paired_test: no difference at all, and a constant one", "[train][statistics]") {
  const PairedTest same = paired_test(Values{1, 2, 3}, Values{1, 2, 3});
  CHECK(same.p_t == 1);
  CHECK(same.p_wilcoxon == 1);
  CHECK(same.mean_difference == 0);
  CHECK(paired_test(Values{2, 3, 4}, Values{1, 2, 3}).p_t == 0);
}

TEST_CASE("paired_test: rejects what is no pairs", "[train][statistics]") {
  CHECK_THROWS_AS(paired_test(Values{1, 2}, Values{1}), attune::InvalidArgument);
  CHECK_THROWS_AS(paired_test(Values{1}, Values{2}), attune::InvalidArgument);
  CHECK_THROWS_AS(paired_test(Values{1, std::numeric_limits<double>::infinity()}, Values{1, 2}),
                  attune::InvalidArgument);
}
