#include <algorithm>
#include <limits>
#include <map>

#include <nlohmann/json.hpp>

#include "data/quoted.hpp"
#include "data/text/json_file.hpp"
#include "data/text/json_vocabulary.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/answers.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{64} << 20;
constexpr std::size_t kMostAnswers = std::size_t{1} << 20;

std::vector<std::string> list_of_texts(const json& list, const std::string& path) {
  std::vector<std::string> answers;
  for (const json& answer : list) {
    if (!answer.is_string()) {
      throw FileError(path,
                      text("answer ", answers.size(), ": expected a text, found ", shown(answer)));
    }
    answers.push_back(answer.get<std::string>());
  }
  return answers;
}

/// MCAN's file: an object from answer to number, and one from number to answer, which says the
/// same.
std::vector<std::string> two_objects(const json& both, const std::string& path) {
  std::vector<std::string> answers = vocabulary_from_json(both[0], path).tokens();
  bool same = both[1].size() == answers.size();
  for (std::size_t i = 0; same && i < answers.size(); ++i) {
    const auto found = both[1].find(text(i));
    same = found != both[1].end() && *found == answers[i];
  }
  if (!same) {
    throw FileError(path,
                    "expected a second object with the answers of the first by their numbers");
  }
  return answers;
}

}  // namespace

AnswerVocabulary::AnswerVocabulary(std::vector<std::string> answers)
    : answers_(std::move(answers)) {
  if (answers_.empty() || answers_.size() > kMostAnswers) {
    throw InvalidArgument(
        text("AnswerVocabulary: expected 1 to ", kMostAnswers, " answers, got ", answers_.size()));
  }
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    if (answers_[i].empty()) {
      throw InvalidArgument(text("AnswerVocabulary: answer ", i, " is empty"));
    }
    const auto [place, added] = indices_.emplace(answers_[i], static_cast<std::int32_t>(i));
    if (!added) {
      throw InvalidArgument(text("AnswerVocabulary: ", data::quoted(answers_[i]), " is number ",
                                 place->second, " and number ", i));
    }
  }
}

AnswerVocabulary AnswerVocabulary::build(const VqaPart& part,
                                         const AnswerVocabularyOptions& options) {
  if (options.min_count < 1 || options.max_answers < 0) {
    throw InvalidArgument(
        text("AnswerVocabulary: expected min_count of at least 1 and max_answers of at least 0, "
             "got ",
             options.min_count, " and ", options.max_answers));
  }
  std::map<std::string, std::int64_t> counts;
  for (const VqaQuestion& question : part.questions) {
    std::string answer = normalized_vqa_answer(question.answer);
    if (!answer.empty()) {
      ++counts[std::move(answer)];
    }
  }
  std::vector<std::pair<std::string, std::int64_t>> kept;
  std::ranges::copy_if(counts, std::back_inserter(kept),
                       [&](const auto& entry) { return entry.second >= options.min_count; });
  std::ranges::stable_sort(kept, std::greater<>(), [](const auto& entry) { return entry.second; });
  if (options.max_answers > 0 && std::ssize(kept) > options.max_answers) {
    kept.resize(static_cast<std::size_t>(options.max_answers));
  }
  if (kept.empty()) {
    throw InvalidArgument(text("AnswerVocabulary: part ", data::quoted(part.name), " has ",
                               part.questions.size(), " questions and no answer that comes ",
                               options.min_count, " times"));
  }
  std::vector<std::string> answers;
  for (auto& [answer, count] : kept) {
    answers.push_back(std::move(answer));
  }
  return AnswerVocabulary(std::move(answers));
}

AnswerVocabulary AnswerVocabulary::load(const std::string& path) {
  return parse(core::read_file(path, kMaxFileBytes), path);
}

AnswerVocabulary AnswerVocabulary::parse(std::string_view bytes, const std::string& path) {
  const json file = parse_json_text(bytes, path);
  if (!file.is_array()) {
    throw FileError(path, text("expected a list of answers, found ", shown(file)));
  }
  const bool objects = file.size() == 2 && file[0].is_object() && file[1].is_object();
  std::vector<std::string> answers = objects ? two_objects(file, path) : list_of_texts(file, path);
  try {
    return AnswerVocabulary(std::move(answers));
  } catch (const InvalidArgument& error) {
    throw FileError(path, error.what());
  }
}

void AnswerVocabulary::save(const std::string& path) const {
  core::write_file_atomically(
      path, json(answers_).dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

std::int32_t AnswerVocabulary::index(std::string_view answer) const {
  const auto found = indices_.find(normalized_vqa_answer(answer));
  return found == indices_.end() ? -1 : found->second;
}

const std::string& AnswerVocabulary::name(std::int32_t index) const {
  if (index < 0 || index >= size()) {
    throw InvalidArgument(
        text("AnswerVocabulary: index must be in [0, ", size(), "), got ", index));
  }
  return answers_[static_cast<std::size_t>(index)];
}

}  // namespace attune::data
