#include <random>

#include <catch2/catch.hpp>

#include "data/text/bpe_merger.hpp"
#include "data/text/gpt2_words.hpp"
#include "support/temporary_folder.hpp"
#include "toy_tokenizers.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/byte_bpe.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::byte_vocabulary;
using testing::merges_of;
using testing::reference_tokenizers;
using testing::surfaces;
using testing::written;
using Strings = std::vector<std::string>;

const char* const kBlank = "\xc4\xa0";  // U+0120, a blank as GPT-2 writes it

ByteBpeTokenizer reference_bpe(const ByteBpeOptions& options = {}) {
  return ByteBpeTokenizer(Vocabulary(reference_tokenizers().at("bpe").get<Strings>()),
                          merges_of(reference_tokenizers().at("merges")), options);
}

Strings words_of(std::string_view text) {
  Strings words;
  while (!text.empty()) {
    const std::size_t length = first_gpt2_word(text);
    REQUIRE(length > 0);
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

TEST_CASE("byte-level BPE: pairs are joined by rank, the leftmost first", "[data][text]") {
  const ByteBpeTokenizer tokenizer(byte_vocabulary({"aa", "ab", "aab"}),
                                   {{"a", "a"}, {"a", "b"}, {"aa", "b"}});
  CHECK(written(tokenizer, "aaab") == Strings{"aa", "ab"});  // (aa) then a b
  CHECK(written(tokenizer, "aab") == Strings{"aab"});
  CHECK(written(tokenizer, "ba") == Strings{"b", "a"});
}

TEST_CASE("byte-level BPE: a blank belongs to the word behind it", "[data][text]") {
  const ByteBpeTokenizer tokenizer(byte_vocabulary({std::string(kBlank) + "a"}), {{kBlank, "a"}});
  CHECK(written(tokenizer, "a a  a") ==
        Strings{"a", std::string(kBlank) + "a", kBlank, std::string(kBlank) + "a"});
  CHECK(surfaces(tokenizer, "a a  a") == Strings{"a", " a", " ", " a"});
}

TEST_CASE("byte-level BPE: a blank may be put before the text", "[data][text]") {
  const ByteBpeTokenizer tokenizer(byte_vocabulary({std::string(kBlank) + "a"}), {{kBlank, "a"}},
                                   {.add_prefix_space = true});
  CHECK(written(tokenizer, "a") == Strings{std::string(kBlank) + "a"});
  CHECK(surfaces(tokenizer, "ab") == Strings{"a", "b"});
  CHECK(written(tokenizer, " a") == written(tokenizer, "a"));
  CHECK(tokenizer.encode("").ids.empty());
}

TEST_CASE("gpt2 words: equal those of the regular expression", "[data][text]") {
  for (const auto& one : reference_tokenizers().at("cases")) {
    const std::string text = one.at("text");
    CAPTURE(text);
    CHECK(words_of(text) == one.at("gpt2_words").get<Strings>());
  }
}

TEST_CASE("byte-level BPE: tokens equal those of the plain implementation", "[data][text]") {
  const ByteBpeTokenizer tokenizer = reference_bpe();
  for (int round = 0; round < 2; ++round) {  // the second time from the cache
    for (const auto& one : reference_tokenizers().at("cases")) {
      const std::string text = one.at("text");
      CAPTURE(text, round);
      CHECK(tokenizer.encode(text).ids == one.at("bpe").get<std::vector<std::int32_t>>());
      CHECK(tokenizer.decode(tokenizer.encode(text).ids) == text);
    }
  }
}

TEST_CASE("byte-level BPE: the queue of pairs and the rounds over pieces agree", "[data][text]") {
  BpeMerger merger;  // letters 0 to 2, and everything that two tokens of up to 2 letters give
  std::int32_t next = 3;
  for (std::int32_t left = 0; left < 3; ++left) {
    for (std::int32_t right = 2; right >= 0; --right) {
      REQUIRE(merger.add(left, right, next++));
    }
  }
  for (std::int32_t left = 11; left >= 3; left -= 2) {
    for (std::int32_t right = 3; right < 12; right += 2) {
      REQUIRE(merger.add(left, right, next++));
    }
  }
  REQUIRE_FALSE(merger.add(0, 0, 99));
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::vector<BpePiece> rounds(1 + random() % 70);
    for (BpePiece& piece : rounds) {
      piece.id = static_cast<std::int32_t>(random() % 3);
    }
    std::vector<BpePiece> queue = rounds;
    merger.merge_by_rounds(rounds);
    merger.merge_by_queue(queue);
    REQUIRE(rounds.size() == queue.size());
    for (std::size_t p = 0; p < rounds.size(); ++p) {
      REQUIRE(rounds[p].id == queue[p].id);
      REQUIRE(rounds[p].bytes == queue[p].bytes);
    }
  }
}

TEST_CASE("byte-level BPE: two separators and one token type, as RoBERTa has them",
          "[data][text]") {
  const SequenceForm form = reference_bpe().form();
  CHECK(form.cls == 0);
  CHECK(form.pad == 1);
  CHECK(form.sep == 2);
  CHECK(form.unk == 3);
  CHECK(form.separators_between == 2);
  CHECK(form.second_type == 0);
}

TEST_CASE("byte-level BPE: merges must fit the vocabulary", "[data][text]") {
  CHECK_THROWS_WITH(ByteBpeTokenizer(byte_vocabulary({}), {{"a", "b"}}),
                    Contains("merge of \"a\" and \"b\": expected \"ab\" in the vocabulary"));
  CHECK_THROWS_WITH(ByteBpeTokenizer(Vocabulary({"<s>", "<pad>"}), {}), Contains("<unk>"));
}

TEST_CASE("load_merges: a line that is not two tokens is named", "[data][text]") {
  const testing::TemporaryFolder folder;
  CHECK(load_merges(folder.write("m.txt", "#version: 0.2\na b\r\n\nab c\n")) ==
        std::vector<BpeMerge>{{"a", "b"}, {"ab", "c"}});
  CHECK_THROWS_WITH(
      load_merges(folder.write("m.txt", "a b\nab\n")),
      Contains("m.txt:2: expected two tokens with a blank between them, found \"ab\""));
  CHECK_THROWS_WITH(load_merges(folder.write("m.txt", "a b c\n")), Contains("m.txt:1: "));
}

}  // namespace
}  // namespace attune::data
