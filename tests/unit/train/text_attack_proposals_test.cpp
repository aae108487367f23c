#include <algorithm>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/wordpiece.hpp>
#include <attune/train/text_attack.hpp>

namespace attune::train {
namespace {

using Catch::Contains;
using testing::TemporaryFolder;

const std::vector<std::string> kTokens{"[PAD]",  "[UNK]", "[CLS]", "[SEP]",
                                       "[MASK]", "a",     "good",  "plot",
                                       "##ting", "1990",  "-",     "caf\xc3\xa9"};

/// A masked language model of a few words that takes 8 tokens, with weights drawn.
SavedMaskedLanguage small_model(const TemporaryFolder& folder,
                                std::vector<std::string> tokens = kTokens) {
  TextConfig config;
  config.encoder = {.vocabulary = std::ssize(tokens),
                    .embedding_channels = 8,
                    .channels = 8,
                    .layers = 1,
                    .heads = 2,
                    .intermediate_channels = 16,
                    .max_positions = 8};
  nn::Initializer init(1);
  models::MaskedLanguageModel model(config.encoder, init);
  testing::randomize(model, 3);
  save_pretrained(model, config, folder.path());
  data::WordPieceTokenizer(data::Vocabulary(std::move(tokens))).save(folder.path());
  return SavedMaskedLanguage(folder.path());
}

TEST_CASE("propose_words: whole words of letters and nothing else", "[train][attack]") {
  const TemporaryFolder folder;
  const SavedMaskedLanguage model = small_model(folder);
  std::vector<std::string> words;
  double sum = 0;
  double last = 1;
  for (const ProposedWord& proposed : propose_words(model)("a ", " plot")) {
    words.push_back(proposed.word);
    sum += proposed.probability;
    CHECK(proposed.probability <= last);
    last = proposed.probability;
  }
  std::sort(words.begin(), words.end());
  CHECK(words == std::vector<std::string>{"a", "caf\xc3\xa9", "good", "plot"});
  CHECK(sum < 1);
}

TEST_CASE("propose_words: is what the model says of a mask at that place", "[train][attack]") {
  const TemporaryFolder folder;
  const SavedMaskedLanguage model = small_model(folder);
  const data::EncodedText masked{.tokens = {2, 5, 4, 7, 3}, .types = {0, 0, 0, 0, 0}};
  const std::int32_t place = 2;
  const std::vector<TokenProposal> tokens = model.proposals({&masked, 1}, {&place, 1}, 12).front();
  const std::vector<ProposedWord> words = propose_words(model)("a ", " plot");
  const auto good =
      std::find_if(tokens.begin(), tokens.end(), [](const auto& t) { return t.token == 6; });
  const auto word =
      std::find_if(words.begin(), words.end(), [](const auto& w) { return w.word == "good"; });
  REQUIRE(good != tokens.end());
  REQUIRE(word != words.end());
  CHECK(word->probability == good->probability);
  CHECK(propose_words(model, 1)("a ", " plot").size() <= 1);
}

TEST_CASE("propose_words: of a text that is too long the part around the place counts",
          "[train][attack]") {
  const TemporaryFolder folder;
  const SavedMaskedLanguage model = small_model(folder);
  const MaskedProposer propose = propose_words(model);
  const auto first = [&](const std::string& before, const std::string& after) {
    const std::vector<ProposedWord> words = propose(before, after);
    return std::pair(words.front().word, words.front().probability);
  };
  // Room for five tokens: two or three on a side, more where the other has fewer.
  CHECK(first("plot plot plot a a a ", " good good plot plot") == first("a a a ", " good good"));
  CHECK(first("a ", " good good good good plot") == first("a ", " good good good good"));
  CHECK(first("plot a a a a a ", "") == first("a a a a a ", ""));
  CHECK(first("plot a a a a ", " good") == first("a a a a ", " good"));
}

TEST_CASE("propose_words: says what the model lacks", "[train][attack]") {
  const TemporaryFolder folder;
  const SavedMaskedLanguage model = small_model(folder);
  CHECK_THROWS_WITH(propose_words(model, 0), Contains("count must be at least 1, got 0"));
  const TemporaryFolder other;
  const SavedMaskedLanguage maskless =
      small_model(other, {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "good"});
  CHECK_THROWS_WITH(propose_words(maskless), Contains("no token that masks"));
}

}  // namespace
}  // namespace attune::train
