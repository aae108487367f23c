#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/data/vqa/answers.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::message_of;
using testing::TemporaryFolder;
using Strings = std::vector<std::string>;

VqaQuestion question(const std::string& usual, Strings answers = {}) {
  VqaQuestion out;
  out.answer = usual;
  out.answers = std::move(answers);
  return out;
}

// What the official script, run in Python, makes of each.
TEST_CASE("normalized_vqa_answer: as the official evaluation of VQA has it", "[data][vqa]") {
  const auto [answer, normalized] = GENERATE(table<std::string, std::string>({
      {"Yes", "yes"},
      {"  Two \n", "2"},
      {"The a an", ""},
      {"", ""},
      {"the man's hat", "man's hat"},
      {"1,000 dollars", "1000 dollars"},
      {"1,5-2", "152"},
      {"black & white, red", "black & white red"},
      {"red/blue", "red blue"},
      {"red / blue", "red blue"},
      {"half-full", "half full"},
      {"half - full t-shirt", "half full tshirt"},
      {"3.5", "3.5"},
      {"3. 5", "3 5"},
      {"mr. t.", "mr t"},
      {"a.b.c", "abc"},
      {"........................................x", "........x"},
      {"none", "0"},
      {"10 - ten", "10 10"},
      {"WHAT'S up?", "what's up"},
      {"dont", "don't"},
      {"couldnt've", "couldn't've"},
      {"couldntve", "couldntve"},
      {"somebody'd", "somebodyd"},
      {"'ow'sat", "'ow's'at"},
      {"\xc3\x89"
       "cole",
       "\xc3\xa9"
       "cole"},
      {"un\xc2\xa0two", "un 2"},
  }));
  CAPTURE(answer);
  CHECK(normalized_vqa_answer(answer) == normalized);
}

TEST_CASE("vqa_accuracy: of ten annotators three others must agree", "[data][vqa]") {
  const double expected[] = {0, 0.3, 0.6, 0.9, 1, 1, 1, 1, 1, 1, 1};
  for (std::size_t agree = 0; agree <= 10; ++agree) {
    Strings annotators(10, "blue");
    std::fill_n(annotators.begin(), agree, "red");
    CAPTURE(agree);
    CHECK(vqa_accuracy("The RED!", annotators) == Approx(expected[agree]));
  }
}

TEST_CASE("vqa_accuracy: of fewer than four annotators all others must agree", "[data][vqa]") {
  CHECK(vqa_accuracy("two", Strings{"2"}) == 1);
  CHECK(vqa_accuracy("3", Strings{"2"}) == 0);
  CHECK(vqa_accuracy("a", Strings{"x", "y"}) == 0);
  CHECK(vqa_accuracy("x", Strings{"x", "y"}) == Approx(0.5));
  CHECK(vqa_accuracy("x", Strings{"x", "x"}) == 1);
  // Without x: 0 of 2. Without y, without z: 1 of 2.
  CHECK(vqa_accuracy("x", Strings{"x", "y", "z"}) == Approx(1.0 / 3));
  CHECK(vqa_accuracy("x", Strings{"x", "x", "x", "y"}) == Approx((3 * (2.0 / 3) + 1) / 4));
  CHECK_THROWS_AS(vqa_accuracy("x", Strings{}), InvalidArgument);
}

TEST_CASE("AnswerVocabulary: the frequent answers, the most frequent first", "[data][vqa]") {
  VqaPart part{.name = "train"};
  for (const char* answer : {"No", "yes", "yes!", "cup", "the cup", "no", "Yes", "lamp", "."}) {
    part.questions.push_back(question(answer));
  }
  const auto names = [&](std::int64_t min_count, std::int64_t most) {
    return AnswerVocabulary::build(part, {.min_count = min_count, .max_answers = most}).names();
  };
  CHECK(names(1, 0) == Strings{"yes", "cup", "no", "lamp"});
  CHECK(names(2, 0) == Strings{"yes", "cup", "no"});
  CHECK(names(2, 2) == Strings{"yes", "cup"});
  CHECK(message_of<InvalidArgument>([&] { names(9, 0); }) ==
        "AnswerVocabulary: part \"train\" has 9 questions and no answer that comes 9 times");
  CHECK_THROWS_AS(names(0, 0), InvalidArgument);
  CHECK_THROWS_AS(names(1, -1), InvalidArgument);
}

