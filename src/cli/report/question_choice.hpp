#pragma once

#include <cstdint>
#include <vector>

#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::cli {

/// Which questions to show.
struct QuestionChoice {
  std::vector<std::int64_t> ids = {};  ///< in this order; empty: some drawn at random
  std::int64_t count = 4;              ///< to draw, at most
  std::uint64_t seed = 0;              ///< of the draw
};

inline constexpr std::int64_t kMostShownQuestions = 100;

/// Takes from a part all questions but those chosen.
/// @throws InvalidArgument  an id that no question has, or that comes twice
void keep_chosen_questions(data::VqaPart& part, const QuestionChoice& choice);

}  // namespace attune::cli
