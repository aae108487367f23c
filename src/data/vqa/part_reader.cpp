#include "data/vqa/part_reader.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "data/text/json_file.hpp"
#include "data/vqa/json_elements.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/answers.hpp>
#include <attune/data/vqa/question_vocabulary.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

constexpr std::int64_t kValuesBesideAnswers = 64;

/// Members of an element, and errors that say where it stands.
class Element {
 public:
  Element(const json& object, const std::string& path, const std::string& place,
          const VqaReadOptions& options)
      : object_(object), path_(path), place_(place), options_(options) {
    if (!object.is_object()) {
      fail("expected an object, found ", shown(object));
    }
  }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path_, text(place_, ": ", parts...));
  }

  [[nodiscard]] bool has(const char* name) const { return object_.contains(name); }

  [[nodiscard]] const json& member(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      fail(name, ": expected one, found none");
    }
    return *found;
  }

  [[nodiscard]] std::int64_t id(const char* name) const {
    const json& value = member(name);
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMost) {
      fail(name, ": expected a number from 0 to 2^63 - 1, found ", shown(value));
    }
    return value.get<std::int64_t>();
  }

  [[nodiscard]] const std::string& text_of(const char* name) const {
    const json& value = member(name);
    if (!value.is_string()) {
      fail(name, ": expected a text, found ", shown(value));
    }
    const auto& words = value.get_ref<const std::string&>();
    if (std::ssize(words) > options_.max_text_bytes) {
      fail(name, ": expected at most ", options_.max_text_bytes, " bytes, found ", words.size());
    }
    return words;
  }

  [[nodiscard]] std::string text_if_there(const char* name) const {
    return has(name) ? text_of(name) : std::string();
  }

 private:
  const json& object_;
  const std::string& path_;
  const std::string& place_;
  const VqaReadOptions& options_;
};

using Numbers = std::unordered_map<std::int64_t, std::int64_t>;

/// The pictures of the questions, whose `image` is an id so far and becomes an index.
void number_images(VqaPart& part) {
  std::vector<std::int64_t> ids;
  for (const VqaQuestion& question : part.questions) {
    ids.push_back(question.image);
  }
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (VqaQuestion& question : part.questions) {
    question.image = std::ranges::lower_bound(ids, question.image) - ids.begin();
  }
  for (const std::int64_t id : ids) {
    part.images.push_back({.id = id});
  }
}

std::vector<std::string> read_answers(const Element& annotation, const std::string& path,
                                      const std::string& place, const VqaReadOptions& options) {
  const json& list = annotation.member("answers");
  if (!list.is_array() || list.empty() || std::ssize(list) > options.max_answers) {
    annotation.fail("answers: expected a list of 1 to ", options.max_answers, ", found ",
                    shown(list));
  }
  std::vector<std::string> answers;
  for (const json& answer : list) {
    const std::string where = text(place, ": answers[", answers.size(), "]");
    answers.push_back(Element(answer, path, where, options).text_of("answer"));
  }
  return answers;
}

/// The one given most often, normalized; of several the one given first.
std::string usual_answer(const std::vector<std::string>& answers) {
  std::vector<std::string> given;
  std::unordered_map<std::string, std::int64_t> counts;
  for (const std::string& answer : answers) {
    given.push_back(normalized_vqa_answer(answer));
    ++counts[given.back()];
  }
  return *std::ranges::max_element(given, {},
                                   [&](const std::string& answer) { return counts.at(answer); });
}

void annotate(VqaPart& part, VqaQuestion& question, const Element& annotation,
              std::vector<std::string> answers) {
  const std::int64_t image = part.images[static_cast<std::size_t>(question.image)].id;
  if (annotation.has("image_id") && annotation.id("image_id") != image) {
    annotation.fail("image_id: expected that of question ", question.id, ", ", image, ", found ",
                    annotation.id("image_id"));
  }
  if (!question.answers.empty()) {
    annotation.fail("question_id: expected one annotation of question ", question.id,
                    ", found another");
  }
  question.answers = std::move(answers);
  question.type = annotation.text_if_there("question_type");
  question.answer_type = annotation.text_if_there("answer_type");
  question.answer = annotation.has("multiple_choice_answer")
                        ? annotation.text_of("multiple_choice_answer")
                        : usual_answer(question.answers);
}

}  // namespace

void parse_vqa_questions(std::string_view bytes, const std::string& path,
                         const VqaReadOptions& options, VqaPart& part) {
  std::unordered_set<std::int64_t> ids;
  const auto read = [&](const json& object, const std::string& place) {
    const Element element(object, path, place, options);
    if (std::ssize(part.questions) == options.max_questions) {
      element.fail("expected at most ", options.max_questions, " questions, found more");
    }
    VqaQuestion question{.id = element.id("question_id"), .image = element.id("image_id")};
    if (!ids.insert(question.id).second) {
      element.fail("question_id: expected each once, found ", question.id, " again");
    }
    question.text = element.text_of("question");
    if (question_words(question.text).empty()) {
      element.fail("question: expected words, found ", shown(object["question"]));
    }
    part.questions.push_back(std::move(question));
  };
  for_each_json_element(bytes, path, "questions", kValuesBesideAnswers, read);
  if (part.questions.empty()) {
    throw FileError(path, "questions: expected some, found none");
  }
  number_images(part);
}

void parse_vqa_annotations(std::string_view bytes, const std::string& path,
                           const VqaReadOptions& options, VqaPart& part) {
  Numbers numbers;
  for (std::size_t i = 0; i < part.questions.size(); ++i) {
    numbers.emplace(part.questions[i].id, static_cast<std::int64_t>(i));
  }
  const auto read = [&](const json& object, const std::string& place) {
    const Element element(object, path, place, options);
    const std::int64_t id = element.id("question_id");
    const auto number = numbers.find(id);
    if (number == numbers.end()) {
      element.fail("question_id: expected one of the ", part.questions.size(), " questions, found ",
                   id);
    }
    annotate(part, part.questions[static_cast<std::size_t>(number->second)], element,
             read_answers(element, path, place, options));
  };
  // An answer is an object of its text, how sure the annotator was, and a number.
  for_each_json_element(bytes, path, "annotations", kValuesBesideAnswers + 8 * options.max_answers,
                        read);
  for (const VqaQuestion& question : part.questions) {
    if (question.answers.empty()) {
      throw FileError(path,
                      text("annotations: expected one of question ", question.id, ", found none"));
    }
  }
  part.labelled = true;
}

}  // namespace attune::data
