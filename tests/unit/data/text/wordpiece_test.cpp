#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "toy_tokenizers.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/wordpiece.hpp>
#include <attune/data/text/wordpiece_trainer.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::bert_vocabulary;
using testing::reference_tokenizers;
using testing::surfaces;
using testing::written;
using Strings = std::vector<std::string>;

Strings words_of(const std::string& text, const BertWordOptions& options = {}) {
  Strings words;
  for_each_bert_word(text, options, 1000, [&](std::string_view word, std::span<const TextRange> s) {
    REQUIRE(s.size() == word.size());
    words.emplace_back(word);
  });
  return words;
}

TEST_CASE("wordpiece: the longest piece is taken, from the left", "[data][text]") {
  const WordPieceTokenizer tokenizer(bert_vocabulary(
      {"un", "##aff", "##able", "##a", "##ble", "aff", "u", "##n", "want", "##ed"}));
  CHECK(written(tokenizer, "UNaffable") == Strings{"un", "##aff", "##able"});
  CHECK(written(tokenizer, "wanted un want") == Strings{"want", "##ed", "un", "want"});
  CHECK(surfaces(tokenizer, " UNaffable ") == Strings{"UN", "aff", "able"});
}

TEST_CASE("wordpiece: a word that cannot be cut to its end is unknown as a whole", "[data][text]") {
  const WordPieceTokenizer tokenizer(bert_vocabulary({"un", "##able", "."}));
  CHECK(written(tokenizer, "unaff unable.") == Strings{"[UNK]", "un", "##able", "."});
  CHECK(surfaces(tokenizer, "unaff unable.") == Strings{"unaff", "un", "able", "."});
}

TEST_CASE("wordpiece: words of more than a hundred characters are unknown", "[data][text]") {
  const WordPieceTokenizer tokenizer(bert_vocabulary({"\xc3\xa9", "##\xc3\xa9"}),
                                     {.words = {.strip_accents = false}});
  std::string word;
  for (int i = 0; i < 100; ++i) {
    word += "\xc3\x89";  // a capital e with an acute accent: two bytes, one character
  }
  CHECK(tokenizer.encode(word).ids.size() == 100);
  const Tokens longer = tokenizer.encode(word + "\xc3\x89 x");
  CHECK(longer.ids == std::vector<std::int32_t>{1, 1});
  CHECK(longer.ranges[0] == TextRange{.begin = 0, .end = 202});
}

TEST_CASE("wordpiece: special tokens in a text are text", "[data][text]") {
  const WordPieceTokenizer tokenizer(bert_vocabulary({"[", "]", "mask"}));
  CHECK(written(tokenizer, "[MASK]") == Strings{"[", "mask", "]"});
}

TEST_CASE("wordpiece: what accents come from is known", "[data][text]") {
  const WordPieceTokenizer tokenizer(bert_vocabulary({"ca", "##fe", "!"}));
  CHECK(written(tokenizer, "Caf\xc3\xa9!") == Strings{"ca", "##fe", "!"});
  CHECK(surfaces(tokenizer, "Caf\xc3\xa9!") == Strings{"Ca", "f\xc3\xa9", "!"});
}

TEST_CASE("bert words: bytes that are not UTF-8 and controls are dropped", "[data][text]") {
  CHECK(words_of("a\xff\x62 \xc3 \x01") == Strings{"ab"});
  CHECK(words_of(std::string("a\0b", 3)) == Strings{"ab"});
  CHECK(words_of("").empty());
}

TEST_CASE("bert words: marks keep their canonical order where accents stay", "[data][text]") {
  // U+0041 with U+302E (class 224) and U+1B44 (class 9), both spacing: in NFD the 9 comes first.
  CHECK(words_of("A\xe3\x80\xae\xe1\xad\x84") == Strings{"a\xe1\xad\x84\xe3\x80\xae"});
}

TEST_CASE("bert words: equal those of the plain implementation", "[data][text]") {
  for (const auto& one : reference_tokenizers().at("cases")) {
    const std::string text = one.at("text");
    CAPTURE(text);
    CHECK(words_of(text) == one.at("bert_words").get<Strings>());
  }
}

