#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/alignment_options.hpp"
#include "cli/arguments.hpp"
#include "cli/step_options.hpp"
#include <attune/models/mcan.hpp>
#include <attune/train/settings.hpp>
#include <attune/train/vqa_evaluation.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::cli {

/// How models are measured: once on clean images, and once for each variance of noise.
struct VqaMeasuring {
  train::VqaEvaluationOptions options{.sampling = {.samples = 20}};
  std::vector<double> noise_variances;
};

/// Sizes of a model; 0 follows `hidden` as the paper's do.
struct McanSizes {
  std::int64_t hidden = 64;
  std::int64_t layers = 2;
  std::int64_t heads = 4;
  std::int64_t intermediate = 0;   ///< 0: four times hidden
  std::int64_t word_channels = 0;  ///< 0: hidden
  double dropout = 0.1;
  double attention_dropout = 0.1;
  double word_deviation = 1;  ///< of embeddings that nothing was learned for before
};

/// Options of `vqa train` and `vqa sweep`.
struct VqaTrainingOptions {
  std::string data;
  McanSizes sizes;
  train::VqaVocabularyOptions vocabulary;
  FitFlags fit{.options = {.epochs = 13,
                           .batch_size = 64,
                           .learning_rate = 1e-3,
                           .weight_decay = 0,
                           .max_gradient_norm = 0}};
  AlignmentFlags align;
  VqaMeasuring measuring;
};

/// All of VqaTrainingOptions.
void add_vqa_training_options(Command command, VqaTrainingOptions& options);

void add_vqa_data_option(Command command, std::string& data);
void add_vqa_measuring_options(Command command, VqaMeasuring& measuring);

/// Sizes of the model for this data.
[[nodiscard]] models::McanOptions mcan_options(const McanSizes& sizes,
                                               const train::VqaProblem& problem);

/// What a checkpoint and a result say about them; without the seed.
[[nodiscard]] train::Settings to_settings(const VqaTrainingOptions& options);
[[nodiscard]] train::Settings to_settings(const VqaMeasuring& measuring);

}  // namespace attune::cli
