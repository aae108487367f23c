#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/data/vqa/answers.hpp>
#include <attune/data/vqa/question_vocabulary.hpp>
#include <attune/data/vqa/region_features.hpp>
#include <attune/data/vqa/vqa_dataset.hpp>
#include <attune/models/region_batch.hpp>
#include <attune/models/text_batch.hpp>

namespace attune::train {

/// What is added to the features of regions before a model sees them: Gaussian noise of mean 0,
/// drawn once for each image, the same at any size but for its scale.
struct RegionNoise {
  double variance = 0;     ///< at least 0; 0: none
  std::uint64_t seed = 0;  ///< with the image's number decides the draw
};

/// Words of questions and answers to choose from, as a model numbers them.
struct VqaVocabulary {
  data::QuestionVocabulary words;  ///< of questions
  data::AnswerVocabulary answers;  ///< to choose from, at least two
  std::int64_t max_words = 14;     ///< of a question; what is more is cut
};

/// Settings of build_vqa_vocabulary().
struct VqaVocabularyOptions {
  std::int64_t max_words = 14;                 ///< of a question
  std::int64_t min_word_count = 1;             ///< times that a word must come
  data::AnswerVocabularyOptions answers = {};  ///< which are kept
};

/// Of the training part alone.
/// @throws InvalidArgument  options out of range, fewer than two answers that are frequent enough
[[nodiscard]] VqaVocabulary build_vqa_vocabulary(const data::VqaPart& train,
                                                 const VqaVocabularyOptions& options = {});

/// Questions of one part as a model takes them.
class VqaProblemPart {
 public:
  /// @param name     train, validation or test
  /// @param regions  settings of the features of its pictures
  /// @throws InvalidArgument, FileError  no question; as data::RegionFeatures
  VqaProblemPart(std::string name, data::VqaPart part, const VqaVocabulary& vocabulary,
                 const data::RegionOptions& regions = {});

  /// train, validation or test.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Every question has answers.
  [[nodiscard]] bool labelled() const noexcept { return part_.labelled; }
  /// In the order of source().questions.
  [[nodiscard]] std::int64_t num_questions() const noexcept { return std::ssize(words_); }
  /// Of a region.
  [[nodiscard]] std::int64_t region_channels() const noexcept { return regions_.channels(); }
  /// As it was read.
  [[nodiscard]] const data::VqaPart& source() const noexcept { return part_; }

  /// Words of these questions.
  /// @throws InvalidArgument  no question, or one out of range
  [[nodiscard]] models::TextBatch questions(std::span<const std::int64_t> items) const;
  /// Regions of their images, one image a question.
  /// @throws InvalidArgument  as above; a variance that is negative or not finite
  /// @throws FileError        as data::RegionFeatures::read()
  [[nodiscard]] models::RegionBatch images(std::span<const std::int64_t> items,
                                           const RegionNoise& noise = {}) const;
  /// What the model should say of each answer: data::ScoredAnswer::score. [items.size(), answers]
  [[nodiscard]] core::Tensor targets(std::span<const std::int64_t> items) const;
  /// Accuracy that one answer would earn.
  [[nodiscard]] double accuracy(std::int64_t question, std::int64_t answer) const;

 private:
  void require(std::span<const std::int64_t> items) const;

  std::string name_;
  data::VqaPart part_;
  data::RegionFeatures regions_;
  std::int64_t num_answers_;
  std::vector<std::vector<std::int32_t>> words_;  // [num_questions]
  std::vector<std::vector<data::ScoredAnswer>> answers_;
};

/// Questions to train on and to be judged by.
struct VqaProblem {
  std::string name;                         ///< of the data set
  std::string source;                       ///< folder it was read from
  std::string sha256;                       ///< of questions and annotations of all parts
  VqaVocabulary vocabulary;                 ///< of the training part
  VqaProblemPart train;                     ///< labelled
  VqaProblemPart validation;                ///< labelled
  std::optional<VqaProblemPart> test = {};  ///< perhaps labelled

  /// The labelled part that is judged by: test, else validation.
  [[nodiscard]] const VqaProblemPart& judged_by() const noexcept {
    return test && test->labelled() ? *test : validation;
  }
};

/// Makes a data set ready.
/// @throws InvalidArgument, FileError  as build_vqa_vocabulary() and VqaProblemPart
[[nodiscard]] VqaProblem make_vqa_problem(data::VqaDataset dataset,
                                          const VqaVocabularyOptions& vocabulary = {},
                                          const data::RegionOptions& regions = {});

/// SHA-256 of questions and annotations of all parts.
[[nodiscard]] std::string vqa_sha256(const data::VqaDataset& dataset);

}  // namespace attune::train
