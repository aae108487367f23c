#include "cli/report/question_choice.hpp"

#include <algorithm>
#include <utility>

#include "cli/report/sample.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {

namespace {

using core::text;

std::vector<std::int64_t> positions(const data::VqaPart& part, const QuestionChoice& choice) {
  if (choice.ids.empty()) {
    return sample_of(std::ssize(part.questions), choice.count, choice.seed);
  }
  std::vector<std::int64_t> found;
  for (const std::int64_t id : choice.ids) {
    const auto question = std::ranges::find(part.questions, id, &data::VqaQuestion::id);
    if (question == part.questions.end()) {
      throw InvalidArgument(
          text("--question: expected the number of a question of ", part.name, ", got ", id));
    }
    const std::int64_t position = question - part.questions.begin();
    if (std::ranges::find(found, position) != found.end()) {
      throw InvalidArgument(text("--question: expected different questions, got ", id, " twice"));
    }
    found.push_back(position);
  }
  return found;
}

}  // namespace

void keep_chosen_questions(data::VqaPart& part, const QuestionChoice& choice) {
  std::vector<data::VqaQuestion> chosen;
  for (const std::int64_t position : positions(part, choice)) {
    chosen.push_back(std::move(part.questions[static_cast<std::size_t>(position)]));
  }
  part.questions = std::move(chosen);
}

}  // namespace attune::cli
