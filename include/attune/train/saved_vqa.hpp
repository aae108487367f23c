#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <attune/models/mcan.hpp>
#include <attune/train/settings.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::train {

/// Everything that an Mcan is made from but its seed, and back.
[[nodiscard]] Settings to_settings(const models::McanOptions& options);
/// @throws InvalidArgument  an option is missing, unknown or of another type
[[nodiscard]] models::McanOptions mcan_options(const Settings& settings);

/// What a saved model was trained on, and how.
struct VqaModelDescription {
  std::string dataset;         ///< name of the data set
  std::string dataset_sha256;  ///< of its questions and annotations
  Settings training = {};      ///< options of the run; empty: not kept
};

/// Saves a model in a folder, which is made if it is missing:
///
///     model-HASH.safetensors  parameters, under the names that the model gives them
///     words-HASH.txt          words of questions, one a line
///     answers-HASH.json       answers to choose from
///     vqa_model.json          sizes and the run's options; names the other three with size and
///                             SHA-256
///
/// HASH is the beginning of the file's SHA-256. Killed at any moment, the folder holds one whole
/// model, the old or the new: vqa_model.json is written last, then older files are removed.
/// @throws FileError        the system refuses
/// @throws InvalidArgument  an option is a text that is not UTF-8
void save_vqa(const std::string& folder, const models::Mcan& model, const VqaVocabulary& vocabulary,
              const VqaModelDescription& description);

/// A model for visual questions that was saved.
class SavedVqa {
 public:
  /// @throws FileError  the folder holds none, a file of it is missing or damaged, or the files
  ///                    contradict each other
  explicit SavedVqa(const std::string& folder);

  /// What it was trained on, and how.
  [[nodiscard]] const VqaModelDescription& description() const noexcept { return description_; }
  /// Its words and answers.
  [[nodiscard]] const VqaVocabulary& vocabulary() const noexcept { return vocabulary_; }
  /// With its parameters.
  [[nodiscard]] const models::Mcan& model() const noexcept { return *model_; }

 private:
  VqaModelDescription description_;
  VqaVocabulary vocabulary_;
  std::unique_ptr<models::Mcan> model_;
};

}  // namespace attune::train
