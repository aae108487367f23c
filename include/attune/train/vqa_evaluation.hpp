#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <attune/autograd/variable.hpp>
#include <attune/core/tensor.hpp>
#include <attune/models/mcan.hpp>
#include <attune/nn/forward_context.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/validated_trainer.hpp>
#include <attune/train/vqa_metrics.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::train {

/// How PAvPU is measured.
struct VqaSamplingOptions {
  std::int64_t samples = 0;  ///< passes with dropped coefficients; 0: PAvPU is not measured
  double dropout = 0.1;      ///< of the coefficients of all attention, and of nothing else
  double threshold = 0.05;   ///< p_value below which an answer is certain
  std::uint64_t seed = 0;    ///< of what is dropped
};

/// How to measure.
struct VqaEvaluationOptions {
  std::int64_t batch_size = 64;  ///< questions at a time; decides which coefficients are dropped
  int ece_bins = 15;             ///< of the expected calibration error
  RegionNoise noise = {};        ///< of the images
  VqaSamplingOptions sampling = {};  ///< of PAvPU
};

/// The loss of some questions: binary cross-entropy of every answer against the accuracy that it
/// would earn, summed over the answers and averaged over the questions. Rank 0.
/// @throws InvalidArgument  no question, or one out of range
[[nodiscard]] Variable vqa_loss(const models::Mcan& model, const VqaProblemPart& part,
                                std::span<const std::int64_t> items, nn::ForwardContext& ctx);

/// What the model says of every answer to every question, without dropout. [questions, answers]
[[nodiscard]] core::Tensor vqa_logits(const models::Mcan& model, const VqaProblemPart& part,
                                      const VqaEvaluationOptions& options = {});

/// The likeliest answer to every question.
/// @param logits  as vqa_logits() gave them
/// @throws Error  a logit is not finite
[[nodiscard]] std::vector<VqaAnswer> vqa_answers(const core::Tensor& logits,
                                                 const VqaProblemPart& part);

/// The same with coefficients dropped, and how certain each answer is.
/// @throws InvalidArgument  fewer than two samples, dropout outside (0, 1)
[[nodiscard]] std::vector<SampledAnswer> sampled_vqa_answers(const models::Mcan& model,
                                                             const VqaProblemPart& part,
                                                             const VqaEvaluationOptions& options);

/// Measures of a labelled part: accuracy (soft, as VQA's own evaluation), nll (the loss), ece, and
/// where there are samples pavpu and certain, the share of certain answers; accuracy and pavpu also
/// by type of answer, as in `accuracy.yes/no`.
/// @throws InvalidArgument  the part is not labelled; options out of range
[[nodiscard]] Measures evaluate_vqa(const models::Mcan& model, const VqaProblemPart& part,
                                    const VqaEvaluationOptions& options = {});

/// How far queries and keys of the first questions of a part are apart: HeadMmd, mean over the
/// questions, summed over layers and heads.
/// @param items  of the part, at most
[[nodiscard]] double vqa_head_mmd(const models::Mcan& model, const VqaProblemPart& part,
                                  const HeadMmdOptions& options = {}, std::int64_t items = 128);

}  // namespace attune::train
