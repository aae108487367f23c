#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "data/text/unicode.hpp"
#include "data/vqa/words.hpp"
#include <attune/data/vqa/answers.hpp>

namespace attune::data {

namespace {

constexpr std::string_view kPunctuation = ";/[]\"{}()=+\\_-><@`,?!";

// What a word means when one of its apostrophes is missing.
constexpr std::array<std::string_view, 92> kContractions = {
    "ain't",       "aren't",      "can't",          "could've",     "couldn't",
    "couldn't've", "didn't",      "doesn't",        "don't",        "hadn't",
    "hadn't've",   "hasn't",      "haven't",        "he'd",         "he'd've",
    "he's",        "how'd",       "how'll",         "how's",        "isn't",
    "it'd",        "it'd've",     "it'll",          "ma'am",        "mightn't",
    "mightn't've", "might've",    "mustn't",        "must've",      "needn't",
    "not've",      "o'clock",     "oughtn't",       "'ow's'at",     "shan't",
    "she'd've",    "should've",   "shouldn't",      "shouldn't've", "somebody'd've",
    "somebody'll", "somebody's",  "someone'd",      "someone'd've", "someone'll",
    "someone's",   "something'd", "something'd've", "something'll", "that's",
    "there'd",     "there'd've",  "there're",       "there's",      "they'd",
    "they'd've",   "they'll",     "they're",        "they've",      "'twas",
    "wasn't",      "we'd've",     "we've",          "weren't",      "what'll",
    "what're",     "what's",      "what've",        "when's",       "where'd",
    "where's",     "where've",    "who'd",          "who'd've",     "who'll",
    "who's",       "who've",      "why'll",         "why're",       "why's",
    "won't",       "would've",    "wouldn't",       "wouldn't've",  "y'all",
    "y'all'll",    "y'all'd've",  "you'd",          "you'd've",     "you'll",
    "you're",      "you've"};

using WordMap = std::unordered_map<std::string, std::string>;

WordMap contractions() {
  WordMap map;
  for (const std::string_view right : kContractions) {
    for (std::size_t at = right.find('\''); at != std::string_view::npos;
         at = right.find('\'', at + 1)) {
      std::string wrong(right);
      wrong.erase(at, 1);
      map.emplace(std::move(wrong), right);
    }
  }
  map.emplace("somebody'd", "somebodyd");  // the other way round, as the official script has it
  return map;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A comma between digits, as in 1,000, changes how all punctuation is taken out.
bool has_number_with_comma(std::string_view s) {
  for (std::size_t i = 1; i + 1 < s.size(); ++i) {
    if (s[i] == ',' && is_digit(s[i - 1]) && is_digit(s[i + 1])) {
      return true;
    }
  }
  return false;
}

/// A sign that a blank stands beside somewhere in the text goes, another becomes a blank.
std::string without_punctuation(std::string_view s) {
  const bool all_go = has_number_with_comma(s);
  std::string out(s);
  for (const char sign : kPunctuation) {
    const char before[] = {' ', sign, '\0'};
    const char after[] = {sign, ' ', '\0'};
    if (all_go || s.find(before) != std::string_view::npos ||
        s.find(after) != std::string_view::npos) {
      std::erase(out, sign);
    } else {
      std::ranges::replace(out, sign, ' ');
    }
  }
  return out;
}

/// Periods go but for those before a digit. The official script passes a flag where the most
/// replacements belong, so that those behind the 32nd stay.
std::string without_periods(std::string_view s) {
  constexpr int kMost = 32;
  std::string out;
  int taken = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool before_digit = i + 1 < s.size() && is_digit(s[i + 1]);
    if (s[i] == '.' && !before_digit && taken < kMost) {
      ++taken;
    } else {
      out += s[i];
    }
  }
  return out;
}

const std::string& standard_word(const std::string& word) {
  static const WordMap numbers = {{"none", "0"},  {"zero", "0"},  {"one", "1"},  {"two", "2"},
                                  {"three", "3"}, {"four", "4"},  {"five", "5"}, {"six", "6"},
                                  {"seven", "7"}, {"eight", "8"}, {"nine", "9"}, {"ten", "10"}};
  static const WordMap apostrophes = contractions();
  if (const auto number = numbers.find(word); number != numbers.end()) {
    return number->second;
  }
  const auto full = apostrophes.find(word);
  return full == apostrophes.end() ? word : full->second;
}

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t begin = std::min(s.find_first_not_of(kBlanks), s.size());
  const std::size_t end = s.find_last_not_of(kBlanks);
  return end == std::string_view::npos ? std::string_view() : s.substr(begin, end + 1 - begin);
}

}  // namespace

std::string normalized_vqa_answer(std::string_view answer) {
  std::string line(trimmed(answer));
  std::ranges::replace(line, '\n', ' ');
  std::ranges::replace(line, '\t', ' ');
  std::string out;
  for (const std::string& word :
       split_at_blanks(lower_case(without_periods(without_punctuation(line))))) {
    if (word != "a" && word != "an" && word != "the") {
      out += (out.empty() ? "" : " ") + standard_word(word);
    }
  }
  return out;
}

}  // namespace attune::data
