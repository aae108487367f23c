#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/text/special_tokens.hpp"
#include "data/text/unicode.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/wordpiece_trainer.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMostTokens = std::int64_t{1} << 24;
constexpr std::int64_t kMostCharacters = 100;  // longer words are [UNK] anyway

void require(const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high) {
    throw InvalidArgument(
        text("WordPieceTrainer: ", name, " must be in [", low, ", ", high, "], got ", value));
  }
}

using Pair = std::pair<std::int32_t, std::int32_t>;

struct Word {
  std::vector<std::int32_t> pieces;
  std::int64_t count = 0;
};

/// A pair as it was counted when it was put into the queue.
struct Candidate {
  std::int64_t count = 0;
  Pair pair;

  /// What the queue hands out first is the largest.
  friend bool operator<(const Candidate& a, const Candidate& b) {
    return a.count != b.count ? a.count < b.count : a.pair > b.pair;
  }
};

struct PairHash {
  std::size_t operator()(const Pair& pair) const noexcept {
    const auto both =
        static_cast<std::uint64_t>(pair.first) << 32 | static_cast<std::uint32_t>(pair.second);
    return static_cast<std::size_t>(both * 0x9e3779b97f4a7c15U >> 7);
  }
};

struct PairStatistics {
  std::int64_t count = 0;
  std::vector<std::int32_t> words;  // that have or had it; may repeat
};

/// Pieces of words, joined pair by pair.
class Merger {
 public:
  Merger(std::vector<std::string> tokens, std::vector<Word> words)
      : tokens_(std::move(tokens)), words_(std::move(words)) {
    for (std::int32_t id = 0; id < static_cast<std::int32_t>(tokens_.size()); ++id) {
      ids_.emplace(tokens_[static_cast<std::size_t>(id)], id);
    }
    for (std::int32_t w = 0; w < static_cast<std::int32_t>(words_.size()); ++w) {
      count_pairs(w, 1);
    }
    for (const auto& [pair, statistics] : pairs_) {
      queue_.push({.count = statistics.count, .pair = pair});
    }
  }

  void grow(std::int64_t size, std::int64_t min_frequency) {
    while (static_cast<std::int64_t>(tokens_.size()) < size && !queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const auto found = pairs_.find(best.pair);
      if (found == pairs_.end() || found->second.count < min_frequency) {
        continue;
      }
      if (found->second.count != best.count) {  // joins since have taken some away
        queue_.push({.count = found->second.count, .pair = best.pair});
        continue;
      }
      join(best.pair);
    }
  }

  [[nodiscard]] std::vector<std::string> take_tokens() { return std::move(tokens_); }

 private:
  void count_pairs(std::int32_t w, int sign) {
    const Word& word = words_[static_cast<std::size_t>(w)];
    for (std::size_t i = 0; i + 1 < word.pieces.size(); ++i) {
      const Pair pair{word.pieces[i], word.pieces[i + 1]};
      PairStatistics& statistics = pairs_[pair];
      statistics.count += sign * word.count;
      if (sign > 0) {
        statistics.words.push_back(w);
        changed_.push_back(pair);
      }
    }
  }

  void join(const Pair& pair) {
    const std::int32_t joined = number_of(pair);
    std::vector<std::int32_t> holders = std::move(pairs_[pair].words);
    std::sort(holders.begin(), holders.end());
    holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
    changed_.clear();
    for (const std::int32_t w : holders) {
      count_pairs(w, -1);
      join_in(words_[static_cast<std::size_t>(w)].pieces, pair, joined);
      count_pairs(w, 1);
    }
    pairs_.erase(pair);
    std::sort(changed_.begin(), changed_.end());
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    for (const Pair& other : changed_) {
      const auto found = pairs_.find(other);
      if (found != pairs_.end()) {
        queue_.push({.count = found->second.count, .pair = other});
      }
    }
  }

  static void join_in(std::vector<std::int32_t>& pieces, const Pair& pair, std::int32_t joined) {
    std::size_t to = 0;
    for (std::size_t from = 0; from < pieces.size(); ++from) {
      const bool here =
          from + 1 < pieces.size() && pieces[from] == pair.first && pieces[from + 1] == pair.second;
      pieces[to++] = here ? joined : pieces[from];
      from += here ? 1 : 0;
    }
    pieces.resize(to);
  }

  /// The token of both together, which two pairs may spell.
  std::int32_t number_of(const Pair& pair) {
    std::string token = tokens_[static_cast<std::size_t>(pair.first)] +
                        tokens_[static_cast<std::size_t>(pair.second)].substr(2);  // without ##
    const auto [place, added] = ids_.emplace(token, static_cast<std::int32_t>(tokens_.size()));
    if (added) {
      tokens_.push_back(std::move(token));
    }
    return place->second;
  }

