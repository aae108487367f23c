#pragma once

#include <string>
#include <vector>

#include "cli/report/markup.hpp"
#include "cli/report/picture.hpp"
#include "cli/report/question_attention.hpp"
#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::cli {

/// A question as one model, or each of two, answers it.
struct ShownQuestion {
  /// A model's answer under the name that the page gives the model.
  struct Answer {
    std::string run;
    std::string attention;  ///< what the model was trained to attend with, `AA-GAN, lambda 0.01`
    AnsweredQuestion found;
  };

  data::VqaQuestion question;
  Picture picture;
  std::vector<Answer> answers;
};

/// Id of the section about a question.
[[nodiscard]] std::string question_link(const data::VqaQuestion& question);

/// The picture, the question, what people and models answer, and all attention of the models, head
/// by head, side by side.
void write_question_section(Markup& page, const ShownQuestion& shown);

}  // namespace attune::cli
