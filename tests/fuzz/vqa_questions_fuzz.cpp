// Data of visual questions. The first byte of an input says what the others are:
//   q  questions, the byte 1e, annotations (without that byte: unlabelled)
//   a  a vocabulary of answers
//   r  the regions of a picture
//   b  where they are
#include <algorithm>
#include <span>
#include <stdexcept>

#include "data/vqa/part_reader.hpp"
#include "fuzz/target.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/vqa/answers.hpp>
#include <attune/data/vqa/question_vocabulary.hpp>
#include <attune/data/vqa/region_boxes.hpp>
#include <attune/data/vqa/region_features.hpp>

namespace attune::fuzz {

namespace {

constexpr char kBetween = '\x1e';

/// Throws where what was read contradicts itself.
void require(bool holds, const char* what) {
  if (!holds) {
    throw std::logic_error(what);
  }
}

void use(const data::VqaPart& part) {
  const auto words = data::QuestionVocabulary::build(part);
  for (const data::VqaQuestion& question : part.questions) {
    require(question.image >= 0 && question.image < std::ssize(part.images), "no such picture");
    require(question.answers.empty() != part.labelled, "labelled in part");
    require(!words.encode(question.text).empty(), "no words");
    for (const std::string& answer : question.answers) {
      const double accuracy = data::vqa_accuracy(answer, question.answers);
      require(accuracy > 0 || question.answers.size() > 1, "an answer of its own is wrong");
      require(accuracy <= 1, "more than right");
    }
  }
}

void run_questions(std::string_view input) {
  const std::size_t between = input.find(kBetween);
  const data::VqaReadOptions options{.max_text_bytes = 512, .max_answers = 32};
  data::VqaPart part{.name = "fuzzed"};
  data::parse_vqa_questions(input.substr(0, between), "questions.json", options, part);
  if (between != std::string_view::npos) {
    data::parse_vqa_annotations(input.substr(between + 1), "annotations.json", options, part);
  }
  use(part);
}

void run_answers(std::string_view input) {
  const auto answers = data::AnswerVocabulary::parse(input, "answers.json");
  require(answers.size() > 0, "no answers");
  for (const std::string& name : answers.names()) {
    (void)answers.index(name);
  }
}

void run_regions(std::string_view input) {
  const testing::TemporaryFolder folder;
  const auto regions = data::read_regions(folder.write("r.npz", input), {.max_regions = 16});
  require(regions.size(0) >= 1 && regions.size(0) <= 16, "as many regions as may not be");
}

void run_boxes(std::string_view input) {
  const testing::TemporaryFolder folder;
  const auto found = data::read_region_boxes(folder.write("r.npz", input), 2);
  if (found) {
    require(found->boxes.size() == 2, "as many boxes as there are no regions");
    require(found->width > 0 && found->height > 0, "a picture without extent");
  }
}

std::string boxes_seed() {
  const std::vector<float> corners = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::int64_t pixels = 160;
  const auto side = data::NpyArray::from(std::span<const std::int64_t>(&pixels, 1), {});
  return core::text(
      "b",
      data::encode_npz({{"bbox", data::NpyArray::from(std::span<const float>(corners), {2, 4})},
                        {"image_w", side},
                        {"image_h", side}}));
}

std::string regions_seed() {
  const std::vector<float> x = {1, 2, 3, 4, 5, 6};
  const std::int64_t two = 2;
  return core::text(
      "r", data::encode_npz(
               {{"x", data::NpyArray::from(std::span<const float>(x), {3, 2})},
                {"num_bbox", data::NpyArray::from(std::span<const std::int64_t>(&two, 1), {})}}));
}

}  // namespace

void run(std::string_view input) {
  if (input.empty()) {
    return;
  }
  const std::string_view rest = input.substr(1);
  if (input[0] == 'q') {
    run_questions(rest);
  } else if (input[0] == 'a') {
    run_answers(rest);
  } else if (input[0] == 'r') {
    run_regions(rest);
  } else if (input[0] == 'b') {
    run_boxes(rest);
  }
}

std::vector<std::string> seeds() {
  const std::string questions =
      R"({"info": {"version": "2.0"}, "questions": [)"
      R"({"image_id": 9, "question": "What's the man-made thing?", "question_id": 9000},)"
      R"({"image_id": 25, "question": "How many?", "question_id": 25001}], "x": [[], null]})";
  const std::string annotations =
      R"({"annotations": [{"question_type": "what's the", "multiple_choice_answer": "a cup",)"
      R"("answers": [{"answer": "a cup", "answer_confidence": "yes", "answer_id": 1},)"
      R"({"answer": "1,000 cups.", "answer_id": 2}], "image_id": 9, "answer_type": "other",)"
      R"("question_id": 9000}, {"question_id": 25001, "answers": [{"answer": "dont"}]}]})";
  return {core::text("q", questions),
          core::text("q", questions, kBetween, annotations),
          R"(a["yes", "no", "2"])",
          R"(a[{"net": 0, "cup": 1}, {"0": "net", "1": "cup"}])",
          regions_seed(),
          boxes_seed()};
}

}  // namespace attune::fuzz
