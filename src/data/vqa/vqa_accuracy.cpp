#include <algorithm>

#include <attune/core/error.hpp>
#include <attune/data/vqa/answers.hpp>

namespace attune::data {

namespace {

constexpr std::int64_t kEnough = 3;  // annotators in agreement make an answer right

/// Of an answer that `matches` of `annotators` gave.
double accuracy(std::int64_t matches, std::int64_t annotators) {
  if (annotators == 1) {
    return static_cast<double>(matches);
  }
  const auto enough = static_cast<double>(std::min(kEnough, annotators - 1));
  const auto agree = [&](std::int64_t others) {
    return std::min(static_cast<double>(others) / enough, 1.0);
  };
  // Those who gave the answer are left out `matches` times, and are then one fewer.
  const double sum = static_cast<double>(matches) * agree(matches - 1) +
                     static_cast<double>(annotators - matches) * agree(matches);
  return sum / static_cast<double>(annotators);
}

}  // namespace

double vqa_accuracy(std::string_view answer, std::span<const std::string> annotators) {
  if (annotators.empty()) {
    throw InvalidArgument("vqa_accuracy: expected answers of annotators, got none");
  }
  const std::string wanted = normalized_vqa_answer(answer);
  const auto matches = std::ranges::count_if(
      annotators, [&](const std::string& given) { return normalized_vqa_answer(given) == wanted; });
  return accuracy(matches, std::ssize(annotators));
}

std::vector<ScoredAnswer> scored_answers(const VqaQuestion& question,
                                         const AnswerVocabulary& answers) {
  std::vector<std::int32_t> given;
  for (const std::string& answer : question.answers) {
    given.push_back(answers.index(answer));
  }
  std::ranges::sort(given);
  const std::int64_t annotators = std::ssize(given);
  const auto enough = static_cast<double>(std::min(kEnough, annotators));
  std::vector<ScoredAnswer> scored;
  for (std::size_t i = 0; i < given.size();) {
    const auto run = std::ranges::upper_bound(given, given[i]) - given.begin();
    const std::int64_t matches = run - static_cast<std::int64_t>(i);
    if (given[i] >= 0) {
      scored.push_back(
          {.answer = given[i],
           .score = static_cast<float>(std::min(static_cast<double>(matches) / enough, 1.0)),
           .accuracy = static_cast<float>(accuracy(matches, annotators))});
    }
    i = static_cast<std::size_t>(run);
  }
  return scored;
}

}  // namespace attune::data
