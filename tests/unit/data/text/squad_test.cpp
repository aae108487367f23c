#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/squad.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::TemporaryFolder;

// The form of train-v2.0.json: a question with two answers, one without any, one misplaced by two.
// The passage has letters of two bytes before the answers.
const char* const kFile = R"({"version": "v2.0", "data": [{"title": "T", "paragraphs": [{
  "context": "Né à Paris, il vécut à Lyon. The end.",
  "qas": [
    {"id": "q1", "question": "Where was he born?", "is_impossible": false,
     "answers": [{"text": "Paris", "answer_start": 5}, {"text": "à Paris", "answer_start": 3}]},
    {"id": "q2", "question": "Who?", "is_impossible": true, "answers": [],
     "plausible_answers": [{"text": "il", "answer_start": 12}]},
    {"id": "q3", "question": "Where did he live?", "answers": [{"text": "Lyon", "answer_start": 21}]}
  ]}]}]})";

SpanTask load(const std::string& content) {
  const TemporaryFolder folder;
  return load_squad(folder.write("dev.json", content));
}

std::string error_of(const std::string& old, const std::string& now) {
  std::string content = kFile;
  REQUIRE(content.find(old) != std::string::npos);
  content.replace(content.find(old), old.size(), now);
  try {
    (void)load(content);
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("load_squad: positions in characters become bytes", "[data][text]") {
  const SpanTask task = load(kFile);
  REQUIRE(task.questions.size() == 3);
  CHECK(task.version == "v2.0");
  CHECK(task.contexts.size() == 1);
  const SpanQuestion& first = task.questions[0];
  CHECK(first.id == "q1");
  CHECK(first.question == "Where was he born?");
  CHECK(first.answers == std::vector<std::string>{"Paris", "\xc3\xa0 Paris"});
  CHECK(first.ranges == std::vector<TextRange>{{.begin = 7, .end = 12}, {.begin = 4, .end = 12}});
  CHECK(task.questions[1].impossible);
  CHECK(task.questions[1].answers.empty());
}

TEST_CASE("load_squad: an answer that is a little off is found", "[data][text]") {
  const SpanTask task = load(kFile);
  CHECK(task.misplaced == 1);
  const TextRange range = task.questions[2].ranges.front();
  CHECK(task.contexts[0].substr(static_cast<std::size_t>(range.begin),
                                static_cast<std::size_t>(range.end - range.begin)) == "Lyon");
}

TEST_CASE("load_squad: errors name the line or the question", "[data][text]") {
  CHECK_THAT(error_of("{\"id\": \"q2\",", "{\"id\": \"q2\""), Contains("dev.json:6: not JSON"));
  CHECK_THAT(error_of("\"id\": \"q2\"", "\"id\": \"q1\""),
             Contains("question \"q1\": this id comes twice"));
  CHECK_THAT(error_of("\"text\": \"Lyon\"", "\"text\": \"Nice\""),
             Contains("question \"q3\": expected the answer \"Nice\" in its passage, found none"));
  CHECK_THAT(error_of("\"answer_start\": 21", "\"answer_start\": -1"),
             Contains("answer_start: expected a whole number, found -1"));
  CHECK_THAT(error_of("\"question\": \"Who?\"", "\"question\": 7"),
             Contains("question: expected a text, found 7"));
  CHECK_THAT(error_of("\"data\"", "\"date\""), Contains("data: expected it, found nothing"));
  CHECK_THAT(error_of("\"context\"", "\"kontext\""), Contains("passage 0: context"));
  CHECK_THROWS_WITH(load("{\"data\": []}"), Contains("expected questions, found none"));
  CHECK_THROWS_WITH(load("[]"), Contains("expected an object with data"));
}

TEST_CASE("normalized_answer: as the official evaluation writes answers", "[data][text]") {
  CHECK(normalized_answer("The  Eiffel-Tower!") == "eiffeltower");
  CHECK(normalized_answer("a man, an apple and THE end.") == "man apple and end");
  CHECK(normalized_answer("theatre") == "theatre");
  CHECK(normalized_answer("a.") == "");
  CHECK(normalized_answer("\xc3\x89t\xc3\xa9 \xc3\xa0 l'an 1") ==
        "\xc3\xa9t\xc3\xa9 \xc3\xa0 lan 1");
  // A dash that is not ASCII stays, and ends a word.
  CHECK(normalized_answer("the\xe2\x80\x93x") == "\xe2\x80\x93x");
}

}  // namespace
}  // namespace attune::data
