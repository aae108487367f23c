#include <algorithm>
#include <unordered_map>

#include "data/quoted.hpp"
#include "data/text/unicode.hpp"
#include "data/vqa/words.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/question_vocabulary.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr const char* kFirstWords[] = {"PAD", "UNK"};  // upper case: no word of a question

}  // namespace

std::vector<std::string> question_words(std::string_view question) {
  constexpr std::string_view kDropped = ".,'!?\"()*#:;";
  std::string kept;
  for (const char c : lower_case(question)) {
    if (c == '-' || c == '/') {
      kept += ' ';
    } else if (kDropped.find(c) == std::string_view::npos) {
      kept += c;
    }
  }
  return split_at_blanks(kept);
}

QuestionVocabulary QuestionVocabulary::build(const VqaPart& part, std::int64_t min_count) {
  if (min_count < 1) {
    throw InvalidArgument(
        text("QuestionVocabulary: min_count must be at least 1, got ", min_count));
  }
  if (part.questions.empty()) {
    throw InvalidArgument(
        text("QuestionVocabulary: expected questions, got none in part ", data::quoted(part.name)));
  }
  std::unordered_map<std::string, std::int64_t> counts;
  std::vector<std::string> order;
  for (const VqaQuestion& question : part.questions) {
    for (std::string& word : question_words(question.text)) {
      if (++counts[word] == 1) {
        order.push_back(std::move(word));
      }
    }
  }
  std::vector<std::string> words(std::begin(kFirstWords), std::end(kFirstWords));
  std::ranges::copy_if(order, std::back_inserter(words),
                       [&](const std::string& word) { return counts.at(word) >= min_count; });
  return QuestionVocabulary(Vocabulary(std::move(words)));
}

QuestionVocabulary QuestionVocabulary::load(const std::string& path) {
  Vocabulary words = load_vocab_txt(path);
  for (std::int32_t i = 0; i < 2; ++i) {
    if (i >= words.size() || words.token(i) != kFirstWords[i]) {
      throw FileError(path, i + 1,
                      text("expected ", kFirstWords[i], ", found ",
                           i < words.size() ? data::quoted(words.token(i)) : "the end"));
    }
  }
  return QuestionVocabulary(std::move(words));
}

void QuestionVocabulary::save(const std::string& path) const {
  save_vocab_txt(path, words_);
}

std::vector<std::int32_t> QuestionVocabulary::encode(std::string_view question,
                                                     std::int64_t max_words) const {
  if (max_words < 1) {
    throw InvalidArgument(
        text("QuestionVocabulary: max_words must be at least 1, got ", max_words));
  }
  std::vector<std::int32_t> numbers;
  for (const std::string& word : question_words(question)) {
    if (std::ssize(numbers) == max_words) {
      break;
    }
    numbers.push_back(words_.find(word).value_or(kUnknown));
  }
  if (numbers.empty()) {
    numbers.push_back(kUnknown);
  }
  return numbers;
}

}  // namespace attune::data
