#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/models/mcan.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::cli {

/// Coefficients of one attention layer of a model at one question: of each head a row for everyone
/// who attends, which sums to one over those who are attended to.
struct AttentionMap {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t heads = 0;
  std::vector<float> alpha = {};  ///< [rows, columns, heads]

  [[nodiscard]] double at(std::int64_t row, std::int64_t column, std::int64_t head) const {
    return alpha[static_cast<std::size_t>((row * columns + column) * heads + head)];
  }
};

/// All attention of a model at one question, by layer.
struct QuestionAttention {
  std::vector<AttentionMap> words;    ///< words to words, in the encoder
  std::vector<AttentionMap> regions;  ///< regions to regions, in the decoder
  std::vector<AttentionMap> guided;   ///< regions to words
};

/// A question as a model answers it.
struct AnsweredQuestion {
  std::string answer;              ///< the likeliest
  double probability = 0;          ///< that it is right, as the model says
  double accuracy = 0;             ///< that it earns; 0 where nobody knows
  std::vector<std::string> words;  ///< of the question, as many as the model sees
  QuestionAttention attention;
};

/// Asks a model one question, without dropout.
/// @param question  position in the part
/// @throws InvalidArgument, FileError  as train::VqaProblemPart::images()
/// @throws Error                       a logit is not finite
[[nodiscard]] AnsweredQuestion answer_question(const models::Mcan& model,
                                               const train::VqaVocabulary& vocabulary,
                                               const train::VqaProblemPart& part,
                                               std::int64_t question);

}  // namespace attune::cli
