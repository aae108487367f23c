#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::train {

/// A text whose words can be exchanged while everything between them stays as it is. A word is a
/// run of letters, accents and digits, with apostrophes and hyphens inside.
class AttackedText {
 public:
  explicit AttackedText(std::string_view text);

  [[nodiscard]] std::size_t num_words() const noexcept { return words_.size(); }
  /// As it stood in the text that was given.
  [[nodiscard]] const std::string& original(std::size_t word) const {
    return words_.at(word).original;
  }
  /// What stands there now: a word, or several.
  [[nodiscard]] const std::string& current(std::size_t word) const {
    return words_.at(word).current;
  }
  [[nodiscard]] bool changed(std::size_t word) const { return current(word) != original(word); }
  /// Of what stands there to the original, 1 where nothing was changed.
  [[nodiscard]] double similarity(std::size_t word) const { return words_.at(word).similarity; }
  /// Sentence that the word is in, from 0: one ends at a mark . ! or ? with a blank behind it.
  [[nodiscard]] std::size_t sentence(std::size_t word) const { return words_.at(word).sentence; }

  void set(std::size_t word, std::string text, double similarity);

  [[nodiscard]] std::int64_t num_changed() const noexcept;
  /// Mean over the words; 1 of a text without one.
  [[nodiscard]] double mean_similarity() const noexcept;
  /// The same, were a word as near as `similarity`.
  [[nodiscard]] double mean_similarity_with(std::size_t word, double similarity) const noexcept;

  /// The whole text as it is now.
  [[nodiscard]] std::string text() const;
  /// With something else in the place of a word.
  [[nodiscard]] std::string with(std::size_t word, std::string_view other) const;
  /// Without a word and one of the blanks beside it.
  [[nodiscard]] std::string without(std::size_t word) const;
  /// Up to a word, and from behind it.
  [[nodiscard]] std::string before(std::size_t word) const;
  [[nodiscard]] std::string after(std::size_t word) const;
  /// The sentences as they are now, in their order.
  [[nodiscard]] std::vector<std::string> sentences() const;
  /// With every changed word in brackets, as it was or as it is.
  [[nodiscard]] std::string marked(bool originals) const;

 private:
  struct Word {
    std::string original;
    std::string current;
    double similarity = 1;
    std::size_t sentence = 0;
  };

  void append(std::string& out, std::size_t from, std::size_t to) const;

  std::vector<Word> words_;
  std::vector<std::string> gaps_;  // before each word, and behind the last
};

/// The word written as `like` is: all capitals, a capital first, or as it comes. ASCII alone.
[[nodiscard]] std::string in_case_of(std::string_view like, std::string_view word);

}  // namespace attune::train
