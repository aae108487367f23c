#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/data/vqa/question_vocabulary.hpp>

namespace attune::data {
namespace {

using testing::message_of;
using testing::TemporaryFolder;
using Strings = std::vector<std::string>;
using Numbers = std::vector<std::int32_t>;

VqaPart asked(const Strings& texts) {
  VqaPart part{.name = "train"};
  for (const std::string& text : texts) {
    VqaQuestion question;
    question.text = text;
    part.questions.push_back(std::move(question));
  }
  return part;
}

TEST_CASE("question_words: as MCAN takes a question apart", "[data][vqa]") {
  CHECK(question_words("What's the man-made thing?") ==
        Strings{"whats", "the", "man", "made", "thing"});
  CHECK(question_words("Is it A/C; 3.5*2 #1: (yes)!") ==
        Strings{"is", "it", "a", "c", "352", "1", "yes"});
  CHECK(question_words(" O\xc3\x99 \t est\xc2\xa0il? ") == Strings{"o\xc3\xb9", "est", "il"});
  CHECK(question_words("?!...").empty());
}

TEST_CASE("QuestionVocabulary: numbers words as they come", "[data][vqa]") {
  const VqaPart part = asked({"Is it red?", "Is it a red-brick?", "What?"});
  const auto vocabulary = QuestionVocabulary::build(part);
  CHECK(vocabulary.size() == 8);
  CHECK(vocabulary.word(0) == "PAD");
  CHECK(vocabulary.word(1) == "UNK");
  CHECK(vocabulary.word(2) == "is");
  CHECK(vocabulary.word(6) == "brick");
  CHECK(vocabulary.encode("What is RED and brick?") == Numbers{7, 2, 4, 1, 6});
  CHECK(vocabulary.encode("pad unk") == Numbers{1, 1});
  CHECK(vocabulary.encode("what what what", 2) == Numbers{7, 7});
  CHECK(vocabulary.encode("?") == Numbers{1});
  const auto often = QuestionVocabulary::build(part, 2);
  CHECK(often.size() == 5);
  CHECK(often.encode("is what it red") == Numbers{2, 1, 3, 4});
}

TEST_CASE("QuestionVocabulary: takes 14 words unless told", "[data][vqa]") {
  const auto vocabulary = QuestionVocabulary::build(asked({"a"}));
  std::string text;
  for (int i = 0; i < 20; ++i) {
    text += "a ";
  }
  CHECK(vocabulary.encode(text) == Numbers(14, 2));
  CHECK(vocabulary.encode(text, 20) == Numbers(20, 2));
  CHECK_THROWS_AS(vocabulary.encode(text, 0), InvalidArgument);
}

TEST_CASE("QuestionVocabulary: comes back from its file", "[data][vqa]") {
  const TemporaryFolder folder;
  const auto vocabulary = QuestionVocabulary::build(asked({"is \xc3\xa9t\xc3\xa9 now"}));
  vocabulary.save(folder.path("words.txt"));
  const auto back = QuestionVocabulary::load(folder.path("words.txt"));
  REQUIRE(back.size() == vocabulary.size());
  for (std::int32_t i = 0; i < back.size(); ++i) {
    CHECK(back.word(i) == vocabulary.word(i));
  }
}

TEST_CASE("QuestionVocabulary: says what does not fit", "[data][vqa]") {
  CHECK_THROWS_AS(QuestionVocabulary::build(asked({})), InvalidArgument);
  CHECK_THROWS_AS(QuestionVocabulary::build(asked({"a"}), 0), InvalidArgument);
  const TemporaryFolder folder;
  const auto error = [&](const char* content) {
    const std::string path = folder.write("w.txt", content);
    return message_of<FileError>([&] { (void)QuestionVocabulary::load(path); }).substr(path.size());
  };
  CHECK(error("UNK\nPAD\n") == ":1: expected PAD, found \"UNK\"");
  CHECK(error("PAD\n") == ":2: expected UNK, found the end");
}

}  // namespace
}  // namespace attune::data