TEST_CASE("AnswerVocabulary: numbers and names are each other's inverse", "[data][vqa]") {
  const AnswerVocabulary answers({"yes", "no", "2"});
  CHECK(answers.size() == 3);
  CHECK(answers.index("Two") == 2);
  CHECK(answers.index("three") == -1);
  CHECK(answers.name(1) == "no");
  CHECK_THROWS_AS(answers.name(3), InvalidArgument);
  CHECK_THROWS_AS(answers.name(-1), InvalidArgument);
  CHECK_THROWS_AS(AnswerVocabulary(Strings{}), InvalidArgument);
  CHECK_THROWS_AS(AnswerVocabulary({"a", ""}), InvalidArgument);
  CHECK_THROWS_AS(AnswerVocabulary({"b", "b"}), InvalidArgument);
}

TEST_CASE("AnswerVocabulary: comes back from its file", "[data][vqa]") {
  const TemporaryFolder folder;
  const AnswerVocabulary answers({"yes",
                                  "\xc3\xa9"
                                  "cole",
                                  "\"quoted\"", "2"});
  answers.save(folder.path("answers.json"));
  CHECK(AnswerVocabulary::load(folder.path("answers.json")).names() == answers.names());
}

TEST_CASE("AnswerVocabulary: reads the two objects of MCAN's answer_dict.json", "[data][vqa]") {
  const std::string file = R"([{"net": 0, "pitcher": 1}, {"0": "net", "1": "pitcher"}])";
  CHECK(AnswerVocabulary::parse(file, "f").names() == Strings{"net", "pitcher"});
}

TEST_CASE("AnswerVocabulary: says what is wrong with a file", "[data][vqa]") {
  const auto error = [](const char* file) {
    return message_of<FileError>([&] { (void)AnswerVocabulary::parse(file, "f"); });
  };
  CHECK_THAT(error("[\"a\",\n}"), Contains("f:2: not JSON"));
  CHECK(error("{}") == "f: expected a list of answers, found an object");
  CHECK(error("[\"a\", 3]") == "f: answer 1: expected a text, found 3");
  CHECK(error("[\"a\", \"a\"]") == "f: AnswerVocabulary: \"a\" is number 0 and number 1");
  CHECK(error("[\"a\", \"\"]") == "f: AnswerVocabulary: answer 1 is empty");
  CHECK_THAT(error("[]"), Contains("expected 1 to 1048576 answers, got 0"));
  const std::string same =
      "f: expected a second object with the answers of the first by their numbers";
  CHECK(error(R"([{"a": 0}, {"0": "b"}])") == same);
  CHECK(error(R"([{"a": 0}, {"0": "a", "1": "b"}])") == same);
  CHECK_THAT(error(R"([{"a": 1}, {"1": "a"}])"), Contains("expected a number from 0 to 0"));
}

TEST_CASE("scored_answers: what a model should say of each answer", "[data][vqa]") {
  const AnswerVocabulary answers({"yes", "no", "maybe"});
  Strings given(10, "yes");
  given[0] = "NO";
  given[1] = "no.";
  given[2] = "perhaps";
  const auto scored = scored_answers(question("yes", given), answers);
  REQUIRE(scored.size() == 2);
  CHECK(scored[0].answer == 0);
  CHECK(scored[0].score == 1.0F);
  CHECK(scored[1].answer == 1);
  CHECK(scored[1].score == Approx(2.0 / 3));
  CHECK(scored_answers(question(""), answers).empty());
  CHECK(scored_answers(question("x", Strings(10, "x")), answers).empty());
}

TEST_CASE("scored_answers: fewer than three annotators are right if they agree", "[data][vqa]") {
  const AnswerVocabulary answers({"yes", "no"});
  CHECK(scored_answers(question("yes", {"yes"}), answers).at(0).score == 1.0F);
  CHECK(scored_answers(question("yes", {"yes", "no"}), answers).at(1).score == 0.5F);
}

TEST_CASE("scored_answers: the accuracy of every answer", "[data][vqa]") {
  const AnswerVocabulary answers({"x b", "c", "d", "2"});
  const Strings given = {"2", "two", "c", "C!", "c", "d", "e", "x b", "the x b", "2"};
  std::vector<float> accuracies(4, 0);
  for (const ScoredAnswer& scored : scored_answers(question("2", given), answers)) {
    accuracies[static_cast<std::size_t>(scored.answer)] = scored.accuracy;
  }
  for (std::int32_t i = 0; i < answers.size(); ++i) {
    CHECK(accuracies[static_cast<std::size_t>(i)] == Approx(vqa_accuracy(answers.name(i), given)));
  }
}

}  // namespace
}  // namespace attune::data
