#pragma once

#include <cstdint>
#include <span>

namespace attune::train {

/// What a model says to a question, and what that is worth.
struct VqaAnswer {
  std::int64_t answer = 0;  ///< the one with the highest score, the first of equal ones
  double probability = 0;   ///< that it is right: the sigmoid of its logit
  double accuracy = 0;      ///< soft, in [0, 1]
};

/// Expected calibration error: the answers are put into bins ((b-1)/B, b/B] by their probability,
/// and |mean accuracy - mean probability| is averaged over the answers. As evaluate_predictions()
/// has it, with a soft accuracy where that has right and wrong; a model that says the accuracy of
/// each answer has 0.
/// @throws InvalidArgument  no answer, or bins outside [1, 1000]
[[nodiscard]] double calibration_error(std::span<const VqaAnswer> answers, int bins = 15);

/// What a model says to a question whose coefficients are dropped at random, many times over.
struct SampledAnswer {
  std::int64_t answer = 0;  ///< with the highest mean probability, the first of equal ones
  double p_value = 1;   ///< of a t-test of whether it is likelier than the second: certain if low
  double accuracy = 0;  ///< soft, in [0, 1]
};

/// Finds answer and p_value: two_sample_p() of the probabilities of the two answers with the
/// highest means. Fan et al., "Bayesian Attention Modules", NeurIPS 2020, arXiv 2010.10604.
/// @param probabilities  [samples, answers], at least two of each
/// @throws InvalidArgument  fewer, or probabilities that are not of that size
[[nodiscard]] SampledAnswer sampled_answer(std::span<const float> probabilities,
                                           std::int64_t samples);

/// How far certainty tells right from wrong: patch accuracy versus patch uncertainty, Mukhoti &
/// Gal, "Evaluating Bayesian Deep Learning Methods for Semantic Segmentation", 2018, arXiv
/// 1811.12709, of whole questions:
///
///     PAvPU = (n_ac + n_iu) / n
///
/// where n_ac is the sum of the accuracies of the certain answers and n_iu that of 1 - accuracy of
/// the uncertain ones: with answers that are right or wrong, their numbers.
struct CertaintyCounts {
  double accurate_certain = 0;      ///< n_ac
  double inaccurate_uncertain = 0;  ///< n_iu
  std::int64_t certain = 0;         ///< answers with a p_value below the threshold
  std::int64_t total = 0;           ///< answers

  /// Counts one.
  void add(const SampledAnswer& answer, double threshold);
  /// PAvPU; 0 of none.
  [[nodiscard]] double pavpu() const noexcept;
};

}  // namespace attune::train
