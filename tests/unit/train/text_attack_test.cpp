#include <cmath>
#include <map>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/train/text_attack.hpp>

namespace attune::train {
namespace {

using Catch::Contains;
using core::Tensor;
using data::Synonyms;
using data::TextExample;
using data::WordNeighbours;
using data::WordPair;

/// A bag of words: the probability of class 1 is the logistic function of the sum of the weights of
/// the words between blanks, in lower case already.
class BagOfWords {
 public:
  explicit BagOfWords(std::map<std::string, double> weights, bool of_second = false)
      : weights_(std::move(weights)), of_second_(of_second) {}

  Tensor operator()(std::span<const TextInput> texts) const {
    std::vector<float> p;
    for (const TextInput& input : texts) {
      const double positive = 1 / (1 + std::exp(-score(of_second_ ? input.second : input.first)));
      p.push_back(static_cast<float>(1 - positive));
      p.push_back(static_cast<float>(positive));
    }
    return Tensor::from(p, {std::ssize(texts), 2});
  }

 private:
  [[nodiscard]] double score(const std::string& text) const {
    double sum = 0;
    std::string word;
    for (const char c : text + " ") {
      if (c != ' ') {
        word += c;
        continue;
      }
      const auto found = weights_.find(word);
      sum += found == weights_.end() ? 0 : found->second;
      word.clear();
    }
    return sum;
  }

