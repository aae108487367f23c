#include <cstdlib>
#include <optional>

#include <catch2/catch.hpp>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/synonyms.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using Catch::Equals;
using testing::TemporaryFolder;

std::string neighbours_error(const std::string& json) {
  try {
    (void)decode_word_neighbours(json, "words.json");
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

std::string pairs_error(const std::string& bytes) {
  try {
    (void)decode_word_pairs(bytes, "pairs.txt");
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

Synonyms boats() {
  const std::vector<WordPair> antonyms{{"calm", "stormy"}};
  return {decode_word_neighbours(
              R"({"boat": ["ship", "vessel", "dinghy", "raft"], "ship": ["boat"], "an": []})", "-"),
          antonyms};
}

TEST_CASE("decode_word_neighbours: keeps the order of the neighbours", "[data][text]") {
  const std::vector<WordNeighbours> words =
      decode_word_neighbours("{\"b\": [\"z\", \"a\"], \"caf\\u00e9\": []}", "words.json");
  REQUIRE(words.size() == 2);
  CHECK(words[0].word == "b");
  CHECK(words[0].neighbours == std::vector<std::string>{"z", "a"});
  CHECK(words[1].word == "caf\xc3\xa9");
  CHECK(words[1].neighbours.empty());
}

TEST_CASE("decode_word_neighbours: says which word is malformed and how", "[data][text]") {
  CHECK_THAT(neighbours_error("[1]"),
             Equals("words.json: expected an object of words, found a list of 1"));
  CHECK_THAT(neighbours_error("{\"a\": 3}"),
             Equals("words.json: word \"a\": expected a list of neighbours, found 3"));
  CHECK_THAT(neighbours_error("{\"a\": [null]}"),
             Equals("words.json: word \"a\": expected neighbours that are words, found null"));
  CHECK_THAT(neighbours_error("{\"a\": [\"b\", \"b\"]}"),
             Contains("expected different neighbours, found \"b\" twice"));
  CHECK_THAT(neighbours_error("{\"a\": [\"a\"]}"), Contains("found \"a\" twice"));
  CHECK_THAT(neighbours_error("{\"a\": [\"b c\"]}"), Contains("expected one word, found \"b c\""));
  CHECK_THAT(neighbours_error("{\"a\": [\"\"]}"), Contains("found an empty one"));
  CHECK_THAT(neighbours_error("{\"\": []}"), Contains("word \"\": expected a word"));
  CHECK_THAT(neighbours_error(core::text("{\"a\": [\"", std::string(129, 'x'), "\"]}")),
             Contains("at most 128 bytes, found 129"));
  CHECK_THAT(neighbours_error("{\"a\": [],\n\"a\": []}"), Contains("comes twice"));
  CHECK_THAT(neighbours_error("{\"a\": [],\n\"b\": ["), Contains("words.json:2: not JSON"));
  CHECK_THAT(neighbours_error("{\"a\": [\"\xff\"]}"), Contains("words.json:1: not JSON"));
}

TEST_CASE("decode_word_neighbours: a word has at most 1024 neighbours", "[data][text]") {
  const auto list = [](int count) {
    std::string json = "{\"a\": [\"n0\"";
    for (int i = 1; i < count; ++i) {
      json += ", \"n" + std::to_string(i) + "\"";
    }
    return json + "]}";
  };
  CHECK(decode_word_neighbours(list(1024), "-")[0].neighbours.size() == 1024);
  CHECK_THAT(neighbours_error(list(1025)), Contains("at most 1024 neighbours, found 1025"));
}

TEST_CASE("decode_word_pairs: takes pairs as they come and leaves out a word with itself",
          "[data][text]") {
  const std::vector<WordPair> pairs = decode_word_pairs(
      "\xef\xbb\xbf"
      "big  small\r\n\nsame same\nhot\tcold\nbig small\n",
      "-");
  CHECK(pairs == std::vector<WordPair>{{"big", "small"}, {"hot", "cold"}, {"big", "small"}});
}

TEST_CASE("decode_word_pairs: errors name the line", "[data][text]") {
  CHECK_THAT(pairs_error("a b\nc\n"), Equals("pairs.txt:2: expected 2 fields, found 1"));
  CHECK_THAT(pairs_error("a b c\n"), Equals("pairs.txt:1: expected 2 fields, found 3"));
  CHECK_THAT(pairs_error("\na \xff\n"), Contains("pairs.txt:2: expected UTF-8"));
  CHECK_THAT(pairs_error(core::text("a ", std::string(200, 'b'))),
             Contains("at most 128 bytes, found 200"));
}

TEST_CASE("Synonyms: similarity falls with the rank to one half at the last place there is",
          "[data][text]") {
  const Synonyms synonyms = boats();
  const std::span<const Synonym> near = synonyms.of("Boat");
  REQUIRE(near.size() == 4);
  CHECK(near[0] == Synonym{"ship", 0.875});
  CHECK(near[1] == Synonym{"vessel", 0.75});
  CHECK(near[2] == Synonym{"dinghy", 0.625});
  CHECK(near[3] == Synonym{"raft", 0.5});
  CHECK(synonyms.of("ship")[0] == Synonym{"boat", 0.875});
  CHECK(synonyms.of("an").empty());
  CHECK(synonyms.of("unheard").empty());
  CHECK(synonyms.size() == 3);
}

TEST_CASE("Synonyms: similarity of a pair does not ask which word comes first", "[data][text]") {
  const Synonyms synonyms = boats();
  CHECK(synonyms.similarity("Boat", "boat") == 1);
  CHECK(synonyms.similarity("raft", "boat") == 0.5);
  CHECK(synonyms.similarity("boat", "raft") == 0.5);
  CHECK(synonyms.similarity("boat", "sea") == 0);
}

TEST_CASE("Synonyms: antonyms hold in both orders and in any case", "[data][text]") {
  const Synonyms synonyms = boats();
  CHECK(synonyms.opposite("calm", "Stormy"));
  CHECK(synonyms.opposite("STORMY", "calm"));
  CHECK_FALSE(synonyms.opposite("calm", "boat"));
}

TEST_CASE("Synonyms: paraphrases come behind the neighbours and once", "[data][text]") {
  Synonyms synonyms = boats();
  const std::vector<WordPair> pairs{
      {"ship", "boat"}, {"ship", "liner"}, {"ship", "liner"}, {"sea", "ocean"}};
  synonyms.add_paraphrases(pairs);
  REQUIRE(synonyms.of("ship").size() == 2);
  CHECK(synonyms.of("ship")[1] == Synonym{"liner", 0.5});
  CHECK(synonyms.of("sea")[0] == Synonym{"ocean", 0.5});
}

TEST_CASE("Synonyms: a word may be given once", "[data][text]") {
  const std::vector<WordNeighbours> words{{.word = "Sea"}, {.word = "sea"}};
  CHECK_THROWS_AS(Synonyms(words, {}), InvalidArgument);
}

/// Without ATTUNE_DATA, whose files would stand in for those that are missing.
class NoDataFolder {
 public:
  NoDataFolder() { ::unsetenv("ATTUNE_DATA"); }
  ~NoDataFolder() {
    if (before_) {
      ::setenv("ATTUNE_DATA", before_->c_str(), 1);
    }
  }
  NoDataFolder(const NoDataFolder&) = delete;
  NoDataFolder& operator=(const NoDataFolder&) = delete;

 private:
  std::optional<std::string> before_ = testing::data_folder();
};

TEST_CASE("load_synonyms: reads the folder of the data and says what is missing", "[data][text]") {
  const NoDataFolder alone;
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(
      load_synonyms(folder.path()),
      Contains("synonyms/counterfitted_neighbors.json: not found in " + folder.path()));
  folder.write("synonyms/counterfitted_neighbors.json", "{\"sea\": [\"ocean\"]}");
  CHECK_THROWS_WITH(load_synonyms(folder.path()), Contains("wordnet_antonyms.txt"));
  folder.write("synonyms/wordnet_antonyms.txt", "calm stormy\n");
  const LoadedSynonyms plain = load_synonyms(folder.path());
  CHECK(plain.synonyms.of("sea").size() == 1);
  CHECK(plain.synonyms.opposite("stormy", "calm"));
  CHECK(plain.source == folder.path() + "/synonyms");
  CHECK(plain.sha256.size() == 64);
  CHECK_THROWS_WITH(load_synonyms(folder.path(), true), Contains("ppdb_synonyms.txt"));
  folder.write("synonyms/ppdb_synonyms.txt", "sea waters\n");
  const LoadedSynonyms more = load_synonyms(folder.path(), true);
  CHECK(more.synonyms.of("sea").size() == 2);
  CHECK(more.sha256 != plain.sha256);
  folder.write("synonyms/counterfitted_neighbors.json", "{\"sea\": [], \"Sea\": []}");
  CHECK_THROWS_AS(load_synonyms(folder.path()), FileError);
}

TEST_CASE("load_synonyms: counts of the published files", "[data][text]") {
  const auto data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const LoadedSynonyms loaded = load_synonyms(*data);
  CHECK(loaded.synonyms.size() == 49975);
  REQUIRE(loaded.synonyms.of("movie").size() == 8);
  CHECK(loaded.synonyms.of("movie")[0] == Synonym{"film", 0.9375});
  CHECK(loaded.synonyms.opposite("lifting", "descend"));
}

}  // namespace
}  // namespace attune::data
