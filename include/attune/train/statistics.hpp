#pragma once

#include <cstdint>
#include <span>

namespace attune::train {

/// An interval of confidence.
struct Interval {
  double low = 0;   ///< lower end
  double high = 0;  ///< upper end
};

/// Of n >= 1 numbers; of one number the standard deviation is 0 and the interval is that number.
struct Summary {
  std::int64_t n = 0;  ///< numbers
  double mean = 0;     ///< arithmetic
  double std = 0;      ///< of the sample: divided by n - 1
  double median = 0;   ///< mean of the middle two where n is even
  double min = 0;      ///< smallest
  double max = 0;      ///< largest
  Interval ci95;       ///< of the mean, 95%, by Student's t
};

/// @throws InvalidArgument  no number, or one that is not finite
[[nodiscard]] Summary summarize(std::span<const double> values);

/// Whether two methods that ran on the same seeds differ.
struct PairedTest {
  std::int64_t n = 0;          ///< pairs
  double mean_difference = 0;  ///< of a[i] - b[i]
  Interval ci95;               ///< of mean_difference, 95%, by Student's t
  double p_t = 1;              ///< two-sided; 1 where all differences are 0
  double p_wilcoxon = 1;       ///< two-sided signed-rank test, pairs without a difference left out
};

/// Student's t-test and Wilcoxon's signed-rank test on pairs. Where all differences are equal and
/// not 0, p_t is 0. Equal sizes of differences share their mean rank; up to 50 differing pairs the
/// distribution of the signed ranks is enumerated, beyond that a normal approximation, corrected
/// for ties, is used.
/// @throws InvalidArgument  fewer than two pairs, different numbers of values, or a value that is
///                          not finite
[[nodiscard]] PairedTest paired_test(std::span<const double> a, std::span<const double> b);

/// Student's t-test of whether two independent samples of equal variance have one mean.
/// @return  two-sided p; where no sample has any spread 1 if the means are equal, else 0
/// @throws InvalidArgument  fewer than two values in a sample, or one that is not finite
[[nodiscard]] double two_sample_p(std::span<const double> a, std::span<const double> b);

}  // namespace attune::train
