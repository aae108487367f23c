#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace attune::data {

/// Two words that belong together.
using WordPair = std::pair<std::string, std::string>;

/// A word and those near it, the nearest first.
struct WordNeighbours {
  std::string word = {};                     ///< in lower case, as all words here
  std::vector<std::string> neighbours = {};  ///< none, or some
};

/// Lists of neighbours in JSON, `{"movie": ["film", "cinema"], "an": []}`, in the form and order of
/// counterfitted_neighbors.json (Jia et al., "Certified robustness to adversarial word
/// substitutions", EMNLP 2019, of the vectors of Mrksic et al., "Counter-fitting word vectors to
/// linguistic constraints", NAACL 2016).
/// @param path  named in errors
/// @throws FileError  no JSON (with the line); or a word (named) that is no word, that is its own
///                    neighbour, or whose neighbours are no list of at most 1024 different words
[[nodiscard]] std::vector<WordNeighbours> decode_word_neighbours(std::string_view json,
                                                                 const std::string& path);

/// Pairs of words, two a line with blanks between, as in ppdb_synonyms.txt and
/// wordnet_antonyms.txt. Empty lines are none, a pair may come twice, and a word paired with itself
/// is left out.
/// @param path  named in errors
/// @throws FileError  with the line: other than two words, or one that is not UTF-8 or longer than
///                    128 bytes
[[nodiscard]] std::vector<WordPair> decode_word_pairs(std::string_view bytes,
                                                      const std::string& path);

/// A word that may stand for another.
struct Synonym {
  std::string word = {};  ///< in lower case
  /// In (0, 1): of n neighbours the one at place r, from 0, has 1 - (r + 1) / (2 n) where n is the
  /// largest number that any word has: the files tell ranks and no distances.
  double similarity = 0;

  /// The same word as near.
  friend bool operator==(const Synonym&, const Synonym&) = default;
};

/// Which words may stand for which, and which never do. Words are compared in lower case.
class Synonyms {
 public:
  Synonyms() = default;
  /// @param neighbours  of each word
  /// @param antonyms    in either order
  /// @throws InvalidArgument  a word that comes twice
  Synonyms(const std::vector<WordNeighbours>& neighbours, std::span<const WordPair> antonyms);

  /// Appends the second word of each pair to the synonyms of the first, as near as the furthest
  /// neighbour there can be, 0.5, unless it is there already.
  void add_paraphrases(std::span<const WordPair> pairs);

  /// Those of a word, the nearest first; none of a word that is not known.
  [[nodiscard]] std::span<const Synonym> of(std::string_view word) const;
  /// 1 of equal words, that of the synonym in the direction in which it is more, else 0.
  [[nodiscard]] double similarity(std::string_view a, std::string_view b) const;
  /// Whether the two are antonyms.
  [[nodiscard]] bool opposite(std::string_view a, std::string_view b) const;

  /// Words that were given, with or without a synonym.
  [[nodiscard]] std::int64_t size() const noexcept {
    return static_cast<std::int64_t>(synonyms_.size());
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const noexcept {
      return std::hash<std::string_view>{}(word);
    }
  };
  std::unordered_map<std::string, std::vector<Synonym>, Hash, std::equal_to<>> synonyms_;
  std::unordered_set<std::string, Hash, std::equal_to<>> opposites_;  // "a b" and "b a"
};

/// What load_synonyms() found.
struct LoadedSynonyms {
  Synonyms synonyms = {};   ///< of all files
  std::string sha256 = {};  ///< of the files in the order of reading
  std::string source = {};  ///< folder
};

/// Reads FOLDER/synonyms/counterfitted_neighbors.json, wordnet_antonyms.txt and, if they are asked
/// for, ppdb_synonyms.txt, of the first of data_folders(data_dir) that has the first of them.
/// @throws FileError  not found (says where it was looked for), or malformed
[[nodiscard]] LoadedSynonyms load_synonyms(const std::string& data_dir = {},
                                           bool paraphrases = false);

}  // namespace attune::data