  std::map<std::string, double> weights_;
  bool of_second_;
};

Synonyms synonyms() {
  const std::vector<WordNeighbours> neighbours{
      {.word = "good", .neighbours = {"fine", "nice", "decent", "bad", "well", "goods"}},
      {.word = "plot", .neighbours = {"story"}},
      {.word = "charming", .neighbours = {"lovely", "winning"}}};
  const std::vector<WordPair> antonyms{{"bad", "good"}};
  return {neighbours, antonyms};
}

TextExample positive(const std::string& text) {
  return {.first = text, .label = 1};
}

const std::map<std::string, double> kWeights{
    {"good", 2},  {"Good", 2}, {"Fine", 1},      {"plot", 0.5}, {"fine", 1},   {"decent", -1},
    {"nice", -1}, {"bad", -9}, {"story", -0.25}, {"well", -9},  {"goods", -9}, {"the", 3}};

TextAttackResult fool(const std::string& text, TextAttackOptions options = {},
                      std::map<std::string, double> weights = kWeights) {
  const Synonyms words = synonyms();
  return TextAttack(options, words).attack(positive(text), 0, BagOfWords(std::move(weights)));
}

TEST_CASE("TextAttack: textfooler takes the nearest synonym that fools", "[train][attack]") {
  // good 2 + plot 0.5 = 2.5. nice and decent both give -0.5; nice is nearer. bad is an antonym,
  // well a different story for a tagger but not for an ending, goods another ending.
  const TextAttackResult result = fool("a good plot , it is");
  CHECK(result.outcome == AttackOutcome::succeeded);
  // "well" scores lowest but is the fifth of six neighbours, nice the second.
  CHECK(result.perturbed == "a nice plot , it is");
  CHECK(result.original == "a good plot , it is");
  CHECK(result.predicted_before == 1);
  CHECK(result.predicted_after == 0);
  CHECK(result.before[1] == Approx(1 / (1 + std::exp(-2.5))));
  CHECK(result.after[1] == Approx(1 / (1 + std::exp(0.5))));
  REQUIRE(result.changes.size() == 1);
  CHECK(result.changes[0].word == 1);
  CHECK(result.changes[0].before == "good");
  CHECK(result.changes[0].after == "nice");
  CHECK(result.num_words == 5);
  // The text, two words that are not stop words, and four candidates of good: fine, nice, decent,
  // well.
  CHECK(result.queries == 1 + 2 + 4);
  CHECK(result.similarity == Approx((4 + (1 - 2.0 / 12)) / 5));
  CHECK(result.marked_original == "a [[good]] plot , it is");
  CHECK(result.marked_perturbed == "a [[nice]] plot , it is");
}

TEST_CASE("TextAttack: keeps the worst synonym and goes on to the next word", "[train][attack]") {
  // good 3 -> fine 1 is the best there is; then plot 0.5 -> story -2 fools.
  const std::map<std::string, double> weights{{"good", 3},   {"fine", 1},   {"nice", 2},
                                              {"decent", 2}, {"well", 2.5}, {"plot", 0.5},
                                              {"story", -2}};
  const TextAttackResult result = fool("good plot", {.max_changed = 1}, weights);
  CHECK(result.outcome == AttackOutcome::succeeded);
  CHECK(result.perturbed == "fine story");
  // well, the fifth of six neighbours, would leave the mean of two words at 0.79, below 0.8.
  CHECK(result.queries == 1 + 2 + 3 + 1);
  CHECK(fool("good plot", {.max_changed = 0.5}, weights).outcome == AttackOutcome::failed);
  const TextAttackResult far =
      fool("good plot", {.max_changed = 1, .min_similarity = 0.95}, weights);
  CHECK(far.outcome == AttackOutcome::failed);
  CHECK(far.perturbed == "fine plot");
}

TEST_CASE("TextAttack: a word that lowers nothing stays", "[train][attack]") {
  const TextAttackResult result =
      fool("good plot", {}, {{"good", 1}, {"fine", 2}, {"nice", 2}, {"decent", 2}, {"well", 2}});
  CHECK(result.outcome == AttackOutcome::failed);
  CHECK(result.perturbed == "good plot");
  CHECK(result.changes.empty());
  CHECK(result.similarity == 1);
}

TEST_CASE("TextAttack: antonyms and other endings are candidates of nobody", "[train][attack]") {
  const std::map<std::string, double> weights{
      {"good", 1}, {"plot", 0.5}, {"story", 0.5}, {"bad", -9}, {"goods", -9}};
  CHECK(fool("good plot", {.min_similarity = 0}, weights).outcome == AttackOutcome::failed);
  const TextAttackResult any_form =
      fool("good plot", {.min_similarity = 0, .same_ending = false}, weights);
  CHECK(any_form.perturbed == "goods plot");
}

TEST_CASE("TextAttack: what is wrong already is skipped after one question", "[train][attack]") {
  const TextAttackResult result = fool("good plot", {}, {{"good", -1}});
  CHECK(result.outcome == AttackOutcome::skipped);
  CHECK(result.queries == 1);
  CHECK(result.perturbed == "good plot");
}

TEST_CASE("TextAttack: letters keep their case and everything between words stays",
          "[train][attack]") {
  CHECK(fool("Good  plot , -- \"it\"\t is !").perturbed == "Nice  plot , -- \"it\"\t is !");
}

TEST_CASE("TextAttack: no more questions than allowed", "[train][attack]") {
  for (const std::int64_t most : {1, 2, 3, 4, 6}) {
    CAPTURE(most);
    const TextAttackResult result = fool("a good plot , it is", {.max_queries = most});
    CHECK(result.queries == most);
    CHECK((result.outcome == AttackOutcome::succeeded) == (most >= 5));
  }
}

TEST_CASE("TextAttack: no more candidates a word than allowed", "[train][attack]") {
  const TextAttackResult result = fool("a good plot , it is", {.max_candidates = 1});
  CHECK(result.perturbed == "a fine story , it is");
  CHECK(result.queries == 1 + 2 + 1 + 1);
}

TEST_CASE("TextAttack: of a pair one text is attacked and the other stays", "[train][attack]") {
  const Synonyms words = synonyms();
  const TextAttack attack({.part = AttackedPart::second}, words);
  const TextExample example{.first = "good story", .second = "good plot", .label = 1};
  const TextAttackResult result = attack.attack(example, 0, BagOfWords(kWeights, true));
  CHECK(result.original == "good plot");
  CHECK(result.other == "good story");
  CHECK(result.perturbed == "nice plot");
}

TEST_CASE("TextAttack: textbugger leaves every letter but those of one bug a word",
          "[train][attack]") {
  // Any other spelling of splendid, which nobody has a synonym for, is unknown to the victim.
  const TextAttackResult result =
      fool("a splendid plot", {.method = AttackMethod::textbugger}, {{"splendid", 1}, {"a", -0.5}});
  CHECK(result.outcome == AttackOutcome::succeeded);
  REQUIRE(result.changes.size() == 1);
  CHECK(result.changes[0].before == "splendid");
  CHECK(result.similarity == Approx((2 + 7.0 / 8) / 3));
  // Too long for a blank: deletion, swap, look-alike.
  CHECK(result.queries == 1 + 2 + 3);
}

TEST_CASE("TextAttack: textbugger takes the bug that does most", "[train][attack]") {
  const std::map<std::string, double> weights{{"plot", 1}, {"story", -3}};
  const TextAttackResult result =
      fool("plot", {.method = AttackMethod::textbugger, .min_similarity = 0}, weights);
  CHECK(result.perturbed == "story");
  // The text, one deletion, blank, deletion, swap, look-alike and the synonym.
  CHECK(result.queries == 1 + 1 + 5);
}

TEST_CASE("TextAttack: textbugger attacks the sentence that says most first", "[train][attack]") {
  const std::map<std::string, double> weights{
      {"plain", 0.5}, {"superb", 2}, {"awful", -1}, {"acting", 0.1}};
  const TextAttackResult result =
      fool("plain acting . superb acting . awful !",
           {.method = AttackMethod::textbugger, .max_changed = 0.2, .min_similarity = 0}, weights);
  // Alone the sentences have 0.6, 2.1 and -1: the last is left alone, superb comes first and its
  // loss is enough.
  REQUIRE(result.changes.size() == 1);
  CHECK(result.changes[0].before == "superb");
  CHECK(result.outcome == AttackOutcome::succeeded);
}

MaskedProposer always(std::vector<ProposedWord> words) {
  return [words = std::move(words)](std::string_view, std::string_view) { return words; };
}

TEST_CASE("TextAttack: bae replaces by what the language model proposes", "[train][attack]") {
  const Synonyms words = synonyms();
  const MaskedProposer proposer =
      always({{"bad", 0.5}, {"the", 0.2}, {"Dull", 0.1}, {"nice", 0.05}, {"good", 0.01}});
  const TextAttack attack({.method = AttackMethod::bae, .min_similarity = 0}, words, proposer);
  const std::map<std::string, double> weights{
      {"good", 1}, {"bad", -9}, {"the", -9}, {"Dull", -2}, {"nice", -1}};
  const TextAttackResult result = attack.attack(positive("a good plot"), 0, BagOfWords(weights));
  // An antonym, a stop word and the word itself are none. Both others fool; nice is a synonym.
  CHECK(result.perturbed == "a nice plot");
  CHECK(result.queries == 1 + 2 + 2);
}

TEST_CASE("TextAttack: bae gives the language model what is around the word", "[train][attack]") {
  const Synonyms words = synonyms();
  std::vector<std::string> asked;
  const MaskedProposer proposer = [&](std::string_view before, std::string_view after) {
    asked.push_back(std::string(before) + "_" + std::string(after));
    return std::vector<ProposedWord>{};
  };
  const auto run = [&](MaskedEdits edits) {
    asked.clear();
    const TextAttack attack({.method = AttackMethod::bae, .edits = edits}, words, proposer);
    (void)attack.attack(positive("the good thing"), 0, BagOfWords({{"good", 1}}));
    return asked;
  };
  using Strings = std::vector<std::string>;
  CHECK(run(MaskedEdits::replace) == Strings{"the _ thing", "the good _"});
  CHECK(run(MaskedEdits::insert) ==
        Strings{"the _ good thing", "the good _ thing", "the good _ thing", "the good thing _"});
  CHECK(run(MaskedEdits::either).size() == 6);
}

TEST_CASE("TextAttack: bae inserts before or behind the word and never a negation",
          "[train][attack]") {
  const Synonyms words = synonyms();
  const TextAttack attack(
      {.method = AttackMethod::bae, .edits = MaskedEdits::insert, .min_similarity = 0.5}, words,
      always({{"not", 0.9}, {"hugely", 0.1}}));
  const TextAttackResult result = attack.attack(
      positive("a good plot"), 0, BagOfWords({{"good", 1}, {"hugely", -2}, {"not", -9}}));
  CHECK(result.perturbed == "a hugely good plot");
  CHECK(result.similarity == Approx(2.5 / 3));
  CHECK(result.changes[0].after == "hugely good");
}

TEST_CASE("TextAttack: bae both replaces a word and inserts beside it", "[train][attack]") {
  const Synonyms words = synonyms();
  const TextAttack attack(
      {.method = AttackMethod::bae, .edits = MaskedEdits::both, .min_similarity = 0}, words,
      always({{"fine", 0.5}}));
  const TextAttackResult result = attack.attack(
      positive("a good plot"), 0, BagOfWords({{"good", 2}, {"fine", -0.75}, {"a", 1.25}}));
  // good 3.25 -> fine 0.5 -> fine fine -0.25.
  CHECK(result.perturbed == "a fine fine plot");
  CHECK(result.changes.size() == 1);
  CHECK(result.outcome == AttackOutcome::succeeded);
}

TEST_CASE("TextAttack: the same on 1 and 3 threads and with the same seed", "[train][attack]") {
  const Synonyms words = synonyms();
  const TextAttack attack({.method = AttackMethod::textbugger, .min_similarity = 0.5, .seed = 7},
                          words);
  std::vector<TextExample> examples;
  for (int i = 0; i < 40; ++i) {
    examples.push_back(positive("splendid wonderful marvellous picture number " +
                                std::string(static_cast<std::size_t>(i) + 3, 'x')));
  }
  const BagOfWords victim({{"splendid", 1}, {"wonderful", 1}, {"marvellous", 1}});
  const auto texts = [&](int threads) {
    std::vector<std::string> all;
    core::with_threads(threads, [&] {
      for (const TextAttackResult& result : attack.attack(examples, victim)) {
        all.push_back(result.perturbed);
      }
    });
    return all;
  };
  const std::vector<std::string> once = texts(1);
  CHECK(texts(3) == once);
  // Bugs are drawn for every example anew.
  CHECK(once[0].substr(0, 20) != once[1].substr(0, 20));
  // One at a time with its number is the same as all together.
  CHECK(attack.attack(examples[5], 5, victim).perturbed == once[5]);
}

TEST_CASE("TextAttack: any bytes are a text", "[train][attack]") {
  for (const AttackMethod method : {AttackMethod::textfooler, AttackMethod::textbugger}) {
    for (const std::string text :
         {"", " ", "...", "\xff\xfe", "good \xff plot", "caf\xc3\xa9s good"}) {
      CAPTURE(text);
      const TextAttackResult result = fool(text, {.method = method}, {{"", 0}, {"good", 0.1}});
      CHECK(result.original == text);
    }
  }
}

TEST_CASE("TextAttack: options out of range are refused by name", "[train][attack]") {
  const Synonyms words = synonyms();
  const auto error = [&](const TextAttackOptions& options) {
    return testing::message_of<InvalidArgument>([&] { (void)TextAttack(options, words); });
  };
  CHECK_THAT(error({.max_queries = 0}), Contains("max_queries must be at least 1, got 0"));
  CHECK_THAT(error({.max_changed = 0}), Contains("max_changed must be in (0, 1], got 0"));
  CHECK_THAT(error({.max_changed = std::nan("")}), Contains("max_changed"));
  CHECK_THAT(error({.min_similarity = 1.5}), Contains("min_similarity must be in [0, 1], got 1.5"));
  CHECK_THAT(error({.max_candidates = 0}), Contains("max_candidates"));
  CHECK_THAT(error({.method = AttackMethod::bae}), Contains("bae needs proposals"));
}

TEST_CASE("TextAttack: says which example has no label that is a class", "[train][attack]") {
  const Synonyms words = synonyms();
  const TextAttack attack({}, words);
  std::vector<TextExample> examples{positive("good"), {.first = "good", .label = -1}};
  CHECK_THAT(testing::message_of<InvalidArgument>(
                 [&] { (void)attack.attack(examples, BagOfWords(kWeights)); }),
             Contains("example 1") && Contains("expected a label from 0 to 1, got -1"));
  examples[1].label = 2;
  CHECK_THROWS_AS(attack.attack(examples, BagOfWords(kWeights)), InvalidArgument);
}

TEST_CASE("TextAttack: a victim must give a finite probability of each class", "[train][attack]") {
  const Synonyms words = synonyms();
  const TextAttack attack({}, words);
  const auto error = [&](const TextVictim& victim) {
    return testing::message_of<Error>([&] { (void)attack.attack(positive("good"), 0, victim); });
  };
  CHECK_THAT(error([](std::span<const TextInput>) {
               return Tensor::zeros({3, 2});
             }),
             Contains("the victim must give [1, classes >= 2] probabilities, got [3, 2]"));
  CHECK_THAT(error([](std::span<const TextInput>) {
               return Tensor::from(std::vector<float>{0, NAN}, {1, 2});
             }),
             Contains("not finite"));
}

TEST_CASE("attack_method and masked_edits: names lead there and back", "[train][attack]") {
  for (const AttackMethod method :
       {AttackMethod::textfooler, AttackMethod::textbugger, AttackMethod::bae}) {
    CHECK(attack_method(to_string(method)) == method);
  }
  for (const MaskedEdits edits :
       {MaskedEdits::replace, MaskedEdits::insert, MaskedEdits::either, MaskedEdits::both}) {
    CHECK(masked_edits(to_string(edits)) == edits);
  }
  CHECK_THROWS_WITH(attack_method("pwws"), Contains("expected textfooler, textbugger or bae"));
  CHECK_THROWS_WITH(masked_edits("swap"), Contains("expected replace, insert, either or both"));
}

}  // namespace
}  // namespace attune::train