  std::vector<std::string> tokens_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::vector<Word> words_;
  std::unordered_map<Pair, PairStatistics, PairHash> pairs_;
  std::priority_queue<Candidate> queue_;
  std::vector<Pair> changed_;
};

std::vector<std::string> characters_of(std::string_view word) {
  std::vector<std::string> characters;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t length = decode_utf8(word, at).length;
    characters.emplace_back(word.substr(at, length));
    at += length;
  }
  return characters;
}

}  // namespace

struct WordPieceTrainer::State {
  WordPieceTrainerOptions options;
  std::map<std::string, std::int64_t, std::less<>> counts;  // in an order that is always the same

  void count(std::string_view word) {
    const auto found = counts.find(word);
    if (found != counts.end()) {
      ++found->second;
    } else {
      counts.emplace(word, 1);
    }
  }

  /// The most frequent characters; of equals the first by code point.
  [[nodiscard]] std::vector<std::string> alphabet() const {
    std::map<std::string, std::int64_t> of_character;
    for (const auto& [word, count] : counts) {
      for (const std::string& character : characters_of(word)) {
        of_character[character] += count;
      }
    }
    std::vector<std::pair<std::string, std::int64_t>> all(of_character.begin(), of_character.end());
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    all.resize(std::min(all.size(), static_cast<std::size_t>(options.alphabet)));
    std::vector<std::string> characters;
    for (const auto& [character, count] : all) {
      characters.push_back(character);
    }
    std::sort(characters.begin(), characters.end());  // bytes of UTF-8 sort as code points do
    return characters;
  }

  /// Special tokens and characters, as far as there is room.
  [[nodiscard]] std::vector<std::string> first_tokens() const {
    std::vector<std::string> tokens;
    for (const std::string_view name :
         {kBertNames.pad, kBertNames.unk, kBertNames.cls, kBertNames.sep, kBertNames.mask}) {
      tokens.emplace_back(name);
    }
    const std::vector<std::string> characters = alphabet();
    tokens.insert(tokens.end(), characters.begin(), characters.end());
    for (const std::string& character : characters) {
      tokens.push_back(text("##", character));
    }
    tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(options.vocabulary_size)));
    return tokens;
  }

  /// The words that can be spelt, in pieces of one character.
  [[nodiscard]] std::vector<Word> spelt(const std::vector<std::string>& tokens) const {
    std::unordered_map<std::string_view, std::int32_t> ids;
    for (std::size_t id = 0; id < tokens.size(); ++id) {
      ids.emplace(tokens[id], static_cast<std::int32_t>(id));
    }
    std::vector<Word> words;
    for (const auto& [spelling, count] : counts) {
      Word word{.pieces = {}, .count = count};
      bool whole = true;
      for (const std::string& character : characters_of(spelling)) {
        const auto found = ids.find(word.pieces.empty() ? character : text("##", character));
        whole = whole && found != ids.end();
        word.pieces.push_back(found == ids.end() ? 0 : found->second);
      }
      if (whole && word.pieces.size() > 1) {
        words.push_back(std::move(word));
      }
    }
    return words;
  }
};

WordPieceTrainer::WordPieceTrainer(const WordPieceTrainerOptions& options)
    : state_(std::make_unique<State>(State{.options = options, .counts = {}})) {
  require("vocabulary_size", options.vocabulary_size, 16, kMostTokens);
  require("min_frequency", options.min_frequency, 1, std::int64_t{1} << 40);
  require("alphabet", options.alphabet, 1, kMostTokens);
}

WordPieceTrainer::~WordPieceTrainer() = default;

void WordPieceTrainer::add(std::string_view text) {
  for_each_bert_word(text, state_->options.words, kMostCharacters,
                     [this](std::string_view word, std::span<const TextRange>) {
                       if (count_characters(word) <= kMostCharacters) {
                         state_->count(word);
                       }
                     });
}

Vocabulary WordPieceTrainer::train() const {
  if (state_->counts.empty()) {
    throw InvalidArgument("WordPieceTrainer: expected texts with at least one word, got none");
  }
  std::vector<std::string> tokens = state_->first_tokens();
  std::vector<Word> words = state_->spelt(tokens);
  Merger merger(std::move(tokens), std::move(words));
  merger.grow(state_->options.vocabulary_size, state_->options.min_frequency);
  return Vocabulary(merger.take_tokens());
}

}  // namespace attune::data
