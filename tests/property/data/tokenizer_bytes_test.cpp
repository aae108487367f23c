// Any bytes are a text: every tokeniser cuts them into tokens of its vocabulary whose ranges lie
// inside the text in its order, the same ones every time.

#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "data/text/byte_characters.hpp"
#include "support/effort.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/byte_bpe.hpp>
#include <attune/data/text/sentencepiece.hpp>
#include <attune/data/text/wordpiece.hpp>
#include <attune/data/text/wordpiece_trainer.hpp>

namespace attune::data {
namespace {

using TokenizerPointer = std::unique_ptr<Tokenizer>;

const char* const kText =
    "The sailors rode the breeze clear of the rocks; what's more, caf\xc3\xa9 "
    "\xe4\xb8\xad\xe6\x96\x87.";

TokenizerPointer byte_bpe() {
  std::vector<std::string> tokens = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"};
  tokens.insert(tokens.end(), byte_characters().begin(), byte_characters().end());
  tokens.insert(tokens.end(), {"aa", "aaaa", "th", "the", "aab"});
  return std::make_unique<ByteBpeTokenizer>(
      Vocabulary(std::move(tokens)),
      std::vector<BpeMerge>{{"a", "a"}, {"aa", "aa"}, {"t", "h"}, {"th", "e"}, {"aa", "b"}});
}

std::vector<TokenizerPointer> tokenizers() {
  std::vector<TokenizerPointer> all;
  WordPieceTrainer trainer({.vocabulary_size = 80});
  trainer.add(kText);
  trainer.add(kText);
  const Vocabulary vocabulary = trainer.train();
  all.push_back(std::make_unique<WordPieceTokenizer>(vocabulary));
  all.push_back(std::make_unique<WordPieceTokenizer>(
      vocabulary, WordPieceOptions{.words = {.lower_case = false, .strip_accents = false}}));
  all.push_back(byte_bpe());
  if (has_sentencepiece()) {
    const std::string path = ATTUNE_SENTENCEPIECE_MODEL;
    all.push_back(std::make_unique<SentencePieceTokenizer>(testing::slurp(path), path));
    all.push_back(std::make_unique<SentencePieceTokenizer>(
        testing::slurp(path), path,
        SentencePieceOptions{.remove_space = false, .keep_accents = true}));
  }
  return all;
}

/// Random bytes, random pieces of UTF-8, and the text with bytes changed.
std::string draw(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {
      "a",        " ",        "the",          "\xcc\x81", "\xcc\xa3",         "\xe4\xb8\xad",
      "\xc4\xb0", "\xf0\x9f", "\xe2\x96\x81", "\xff",     "\xed\xa0\x80",     "\xf4\x90\x80\x80",
      "\n",       "'s",       "##",           "[CLS]",    "\xe1\xad\x84",     "\xe3\x80\xae",
      "1,",       "``",       "\xef\xac\x81", "\x00",     "\xf0\x9d\x85\xa5", "\xe2\x80\xa8"};
  std::string out;
  if (random() % 2 == 0) {
    for (auto n = random() % 40; n > 0; --n) {
      out += random() % 3 == 0 ? std::string(1, static_cast<char>(random() % 256))
                               : kPieces[random() % kPieces.size()];
    }
    return out;
  }
  out = kText;
  for (int i = 0; i < 4; ++i) {
    out[random() % out.size()] = static_cast<char>(random() % 256);
  }
  return out;
}

void check_tokens(const Tokenizer& tokenizer, const std::string& text) {
  const Tokens tokens = tokenizer.encode(text);
  REQUIRE(tokens.ids.size() == tokens.ranges.size());
  std::int64_t begin = 0;
  std::int64_t end = 0;
  for (std::size_t i = 0; i < tokens.ids.size(); ++i) {
    REQUIRE(tokens.ids[i] >= 0);
    REQUIRE(tokens.ids[i] < tokenizer.size());
    REQUIRE(tokens.ranges[i].begin >= begin);
    REQUIRE(tokens.ranges[i].end >= end);
    REQUIRE(tokens.ranges[i].end <= std::ssize(text));
    begin = tokens.ranges[i].begin;
    end = tokens.ranges[i].end;
  }
  REQUIRE(tokenizer.encode(text).ids == tokens.ids);
  (void)tokenizer.decode(tokens.ids);
}

TEST_CASE("tokenisers: any bytes are cut into tokens with ranges in order", "[data][property]") {
  std::mt19937 random(20261121);
  const std::vector<TokenizerPointer> all = tokenizers();
  for (int i = 0; i < 3000; ++i) {
    const std::string text = draw(random);
    for (std::size_t t = 0; t < all.size(); ++t) {
      CAPTURE(t, text);
      check_tokens(*all[t], text);
    }
  }
}

TEST_CASE("byte-level BPE: any bytes come back", "[data][property]") {
  std::mt19937 random(7);
  const TokenizerPointer tokenizer = byte_bpe();
  for (int i = 0; i < 3000; ++i) {
    const std::string text = draw(random);
    CAPTURE(text);
    REQUIRE(tokenizer->decode(tokenizer->encode(text).ids) == text);
  }
}

TEST_CASE("tokenisers: lines of megabytes are cut", "[data][property]") {
  constexpr std::size_t kLength = testing::tries(10'000'000);
  std::string marks;  // accents that change places: no insertion sort over the line
  while (marks.size() < kLength / 10) {
    marks += "\xcc\x81\xcc\xa3\xe3\x80\xae\xe1\xad\x84";
  }
  const std::vector<TokenizerPointer> all = tokenizers();
  for (const std::size_t t :
       {std::size_t{0}, std::size_t{2}, std::size_t{3}}) {  // one of each kind
    for (const std::string& line :
         {std::string(kLength, 'a'), std::string(kLength / 10, '\xff'), marks}) {
      CHECK(all[t % all.size()]->encode(line).ids.size() <= line.size());
    }
  }
}

TEST_CASE("tokenisers: several threads get what one gets", "[data][property]") {
  for (const TokenizerPointer& tokenizer : tokenizers()) {
    std::vector<std::string> texts;
    std::mt19937 random(3);
    for (int i = 0; i < 400; ++i) {
      texts.push_back(draw(random));
    }
    std::vector<std::vector<std::int32_t>> found(4 * texts.size());
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < texts.size(); ++i) {
          found[t * texts.size() + i] = tokenizer->encode(texts[i]).ids;
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      REQUIRE(found[i] == tokenizer->encode(texts[i % texts.size()]).ids);
    }
  }
}

TEST_CASE("sentencepiece: models with bytes changed are refused or work", "[data][property]") {
  if (!has_sentencepiece()) {
    SUCCEED("built without SentencePiece");
    return;
  }
  const std::string whole = testing::slurp(ATTUNE_SENTENCEPIECE_MODEL);
  std::mt19937 random(11);
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = i % 4 == 0 ? whole.substr(0, random() % whole.size()) : whole;
    for (auto changes = 1 + random() % 3; changes > 0 && !damaged.empty(); --changes) {
      damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
    }
    try {
      const SentencePieceTokenizer tokenizer(damaged, "damaged.model");
      check_tokens(tokenizer, kText);
    } catch (const FileError& error) {
      ++refused;
      CHECK(error.path() == "damaged.model");
    }
  }
  CHECK(refused > 50);
}

}  // namespace
}  // namespace attune::data
