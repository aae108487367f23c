// spiece.model was made from sentencepiece_corpus.txt by SentencePiece 0.1.97:
//
//     printf 'FB01\t66 69\n3000\t20\n' >rules.tsv
//     spm_train --input=sentencepiece_corpus.txt --model_prefix=spiece --vocab_size=160
//       --model_type=unigram --character_coverage=1.0 --pad_id=0 --unk_id=1 --bos_id=-1 --eos_id=-1
//       --control_symbols='[CLS],[SEP]' --user_defined_symbols='[MASK]' --hard_vocab_limit=false
//       --normalization_rule_tsv=rules.tsv
//
// Expected pieces are those that spm_encode prints for the text as ALBERT prepares it, the ones
// that end in a digit and a comma cut by hand.

#include <random>

#include <catch2/catch.hpp>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include "toy_tokenizers.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/sentencepiece.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::slurp;
using testing::surfaces;
using testing::written;
using Strings = std::vector<std::string>;

#define NEEDS_SENTENCEPIECE()                                \
  do {                                                       \
    if (!has_sentencepiece()) {                              \
      ATTUNE_SKIP("attune was built without SentencePiece"); \
    }                                                        \
  } while (false)

std::string model_file() {
  return std::string(ATTUNE_TEXT_FILES) + "/spiece.model";
}

SentencePieceTokenizer toy(const SentencePieceOptions& options = {}) {
  return SentencePieceTokenizer(slurp(model_file()), model_file(), options);
}

/// Pieces with _ for U+2581.
Strings pieces(const Tokenizer& tokenizer, const std::string& text) {
  Strings out;
  for (const std::string& piece : written(tokenizer, text)) {
    const bool first = piece.starts_with("\xe2\x96\x81");
    out.push_back((first ? std::string(1, '_') : std::string()).append(piece, first ? 3 : 0));
  }
  return out;
}

TEST_CASE("sentencepiece: pieces equal those of its own command", "[data][text]") {
  NEEDS_SENTENCEPIECE();
  const SentencePieceTokenizer tokenizer = toy();
  CHECK(pieces(tokenizer, "the sailors sold crowns.") ==
        Strings{"_the", "_sailors", "_so", "ld", "_c", "r", "own", "s", "."});
  CHECK(tokenizer.encode("the sailors sold crowns.").ids ==
        std::vector<std::int32_t>{6, 65, 89, 24, 27, 11, 62, 8, 12});
  CHECK(pieces(tokenizer, "what's the bell") == Strings{"_wh", "at", "'", "s", "_the", "_bell"});
  CHECK(tokenizer.encode("").ids.empty());
}

TEST_CASE("sentencepiece: a text is prepared as ALBERT prepares it", "[data][text]") {
  NEEDS_SENTENCEPIECE();
  const SentencePieceTokenizer tokenizer = toy();
  CHECK(pieces(tokenizer, " \t What's  the\nBELL ") == pieces(tokenizer, "what's the bell"));
  CHECK(pieces(tokenizer, "``the bell''") == Strings{"_\"", "the", "_bell", "\""});
  // A dotted capital I, an accent, and a ligature that compatibility takes apart.
  CHECK(pieces(tokenizer, "\xc4\xb0stanbul caf\xc3\xa9 \xef\xac\x81 fi") ==
        Strings{"_i", "s", "t", "an", "b", "u", "l", "_c", "a", "f", "e", "_f", "i", "_f", "i"});
  CHECK(pieces(toy({.lower_case = false}), "BELL") != pieces(tokenizer, "BELL"));
  CHECK(tokenizer.encode("\xc3\xa9").ids != toy({.keep_accents = true}).encode("\xc3\xa9").ids);
}

TEST_CASE("sentencepiece: a number is cut before a comma at its end", "[data][text]") {
  NEEDS_SENTENCEPIECE();
  const SentencePieceTokenizer tokenizer = toy();
  CHECK(pieces(tokenizer, "12,500") == Strings{"_1", "2", ",", "5", "00"});
  CHECK(surfaces(tokenizer, "12,500") == Strings{"1", "2", ",", "5", "00"});
  CHECK(pieces(tokenizer, "and 3, 4") == Strings{"_", "an", "d", "_", "3", ",", "_", "4"});
}

TEST_CASE("sentencepiece: the bytes that tokens stand for are those of the text", "[data][text]") {
  NEEDS_SENTENCEPIECE();
  const SentencePieceTokenizer tokenizer = toy();
  CHECK(surfaces(tokenizer, "The   BELL caf\xc3\xa9") ==
        Strings{"The", " BELL", " c", "a", "f", "\xc3\xa9"});
  const std::string text = "``12,500 Z\xc3\xbcrich, \xef\xac\x81 3, 4,";
  std::int64_t at = 0;
  for (const TextRange& range : tokenizer.encode(text).ranges) {
    CHECK(range.begin >= at);
    CHECK(range.end >= range.begin);
    CHECK(range.end <= std::ssize(text));
    at = range.begin;
  }
}

TEST_CASE("sentencepiece: decoding gives words and blanks back", "[data][text]") {
  NEEDS_SENTENCEPIECE();
  const SentencePieceTokenizer tokenizer = toy();
  std::vector<std::int32_t> ids = {tokenizer.form().cls};
  for (const std::int32_t id : tokenizer.encode("what's the bell").ids) {
    ids.push_back(id);
  }
  ids.push_back(tokenizer.form().sep);
  CHECK(tokenizer.decode(ids) == "what's the bell");
  CHECK(tokenizer.form().mask == 4);
  CHECK_THROWS_WITH(tokenizer.token(-1), Contains("got -1"));
}

TEST_CASE("sentencepiece: a saved tokeniser is loaded with its options", "[data][text]") {
  NEEDS_SENTENCEPIECE();
  const testing::TemporaryFolder folder;
  const SentencePieceTokenizer cased = toy({.lower_case = false, .keep_accents = true});
  cased.save(folder.path());
  const auto loaded = load_tokenizer(folder.path());
  CHECK(loaded->encode("The B\xc3\xa9ll").ids == cased.encode("The B\xc3\xa9ll").ids);
}

TEST_CASE("sentencepiece: what is no model is refused with its name", "[data][text]") {
  NEEDS_SENTENCEPIECE();
  const testing::TemporaryFolder folder;
  for (const std::string& bytes :
       {std::string(), std::string("no model"), std::string(100, '\xff')}) {
    const std::string path = folder.write("spiece.model", bytes);
    CHECK_THROWS_WITH(load_tokenizer(path), Contains("spiece.model: ") && Contains("expected a"));
  }
}

}  // namespace
}  // namespace attune::data
