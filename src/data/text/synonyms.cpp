#include <algorithm>
#include <utility>

#include "data/folders.hpp"
#include "data/quoted.hpp"
#include "data/text/unicode.hpp"
#include "data/text_files.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/text/synonyms.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr double kFurthest = 0.5;

std::string pair_key(std::string_view a, std::string_view b) {
  return text(a, ' ', b);
}

bool holds(const std::vector<Synonym>& list, std::string_view word) {
  return std::any_of(list.begin(), list.end(), [&](const Synonym& s) { return s.word == word; });
}

}  // namespace

Synonyms::Synonyms(const std::vector<WordNeighbours>& neighbours,
                   std::span<const WordPair> antonyms) {
  std::size_t most = 1;
  for (const WordNeighbours& entry : neighbours) {
    most = std::max(most, entry.neighbours.size());
  }
  const double step = (1 - kFurthest) / static_cast<double>(most);
  for (const WordNeighbours& entry : neighbours) {
    const auto [place, is_new] = synonyms_.try_emplace(lower_case(entry.word));
    if (!is_new) {
      throw InvalidArgument(text("Synonyms: word ", data::quoted(place->first), " comes twice"));
    }
    for (const std::string& word : entry.neighbours) {
      const auto rank = static_cast<double>(place->second.size());
      place->second.push_back({.word = lower_case(word), .similarity = 1 - step * (rank + 1)});
    }
  }
  for (const auto& [a, b] : antonyms) {
    opposites_.insert(pair_key(lower_case(a), lower_case(b)));
    opposites_.insert(pair_key(lower_case(b), lower_case(a)));
  }
}

void Synonyms::add_paraphrases(std::span<const WordPair> pairs) {
  for (const auto& [word, other] : pairs) {
    std::vector<Synonym>& list = synonyms_[lower_case(word)];
    std::string added = lower_case(other);
    if (!holds(list, added)) {
      list.push_back({.word = std::move(added), .similarity = kFurthest});
    }
  }
}

std::span<const Synonym> Synonyms::of(std::string_view word) const {
  const auto found = synonyms_.find(lower_case(word));
  return found == synonyms_.end() ? std::span<const Synonym>() : found->second;
}

double Synonyms::similarity(std::string_view a, std::string_view b) const {
  const std::string first = lower_case(a);
  const std::string second = lower_case(b);
  if (first == second) {
    return 1;
  }
  double most = 0;
  for (const Synonym& s : of(first)) {
    most = s.word == second ? std::max(most, s.similarity) : most;
  }
  for (const Synonym& s : of(second)) {
    most = s.word == first ? std::max(most, s.similarity) : most;
  }
  return most;
}

bool Synonyms::opposite(std::string_view a, std::string_view b) const {
  return opposites_.contains(pair_key(lower_case(a), lower_case(b)));
}

LoadedSynonyms load_synonyms(const std::string& data_dir, bool paraphrases) {
  require_folder(data_dir);
  constexpr const char* kNeighbours = "synonyms/counterfitted_neighbors.json";
  const std::string path = find_in_folders(kNeighbours, data_dir);
  if (path.empty()) {
    throw FileError(kNeighbours, text("not found in ", join(data_folders(data_dir))));
  }
  const std::string folder = path.substr(0, path.rfind('/'));
  const std::string antonyms = folder + "/wordnet_antonyms.txt";
  TextFiles files;
  LoadedSynonyms loaded{.source = folder};
  const std::vector<WordNeighbours> neighbours = decode_word_neighbours(files.read(path), path);
  const std::vector<WordPair> opposites = decode_word_pairs(files.read(antonyms), antonyms);
  try {
    loaded.synonyms = Synonyms(neighbours, opposites);
  } catch (const InvalidArgument& error) {  // words of the file that differ in case alone
    throw FileError(path, error.what());
  }
  if (paraphrases) {
    const std::string pairs = folder + "/ppdb_synonyms.txt";
    loaded.synonyms.add_paraphrases(decode_word_pairs(files.read(pairs), pairs));
  }
  loaded.sha256 = files.sha256();
  return loaded;
}

}  // namespace attune::data
