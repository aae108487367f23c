// The input is a file of words and their neighbours.
#include <stdexcept>

#include "fuzz/target.hpp"
#include <attune/data/text/synonyms.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  const std::vector<data::WordNeighbours> words =
      data::decode_word_neighbours(input, "fuzzed.json");
  const data::Synonyms synonyms(words, {});
  for (const data::WordNeighbours& entry : words) {
    if (synonyms.of(entry.word).size() != entry.neighbours.size()) {
      throw std::logic_error("a neighbour that was lost");
    }
  }
}

std::vector<std::string> seeds() {
  return {R"({"boat": ["ship", "vessel"], "ship": ["boat"], "it's": [], "caf\u00e9": ["bistro"]})",
          "{}", "{\n  \"sea\": [\n    \"ocean\"\n  ]\n}\n"};
}

}  // namespace attune::fuzz
