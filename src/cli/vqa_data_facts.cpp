#include "cli/vqa_data_facts.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/training_run.hpp"
#include <attune/core/text.hpp>
#include <attune/data/vqa/answers.hpp>
#include <attune/data/vqa/question_vocabulary.hpp>

namespace attune::cli {
namespace {

using core::text;
using data::VqaPart;
using data::VqaQuestion;
using nlohmann::ordered_json;

/// How often each answer was the usual one, to questions that have something in common.
class AnswerCounts {
 public:
  void add(std::string answer) {
    ++counts_[std::move(answer)];
    ++questions_;
  }

  /// The most frequent answer; of several the first in the order of letters.
  [[nodiscard]] const std::string& usual() const { return top().first; }
  [[nodiscard]] double usual_share() const {
    return static_cast<double>(top().second) / static_cast<double>(questions_);
  }
  [[nodiscard]] std::int64_t questions() const noexcept { return questions_; }

 private:
  using Counts = std::map<std::string, std::int64_t>;

  [[nodiscard]] const Counts::value_type& top() const {
    return *std::ranges::max_element(counts_, {}, [](const auto& entry) { return entry.second; });
  }

  Counts counts_;
  std::int64_t questions_ = 0;
};

using Groups = std::map<std::string, AnswerCounts>;

/// @param key  what questions of a group have in common
template <class Key>
Groups grouped(const VqaPart& part, Key key) {
  Groups groups;
  for (const VqaQuestion& question : part.questions) {
    groups[key(question)].add(data::normalized_vqa_answer(question.answer));
  }
  return groups;
}

std::string type_of(const VqaQuestion& question) {
  return question.type;
}

std::string words_of(const VqaQuestion& question) {
  std::string words;
  for (const std::string& word : data::question_words(question.text)) {
    words += word + ' ';
  }
  return words;
}

ordered_json part_facts(const VqaPart& part) {
  ordered_json facts = {{"name", part.name},
                        {"pictures", part.images.size()},
                        {"questions", part.questions.size()},
                        {"labelled", part.labelled},
                        {"sha256", part.sha256}};
  if (part.labelled) {
    for (const auto& [type, answers] : grouped(part, type_of)) {
      facts["types"][type] = {{"questions", answers.questions()},
                              {"usual_answer", answers.usual()},
                              {"usual_share", answers.usual_share()}};
    }
  }
  return facts;
}

/// Accuracy of the answers that training makes usual: to a question in the same words if there was
/// one, else to a question of the same type.
ordered_json guesses(const VqaPart& train, const VqaPart& part) {
  const Groups by_type = grouped(train, type_of);
  const Groups by_words = grouped(train, words_of);
  double type_sum = 0;
  double words_sum = 0;
  for (const VqaQuestion& question : part.questions) {
    const auto type = by_type.find(type_of(question));
    const auto words = by_words.find(words_of(question));
    const double of_type =
        type == by_type.end() ? 0 : data::vqa_accuracy(type->second.usual(), question.answers);
    type_sum += of_type;
    words_sum += words == by_words.end()
                     ? of_type
                     : data::vqa_accuracy(words->second.usual(), question.answers);
  }
  const auto questions = static_cast<double>(part.questions.size());
  return {{"by_type", type_sum / questions}, {"by_words", words_sum / questions}};
}

/// Answers that come often enough in training, as MCAN takes them, and how far they reach.
ordered_json answer_facts(const VqaPart& train, const VqaPart& part) {
  const data::AnswerVocabularyOptions often;
  std::map<std::string, std::int64_t> counts;
  for (const VqaQuestion& question : train.questions) {
    ++counts[data::normalized_vqa_answer(question.answer)];
  }
  const auto is_kept = [&](const std::string& answer) {
    const auto count = counts.find(answer);
    return count != counts.end() && count->second >= often.min_count;
  };
  const auto kept = std::ranges::count_if(
      counts, [&](const auto& entry) { return entry.second >= often.min_count; });
  const auto reached = std::ranges::count_if(part.questions, [&](const VqaQuestion& question) {
    return is_kept(data::normalized_vqa_answer(question.answer));
  });
  return {{"distinct", counts.size()},
          {"min_count", often.min_count},
          {"kept", kept},
          {"reach", static_cast<double>(reached) / static_cast<double>(part.questions.size())}};
}

void print_part(const ordered_json& part) {
  std::cout << part["name"].get<std::string>() << ": "
            << with_thousands(part["questions"].get<std::int64_t>()) << " questions about "
            << with_thousands(part["pictures"].get<std::int64_t>()) << " pictures"
            << (part["labelled"].get<bool>() ? "" : ", unlabelled") << '\n';
  // VQA-v2 has 65 types, which is no table to read; the JSON has them.
  constexpr std::size_t kMostShown = 12;
  if (!part.contains("types") || part["types"].size() > kMostShown) {
    return;
  }
  for (const auto& [type, facts] : part["types"].items()) {
    std::cout << text("  ", type, std::string(14 - std::min<std::size_t>(type.size(), 13), ' '),
                      with_thousands(facts["questions"].get<std::int64_t>()), ", of which ",
                      fixed(100 * facts["usual_share"].get<double>(), 1), " % \"",
                      facts["usual_answer"].get<std::string>(), "\"\n");
  }
}

}  // namespace

ordered_json vqa_data_facts(const data::VqaDataset& dataset) {
  ordered_json parts = {part_facts(dataset.train), part_facts(dataset.validation)};
  if (dataset.test) {
    parts.push_back(part_facts(*dataset.test));
  }
  return {{"name", dataset.name},
          {"source", dataset.source},
          {"region_channels", dataset.region_channels},
          {"words", data::QuestionVocabulary::build(dataset.train).size() - 2},
          {"answers", answer_facts(dataset.train, dataset.validation)},
          {"guesses", guesses(dataset.train, dataset.validation)},
          {"parts", std::move(parts)}};
}

void print_vqa_data(const ordered_json& facts) {
  const ordered_json& answers = facts["answers"];
  const auto percent = [](const ordered_json& share) {
    return fixed(100 * share.get<double>(), 1) + " %";
  };
  std::cout << "name     " << facts["name"].get<std::string>() << '\n';
  for (const ordered_json& part : facts["parts"]) {
    print_part(part);
  }
  const auto channels = facts["region_channels"].get<std::int64_t>();
  std::cout << "regions  "
            << (channels > 0 ? text(channels, " channels") : std::string("not looked for"))
            << "\nwords    " << with_thousands(facts["words"].get<std::int64_t>())
            << " in the questions to train on\nanswers  "
            << with_thousands(answers["kept"].get<std::int64_t>()) << " that come "
            << answers["min_count"] << " times to train on; " << percent(answers["reach"])
            << " of the questions to validate on have one of them\n"
            << "guessed  without looking, to validate on: accuracy "
            << percent(facts["guesses"]["by_type"]) << " from the type of question, "
            << percent(facts["guesses"]["by_words"]) << " from its words\n";
}

}  // namespace attune::cli
