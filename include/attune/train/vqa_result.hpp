#pragma once

#include <map>
#include <string>

#include <attune/train/settings.hpp>
#include <attune/train/validated_trainer.hpp>

namespace attune::train {

/// What `vqa evaluate` found.
struct VqaEvaluationResult {
  std::string command;                    ///< as it was typed
  std::string checkpoint;                 ///< folder of the model
  std::string trained_on;                 ///< name of the data set
  std::string dataset;                    ///< that was measured on
  std::string dataset_sha256;             ///< of its files
  int threads = 1;                        ///< that it was computed on
  Settings config = {};                   ///< how it was measured
  double mmd = 0;                         ///< how far apart queries and keys are
  double mmd_median = 0;                  ///< the same in units of their median distance
  std::map<std::string, Measures> parts;  ///< by part, and by noise
};

/// JSON of it. What is not finite is left out.
/// @throws InvalidArgument  a text that is not UTF-8
[[nodiscard]] std::string to_json(const VqaEvaluationResult& result);

}  // namespace attune::train
