#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/statistics.hpp>

namespace attune::train {

using core::text;

namespace {

constexpr std::size_t kMostExactPairs = 50;

// Accuracies are ratios of whole numbers, but the difference of two of them carries rounding:
// 0.833 - 0.832 is not 0.832 - 0.831. What is closer than this part of the values is equal.
constexpr double kRounding = 1e-12;

void require_finite(std::span<const double> values, const char* who) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw InvalidArgument(text(who, ": value ", i, " is not finite"));
    }
  }
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of the sample; 0 for one value.
double deviation_of(std::span<const double> values, double mean) {
  if (values.size() < 2) {
    return 0;
  }
  double sum = 0;
  for (const double value : values) {
    sum += (value - mean) * (value - mean);
  }
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Interval interval_of_mean(double mean, double deviation, std::size_t n) {
  if (n < 2 || deviation == 0) {
    return {.low = mean, .high = mean};
  }
  const boost::math::students_t distribution(static_cast<double>(n - 1));
  const double reach =
      boost::math::quantile(distribution, 0.975) * deviation / std::sqrt(static_cast<double>(n));
  return {.low = mean - reach, .high = mean + reach};
}

// Of a difference whose standard error has so many degrees of freedom.
double p_of_difference(double difference, double error, std::size_t freedom) {
  if (error == 0) {
    return difference == 0 ? 1 : 0;
  }
  const boost::math::students_t distribution(static_cast<double>(freedom));
  return 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(difference) / error));
}

// Differences that are not 0, ranked by size. Ranks are doubled: a mean rank is then an integer.
struct SignedRanks {
  std::vector<std::int64_t> doubled_ranks;
  std::int64_t positive = 0;  // sum of the doubled ranks of positive differences
  double tie_term = 0;        // sum over the groups of equal sizes of t^3 - t
};

SignedRanks rank(std::vector<double> differences, double tolerance) {
  std::erase_if(differences, [&](double d) { return std::abs(d) <= tolerance; });
  std::ranges::sort(differences, {}, [](double d) { return std::abs(d); });
  SignedRanks ranks;
  for (std::size_t first = 0; first < differences.size();) {
    std::size_t last = first;
    while (last + 1 < differences.size() &&
           std::abs(differences[last + 1]) - std::abs(differences[first]) <= tolerance) {
      ++last;
    }
    const auto doubled = static_cast<std::int64_t>(first + last + 2);
    for (std::size_t i = first; i <= last; ++i) {
      ranks.doubled_ranks.push_back(doubled);
      ranks.positive += differences[i] > 0 ? doubled : 0;
    }
    const auto tied = static_cast<double>(last - first + 1);
    ranks.tie_term += tied * tied * tied - tied;
    first = last + 1;
  }
  return ranks;
}

// P(sum <= smaller) + P(sum >= total - smaller) when each rank is positive with probability 1/2.
double exact_p(const SignedRanks& ranks, std::int64_t total) {
  std::vector<double> probability(static_cast<std::size_t>(total + 1));
  probability[0] = 1;
  std::int64_t reached = 0;
  for (const std::int64_t rank : ranks.doubled_ranks) {
    reached += rank;
    for (std::int64_t sum = reached; sum >= 0; --sum) {
      const auto at = static_cast<std::size_t>(sum);
      const double with = sum >= rank ? probability[static_cast<std::size_t>(sum - rank)] : 0;
      probability[at] = (probability[at] + with) / 2;
    }
  }
  const std::int64_t smaller = std::min(ranks.positive, total - ranks.positive);
  const double tail = std::accumulate(probability.begin(), probability.begin() + smaller + 1, 0.0);
  return std::min(1.0, 2 * tail);
}

double normal_p(const SignedRanks& ranks, std::int64_t total) {
  const auto n = static_cast<double>(ranks.doubled_ranks.size());
  const double variance = (n * (n + 1) * (2 * n + 1) - ranks.tie_term / 2) / 24;
  const double z = (static_cast<double>(ranks.positive) - static_cast<double>(total) / 2) / 2 /
                   std::sqrt(variance);
  return 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), std::abs(z)));
}

double p_of_wilcoxon(const std::vector<double>& differences, double tolerance) {
  const SignedRanks ranks = rank(differences, tolerance);
  if (ranks.doubled_ranks.empty()) {
    return 1;
  }
  const std::int64_t total =
      std::accumulate(ranks.doubled_ranks.begin(), ranks.doubled_ranks.end(), std::int64_t{0});
  return ranks.doubled_ranks.size() <= kMostExactPairs ? exact_p(ranks, total)
                                                       : normal_p(ranks, total);
}

}  // namespace

Summary summarize(std::span<const double> values) {
  if (values.empty()) {
    throw InvalidArgument("summarize: expected at least one value, got none");
  }
  require_finite(values, "summarize");
  const double mean = mean_of(values);
  const double deviation = deviation_of(values, mean);
  const auto [min, max] = std::ranges::minmax(values);
  return {.n = static_cast<std::int64_t>(values.size()),
          .mean = mean,
          .std = deviation,
          .median = median_of({values.begin(), values.end()}),
          .min = min,
          .max = max,
          .ci95 = interval_of_mean(mean, deviation, values.size())};
}

PairedTest paired_test(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size() || a.size() < 2) {
    throw InvalidArgument(text("paired_test: expected at least two pairs, got ", a.size(), " and ",
                               b.size(), " values"));
  }
  require_finite(a, "paired_test");
  require_finite(b, "paired_test");
  double largest = 0;
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    differences[i] = a[i] - b[i];
    largest = std::max({largest, std::abs(a[i]), std::abs(b[i])});
  }
  const double mean = mean_of(differences);
  const double deviation = deviation_of(differences, mean);
  return {.n = static_cast<std::int64_t>(a.size()),
          .mean_difference = mean,
          .ci95 = interval_of_mean(mean, deviation, a.size()),
          .p_t = p_of_difference(mean, deviation / std::sqrt(static_cast<double>(a.size())),
                                 a.size() - 1),
          .p_wilcoxon = p_of_wilcoxon(differences, kRounding * largest)};
}

double two_sample_p(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2 || b.size() < 2) {
    throw InvalidArgument(text("two_sample_p: expected at least two values in each sample, got ",
                               a.size(), " and ", b.size()));
  }
  require_finite(a, "two_sample_p");
  require_finite(b, "two_sample_p");
  const auto squares = [](std::span<const double> values, double mean) {
    const double deviation = deviation_of(values, mean);
    return deviation * deviation * static_cast<double>(values.size() - 1);
  };
  const double mean_a = mean_of(a);
  const double mean_b = mean_of(b);
  const std::size_t freedom = a.size() + b.size() - 2;
  const double variance = (squares(a, mean_a) + squares(b, mean_b)) / static_cast<double>(freedom);
  const double error =
      std::sqrt(variance * (1 / static_cast<double>(a.size()) + 1 / static_cast<double>(b.size())));
  return p_of_difference(mean_a - mean_b, error, freedom);
}

}  // namespace attune::train
