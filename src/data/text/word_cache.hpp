#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attune::data {

/// A piece of a word: its number in the vocabulary and how many bytes of the word it takes.
struct WordPiece {
  std::int32_t id = 0;
  std::int32_t bytes = 0;
};

/// How words were cut before. Keeps what comes first and then no more, so that no text makes it
/// grow without end; words come by Zipf's law, and the frequent ones come early.
class WordCache {
 public:
  /// Appends the pieces of `word`, cut by `cut(word, pieces)` where it is new.
  template <class Cut>
  void pieces_of(std::string_view word, std::vector<WordPiece>& out, const Cut& cut) {
    if (word.size() > kLongestWord) {
      cut(word, out);
      return;
    }
    const std::size_t hash = std::hash<std::string_view>{}(word);
    Shard& shard = shards_[hash % kShards];
    {
      const std::lock_guard lock(shard.mutex);
      const auto found = shard.words.find(word);
      if (found != shard.words.end()) {
        out.insert(out.end(), found->second.begin(), found->second.end());
        return;
      }
    }
    const std::size_t before = out.size();
    cut(word, out);
    const std::lock_guard lock(shard.mutex);
    if (shard.words.size() < kMostWords / kShards) {
      shard.words.emplace(word, std::vector<WordPiece>(
                                    out.begin() + static_cast<std::ptrdiff_t>(before), out.end()));
    }
  }

 private:
  static constexpr std::size_t kLongestWord = 64;  // bytes
  static constexpr std::size_t kMostWords = std::size_t{1} << 17;
  static constexpr std::size_t kShards = 16;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept {
      return std::hash<std::string_view>{}(s);
    }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, std::vector<WordPiece>, Hash, std::equal_to<>> words;
  };
  std::array<Shard, kShards> shards_;
};

}  // namespace attune::data
