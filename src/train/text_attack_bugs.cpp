#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "data/text/unicode.hpp"
#include "data/utf32.hpp"
#include "train/text_attack_edits.hpp"

namespace attune::train {

namespace {

constexpr std::size_t kNearWords = 5;       // of synonyms, as in the paper
constexpr std::size_t kMostLettersCut = 5;  // a blank in a longer word may leave two words

/// Letters and what looks like them.
constexpr std::u32string_view kLikeness = U"a@e3i1l1o0s5";
/// Rows of the keyboard.
constexpr std::u32string_view kKeyboard = U"qwertyuiop asdfghjkl zxcvbnm";

std::optional<char32_t> look_alike(char32_t c) {
  for (std::size_t i = 0; i < kLikeness.size(); i += 2) {
    if (kLikeness[i] == c) {
      return kLikeness[i + 1];
    }
  }
  return std::nullopt;
}

/// The key to the right, at the end of a row the one to the left; nothing of other letters.
std::optional<char32_t> key_beside(char32_t c) {
  const std::size_t at = kKeyboard.find(c);
  if (c == U' ' || at == std::u32string_view::npos) {
    return std::nullopt;
  }
  const bool last = at + 1 == kKeyboard.size() || kKeyboard[at + 1] == U' ';
  return kKeyboard[last ? at - 1 : at + 1];
}

/// Bugs of one word.
class Bugs {
 public:
  Bugs(std::u32string letters, const core::RandomStream& random)
      : letters_(std::move(letters)), random_(random) {}

  std::vector<WordEdit> all() {
    if (letters_.size() >= 2 && letters_.size() <= kMostLettersCut) {
      std::u32string cut = letters_;
      cut.insert(1 + draw(letters_.size() - 1), 1, U' ');
      add(cut);
    }
    if (letters_.size() >= 3) {
      std::u32string shorter = letters_;
      shorter.erase(1 + draw(letters_.size() - 2), 1);
      add(shorter);
    }
    swap();
    if (!replace(look_alike)) {
      (void)replace(key_beside);
    }
    return std::move(edits_);
  }

 private:
  std::size_t draw(std::size_t bound) { return random_.below(drawn_++, bound); }

  /// Two different letters side by side, neither the first nor the last.
  void swap() {
    std::vector<std::size_t> places;
    for (std::size_t i = 1; i + 2 < letters_.size(); ++i) {
      if (letters_[i] != letters_[i + 1]) {
        places.push_back(i);
      }
    }
    if (!places.empty()) {
      std::u32string swapped = letters_;
      const std::size_t at = places[draw(places.size())];
      std::swap(swapped[at], swapped[at + 1]);
      add(swapped);
    }
  }

  /// One letter for which there is another. @return  whether there is one
  template <class Other>
  bool replace(const Other& other) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < letters_.size(); ++i) {
      if (other(data::lower_case(letters_[i]))) {
        places.push_back(i);
      }
    }
    if (places.empty()) {
      return false;
    }
    std::u32string replaced = letters_;
    const std::size_t at = places[draw(places.size())];
    replaced[at] = *other(data::lower_case(letters_[at]));
    add(replaced);
    return true;
  }

  /// Every bug is one edit of the word.
  void add(const std::u32string& word) {
    if (const std::optional<std::string> narrow = data::utf8_from_utf32(word)) {
      edits_.push_back(
          {.text = *narrow, .similarity = 1 - 1 / static_cast<double>(letters_.size())});
    }
  }

  std::u32string letters_;
  core::RandomStream random_;
  std::uint64_t drawn_ = 0;
  std::vector<WordEdit> edits_;
};

}  // namespace

EditSource bug_edits(const data::Synonyms& synonyms, const core::RandomStream& random) {
  return
      [random, near = synonym_edits(synonyms, false)](const AttackedText& text, std::size_t word) {
        std::vector<WordEdit> edits;
        // What is not UTF-8 has no letters to speak of.
        if (std::optional<std::u32string> letters = data::utf32_from_utf8(text.original(word))) {
          edits = Bugs(std::move(*letters), random.at_step(static_cast<std::uint32_t>(word))).all();
        }
        std::vector<WordEdit> words = near(text, word);
        words.resize(std::min(words.size(), kNearWords));
        std::move(words.begin(), words.end(), std::back_inserter(edits));
        return edits;
      };
}

}  // namespace attune::train
