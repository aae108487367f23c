#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "toy_tokenizers.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/tokenizer.hpp>
#include <attune/data/text/vocabulary.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using nlohmann::json;
using testing::bert_vocabulary;
using testing::byte_vocabulary;
using testing::TemporaryFolder;
using testing::written;
using Strings = std::vector<std::string>;

const char* const kVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nA\na\n\xc3\xa9\ne\n";

TEST_CASE("load_tokenizer: vocab.txt is BERT's, in lower case unless the config says otherwise",
          "[data][text]") {
  const TemporaryFolder folder;
  folder.write("vocab.txt", kVocab);
  CHECK(written(*load_tokenizer(folder.path()), "A \xc3\xa9") == Strings{"a", "e"});
  folder.write("tokenizer_config.json", R"({"do_lower_case": false, "model_max_length": 1e30})");
  CHECK(written(*load_tokenizer(folder.path("vocab.txt")), "A \xc3\xa9") ==
        Strings{"A", "\xc3\xa9"});
  folder.write("tokenizer_config.json", R"({"strip_accents": false})");
  CHECK(written(*load_tokenizer(folder.path()), "A \xc3\x89") == Strings{"a", "\xc3\xa9"});
}

TEST_CASE("tokenisers come back from the files that they are saved to", "[data][text]") {
  const std::string text = "A caf\xc3\xa9, \xe4\xb8\xad 's";
  const auto check = [&](const Tokenizer& tokenizer) {
    const TemporaryFolder folder;
    tokenizer.save(folder.path());
    const auto loaded = load_tokenizer(folder.path());
    CHECK(loaded->size() == tokenizer.size());
    CHECK(loaded->encode(text).ids == tokenizer.encode(text).ids);
    CHECK(loaded->encode(text).ranges == tokenizer.encode(text).ranges);
  };
  check(WordPieceTokenizer(bert_vocabulary({"A", "a", ",", "\xc3\xa9", "caf", "##\xc3\xa9"}),
                           {.words = {.lower_case = false, .strip_accents = false}}));
  check(WordPieceTokenizer(bert_vocabulary({"a", ",", "cafe"})));
  check(ByteBpeTokenizer(byte_vocabulary({"ca", "caf", "\"\\"}),
                         {{"c", "a"}, {"ca", "f"}, {"\"", "\\"}}, {.add_prefix_space = true}));
}

TEST_CASE("load_tokenizer: tokenizer.json of WordPiece and of byte-level BPE", "[data][text]") {
  const TemporaryFolder folder;
  const json wordpiece = {
      {"normalizer", {{"type", "BertNormalizer"}, {"lowercase", true}, {"strip_accents", nullptr}}},
      {"added_tokens", {{{"id", 4}, {"content", "[MASK]"}}, {{"id", 0}, {"content", "[PAD]"}}}},
      {"model",
       {{"type", "WordPiece"},
        {"vocab", {{"[PAD]", 0}, {"[UNK]", 1}, {"[CLS]", 2}, {"[SEP]", 3}, {"a", 5}}}}}};
  CHECK(written(*load_tokenizer(folder.write("tokenizer.json", wordpiece.dump())), "A b") ==
        Strings{"a", "[UNK]"});

  json vocabulary = json::object();
  const Vocabulary tokens = byte_vocabulary({"ab", "abc"});
  for (std::int32_t id = 0; id < tokens.size(); ++id) {
    vocabulary[tokens.token(id)] = id;
  }
  const json bpe = {{"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
                    {"model",
                     {{"type", "BPE"},
                      {"vocab", vocabulary},
                      {"merges", json::array({"a b", json::array({"ab", "c"})})}}}};
  CHECK(written(*load_tokenizer(folder.write("tokenizer.json", bpe.dump())), "abcd") ==
        Strings{"abc", "d"});
}

TEST_CASE("load_tokenizer: errors name file, place, what was expected and what was found",
          "[data][text]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(load_tokenizer(folder.path()), Contains("expected vocab.txt, vocab.json"));
  CHECK_THROWS_WITH(load_tokenizer(folder.path("nothing")), Contains("nothing: expected a folder"));
  const auto error_of = [&](const char* name, const std::string& content) -> std::string {
    const TemporaryFolder own;
    own.write("merges.txt", "");
    try {
      (void)load_tokenizer(own.write(name, content));
    } catch (const FileError& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK_THAT(error_of("vocab.txt", ""), Contains("vocab.txt: expected a token a line, found none"));
  CHECK_THAT(error_of("vocab.txt", "[PAD]\na\nb\na\n"),
             Contains("vocab.txt:4: expected a new token, found \"a\" of line 2 again"));
  CHECK_THAT(error_of("vocab.txt", "a\n\xff\n"),
             Contains("vocab.txt:2: expected a token in UTF-8, found \"\\xff\""));
  CHECK_THAT(error_of("vocab.txt", "[PAD]\n"), Contains("vocab.txt: ") && Contains("[UNK]"));
  CHECK_THAT(error_of("vocab.json", "{\"a\": 0,\n\n}"), Contains("vocab.json:3: not JSON"));
  CHECK_THAT(error_of("vocab.json", "[]"), Contains("expected an object from token to number"));
  CHECK_THAT(error_of("vocab.json", R"({"a": 0, "b": 5})"),
             Contains("\"b\": expected a number from 0 to 1, found 5"));
  CHECK_THAT(error_of("vocab.json", R"({"a": 0, "b": 0})"), Contains("number 0 stands for"));
  CHECK_THAT(error_of("vocab.json", R"({"a": 0, "a": 1})"), Contains("comes twice"));
  CHECK_THAT(error_of("vocab.json", R"({"a": -1})"), Contains("found -1"));
  CHECK_THAT(error_of("tokenizer.json", ""), Contains("expected JSON, found nothing"));
  CHECK_THAT(error_of("tokenizer.json", R"({"model": {"type": "Unigram"}})"),
             Contains("expected WordPiece or BPE, found \"Unigram\"") && Contains("spiece.model"));
  CHECK_THAT(error_of("tokenizer.json", std::string(100, '[')), Contains("tokenizer.json"));
}

}  // namespace
}  // namespace attune::data
