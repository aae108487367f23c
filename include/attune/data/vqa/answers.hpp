#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::data {

/// An answer as the evaluation of VQA compares it: punctuation taken out, lower case, number words
/// to ten as digits, articles left out, apostrophes of contractions put back, blanks single. The
/// rules are those of the official script, its oddities included.
///
///     normalized_vqa_answer("The Two, red dogs!")  // "2 red dogs"
[[nodiscard]] std::string normalized_vqa_answer(std::string_view answer);

/// Accuracy of VQA: with one annotator left out in turn, min(m / 3, 1) of the m others who gave
/// this answer, averaged. With ten annotators and n in agreement that is 0, 0.3, 0.6, 0.9, 1, 1,
/// ... Both sides are normalized. (The official script leaves them alone where all annotators wrote
/// the same.)
///
/// With fewer than four annotators three others cannot agree: all others are then enough,
/// min(m / (annotators - 1), 1), and the answer of a single annotator is right, all else wrong.
/// @throws InvalidArgument  no annotator
[[nodiscard]] double vqa_accuracy(std::string_view answer, std::span<const std::string> annotators);

/// What is kept as an answer to choose from.
struct AnswerVocabularyOptions {
  std::int64_t min_count = 9;    ///< questions whose usual answer it is; MCAN: more than 8
  std::int64_t max_answers = 0;  ///< the most frequent ones; 0: all
};

/// The answers that a model chooses from, normalized, the most frequent first; of equal frequency
/// in the order of their letters. Of VQA-v2's training and validation parts there are 3129.
class AnswerVocabulary {
 public:
  AnswerVocabulary() = default;
  /// @param answers  normalized, distinct
  /// @throws InvalidArgument  no answer, an empty one, or one that comes twice
  explicit AnswerVocabulary(std::vector<std::string> answers);

  /// Of a labelled part.
  /// @throws InvalidArgument  no answers in the part, none that is frequent enough, options below
  ///                          their least
  [[nodiscard]] static AnswerVocabulary build(const VqaPart& part,
                                              const AnswerVocabularyOptions& options = {});

  /// Reads a JSON list of texts, or the two objects of MCAN's `answer_dict.json`.
  /// @throws FileError  anything else
  [[nodiscard]] static AnswerVocabulary load(const std::string& path);
  /// The same from memory. @param path  for messages
  [[nodiscard]] static AnswerVocabulary parse(std::string_view bytes, const std::string& path);
  /// Writes a JSON list of texts, whole or not at all.
  void save(const std::string& path) const;

  /// Answers.
  [[nodiscard]] std::int32_t size() const noexcept {
    return static_cast<std::int32_t>(answers_.size());
  }
  /// Number of an answer, which is normalized first; -1: there is none.
  [[nodiscard]] std::int32_t index(std::string_view answer) const;
  /// @throws InvalidArgument  out of range
  [[nodiscard]] const std::string& name(std::int32_t index) const;
  /// By number.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return answers_; }

 private:
  std::vector<std::string> answers_;
  std::unordered_map<std::string, std::int32_t> indices_;
};

/// An answer that some annotators gave.
struct ScoredAnswer {
  std::int32_t answer = 0;  ///< its number in the vocabulary
  /// What a model should say of it: min(n / 3, 1) where n annotators gave it, and min(n / k, 1)
  /// where there are only k < 3 of them.
  float score = 0;
  float accuracy = 0;  ///< that it earns: vqa_accuracy(). Of ten annotators 0.3, 0.6, 0.9, 1
};

/// The answers to a question, in the order of their numbers; those that the vocabulary lacks are
/// left out. MCAN's code trains on what is called accuracy here.
[[nodiscard]] std::vector<ScoredAnswer> scored_answers(const VqaQuestion& question,
                                                       const AnswerVocabulary& answers);

}  // namespace attune::data
