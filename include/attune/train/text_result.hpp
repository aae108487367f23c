#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <attune/train/result.hpp>
#include <attune/train/settings.hpp>
#include <attune/train/statistics.hpp>
#include <attune/train/step_checkpoint.hpp>
#include <attune/train/text_evaluation.hpp>

namespace attune::train {

/// What `text evaluate` found.
struct TextEvaluationResult {
  std::string command;                        ///< as it was typed
  std::string checkpoint;                     ///< folder of the model
  std::string trained_on;                     ///< task
  std::string dataset;                        ///< task that was measured on
  std::string dataset_sha256;                 ///< of its files
  std::string metric;                         ///< of the task
  int threads = 1;                            ///< that it was computed on
  int ece_bins = 10;                          ///< of the expected calibration errors
  Settings label_map = {};                    ///< label of the task by that of the model
  std::map<std::string, TextMeasures> parts;  ///< by part
};

/// What `text pretrain` found.
struct PretrainingResult {
  std::string command;                 ///< as it was typed
  Settings config;                     ///< all options, defaults included
  std::vector<std::string> texts;      ///< tasks and files
  std::int64_t sequences = 0;          ///< that were trained on
  std::int64_t tokens = 0;             ///< of these
  std::int64_t vocabulary = 0;         ///< tokens there are
  std::int64_t parameters = 0;         ///< of encoder and head
  std::int64_t steps = 0;              ///< that were done
  double seconds = 0;                  ///< of training, validation included
  double ms_per_step = 0;              ///< median over the steps of this process
  int threads = 1;                     ///< that it was computed on
  std::vector<StepRecord> curve = {};  ///< every validation
  std::string weights_sha256 = {};     ///< of model.safetensors
};

/// JSON of it. What is missing or not finite is left out.
/// @throws InvalidArgument  a text that is not UTF-8
[[nodiscard]] std::string to_json(const TextEvaluationResult& result);
/// The same of pretraining.
[[nodiscard]] std::string to_json(const PretrainingResult& result);

}  // namespace attune::train
