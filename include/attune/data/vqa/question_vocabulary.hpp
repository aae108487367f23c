#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <attune/data/text/vocabulary.hpp>
#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::data {

/// Words of a question as MCAN takes them: lower case, without periods, commas, colons, semicolons,
/// question and exclamation marks, quotes, apostrophes, parentheses, asterisks and number signs,
/// and split at blanks, hyphens and slashes.
///
///     question_words("What's the man-made thing?")  // whats the man made thing
[[nodiscard]] std::vector<std::string> question_words(std::string_view text);

/// The words of questions and their numbers: 0 padding, 1 unknown, then the words in the order in
/// which the questions first have them.
class QuestionVocabulary {
 public:
  static constexpr std::int32_t kPadding = 0;  ///< `PAD`
  static constexpr std::int32_t kUnknown = 1;  ///< `UNK`

  QuestionVocabulary() = default;

  /// @param min_count  times that a word must come
  /// @throws InvalidArgument  min_count below 1, a part without questions
  [[nodiscard]] static QuestionVocabulary build(const VqaPart& part, std::int64_t min_count = 1);

  /// Reads a vocab.txt, a word a line.
  /// @throws FileError  not such a file, or one that does not begin with PAD and UNK
  [[nodiscard]] static QuestionVocabulary load(const std::string& path);
  /// Writes one, whole or not at all.
  void save(const std::string& path) const;

  /// Words, padding and unknown included.
  [[nodiscard]] std::int32_t size() const noexcept { return words_.size(); }
  /// @throws InvalidArgument  out of range
  [[nodiscard]] const std::string& word(std::int32_t number) const { return words_.token(number); }

  /// Numbers of the first words, without padding; kUnknown alone where the text has none.
  /// @throws InvalidArgument  max_words below 1
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text,
                                                 std::int64_t max_words = 14) const;

 private:
  explicit QuestionVocabulary(Vocabulary words) : words_(std::move(words)) {}

  Vocabulary words_;
};

}  // namespace attune::data
