#include "train/text_attack_text.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "data/text/unicode.hpp"

namespace attune::train {

namespace {

using data::CodePoint;
using data::decode_utf8;

bool is_word_character(char32_t c) {
  return data::is_letter(c) || data::is_number(c) || data::is_nonspacing_mark(c);
}

bool joins(char32_t c) {
  return c == U'\'' || c == U'-' || c == 0x2019;  // right single quotation mark
}

/// Where the word that begins at `at` ends.
std::size_t end_of_word(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const CodePoint c = decode_utf8(text, at);
    const std::size_t next = at + c.length;
    const bool inside =
        joins(c.value) && next < text.size() && is_word_character(decode_utf8(text, next).value);
    if (!is_word_character(c.value) && !inside) {
      return at;
    }
    at = next;
  }
  return at;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool ends_sentence(std::string_view gap) {
  const std::size_t mark = gap.find_first_of(".!?");
  return mark != std::string_view::npos &&
         std::any_of(gap.begin() + static_cast<std::ptrdiff_t>(mark), gap.end(), is_blank);
}

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}

char to_capital(char c) {
  return is_small(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

AttackedText::AttackedText(std::string_view text) {
  std::string gap;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (!is_word_character(c.value)) {
      gap += text.substr(at, c.length);
      at += c.length;
      continue;
    }
    const std::size_t end = end_of_word(text, at);
    const std::size_t sentence =
        words_.empty() ? 0 : words_.back().sentence + (ends_sentence(gap) ? 1 : 0);
    const std::string word(text.substr(at, end - at));
    words_.push_back({.original = word, .current = word, .sentence = sentence});
    gaps_.push_back(std::exchange(gap, {}));
    at = end;
  }
  gaps_.push_back(std::move(gap));
}

void AttackedText::set(std::size_t word, std::string text, double similarity) {
  words_.at(word).current = std::move(text);
  words_.at(word).similarity = similarity;
}

std::int64_t AttackedText::num_changed() const noexcept {
  return std::count_if(words_.begin(), words_.end(),
                       [](const Word& word) { return word.current != word.original; });
}

double AttackedText::mean_similarity() const noexcept {
  return words_.empty() ? 1 : mean_similarity_with(0, words_[0].similarity);
}

double AttackedText::mean_similarity_with(std::size_t word, double similarity) const noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    sum += i == word ? similarity : words_[i].similarity;
  }
  return words_.empty() ? 1 : sum / static_cast<double>(words_.size());
}

void AttackedText::append(std::string& out, std::size_t from, std::size_t to) const {
  for (std::size_t i = from; i < to; ++i) {
    out += gaps_[i];
    out += words_[i].current;
  }
}

std::string AttackedText::before(std::size_t word) const {
  std::string out;
  append(out, 0, word);
  return out + gaps_.at(word);
}

std::string AttackedText::after(std::size_t word) const {
  std::string out;
  append(out, word + 1, words_.size());
  return out + gaps_.back();
}

std::string AttackedText::text() const {
  std::string out;
  append(out, 0, words_.size());
  return out + gaps_.back();
}

std::string AttackedText::with(std::size_t word, std::string_view other) const {
  return before(word) + std::string(other) + after(word);
}

std::string AttackedText::without(std::size_t word) const {
  std::string left = before(word);
  const std::string right = after(word);
  if (!right.empty() && is_blank(right.front()) && (left.empty() || is_blank(left.back()))) {
    return left + right.substr(1);
  }
  if (right.empty() && !left.empty() && is_blank(left.back())) {
    left.pop_back();
  }
  return left + right;
}

std::vector<std::string> AttackedText::sentences() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (all.size() == words_[i].sentence) {
      all.emplace_back();
    } else {
      all.back() += gaps_[i];
    }
    all.back() += words_[i].current;
  }
  return all;
}

std::string AttackedText::marked(bool originals) const {
  std::string out;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const std::string& word = originals ? words_[i].original : words_[i].current;
    out += gaps_[i];
    out += changed(i) ? "[[" + word + "]]" : word;
  }
  return out + gaps_.back();
}

std::string in_case_of(std::string_view like, std::string_view word) {
  std::string out(word);
  if (like.empty() || out.empty() || !is_capital(like.front())) {
    return out;
  }
  const bool all = like.size() > 1 && std::none_of(like.begin(), like.end(), is_small);
  std::transform(out.begin(), all ? out.end() : out.begin() + 1, out.begin(), to_capital);
  return out;
}

}  // namespace attune::train