TEST_CASE("wordpiece: tokens equal those of the plain implementation", "[data][text]") {
  const Vocabulary vocabulary(reference_tokenizers().at("wordpiece").get<Strings>());
  const auto check = [&](const char* name, const BertWordOptions& words) {
    const WordPieceTokenizer tokenizer(vocabulary, {.words = words});
    for (int round = 0; round < 2; ++round) {  // the second time from the cache
      for (const auto& one : reference_tokenizers().at("cases")) {
        const std::string text = one.at("text");
        CAPTURE(name, text, round);
        CHECK(tokenizer.encode(text).ids == one.at(name).get<std::vector<std::int32_t>>());
      }
    }
  };
  check("uncased", {});
  check("cased", {.lower_case = false, .strip_accents = false});
  check("no_chinese", {.strip_accents = false, .chinese_chars = false});
}

TEST_CASE("wordpiece: decoding joins pieces and leaves special tokens out", "[data][text]") {
  const WordPieceTokenizer tokenizer(bert_vocabulary({"un", "##able", "."}));
  const std::vector<std::int32_t> ids = {2, 5, 6, 7, 1, 3, 0};
  CHECK(tokenizer.decode(ids) == "unable . [UNK]");
  CHECK_THROWS_WITH(tokenizer.decode(std::vector<std::int32_t>{8}), Contains("[0, 8), got 8"));
  CHECK(tokenizer.continues_word(6));
  CHECK_FALSE(tokenizer.continues_word(5));
}

TEST_CASE("wordpiece: a vocabulary needs its special tokens", "[data][text]") {
  CHECK_THROWS_WITH(WordPieceTokenizer(Vocabulary({"[PAD]", "[UNK]", "[CLS]", "a"})),
                    Contains("expected a vocabulary with [SEP], found none"));
  CHECK_THROWS_WITH(WordPieceTokenizer(bert_vocabulary({"a"}), {.max_characters = 0}),
                    Contains("max_characters must be in [1, 10000], got 0"));
}

TEST_CASE("wordpiece trainer: the most frequent pair becomes a piece first", "[data][text]") {
  // ab comes 5 times at a beginning, cd 3 times inside: a b -> ab (5), c d -> cd (3), then ab cd
  // (3).
  WordPieceTrainer trainer({.vocabulary_size = 100, .min_frequency = 3});
  trainer.add("abcd abcd");
  trainer.add("ABCD ab ab x");
  const Vocabulary vocabulary = trainer.train();
  CHECK(vocabulary.tokens() == Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c",
                                       "d", "x", "##a", "##b", "##c", "##d", "##x", "ab", "##cd",
                                       "abcd"});
}

TEST_CASE("wordpiece trainer: the order of texts does not matter, and the size is kept",
          "[data][text]") {
  const Strings texts = {"the sailors rode the breeze", "clear of the rocks", "the weights made",
                         "the rope stretch over the pulley"};
  WordPieceTrainer forward({.vocabulary_size = 60, .min_frequency = 1});
  WordPieceTrainer backward({.vocabulary_size = 60, .min_frequency = 1});
  for (std::size_t i = 0; i < texts.size(); ++i) {
    forward.add(texts[i]);
    backward.add(texts[texts.size() - 1 - i]);
  }
  CHECK(forward.train().tokens() == backward.train().tokens());
  CHECK(forward.train().size() == 60);
  CHECK(forward.train().find("the").has_value());
}

TEST_CASE("wordpiece trainer: what is trained cuts its texts without unknown words",
          "[data][text]") {
  WordPieceTrainer trainer({.vocabulary_size = 200});
  const std::string text = "How much wood would a woodchuck chuck if a woodchuck could chuck wood?";
  trainer.add(text);
  const WordPieceTokenizer tokenizer(trainer.train());
  CHECK(written(tokenizer, "woodchuck") == Strings{"woodchuck"});
  for (const std::string& piece : written(tokenizer, text)) {
    CHECK(piece != "[UNK]");
  }
}

TEST_CASE("wordpiece trainer: nothing to train on and options out of range are refused",
          "[data][text]") {
  CHECK_THROWS_WITH(WordPieceTrainer().train(), Contains("at least one word, got none"));
  CHECK_THROWS_WITH(WordPieceTrainer({.vocabulary_size = 4}), Contains("vocabulary_size"));
  CHECK_THROWS_WITH(WordPieceTrainer({.min_frequency = 0}), Contains("min_frequency"));
}

}  // namespace
}  // namespace attune::data
