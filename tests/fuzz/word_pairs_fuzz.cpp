// The input is a file of pairs of words.
#include <stdexcept>

#include "fuzz/target.hpp"
#include <attune/data/text/synonyms.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  const std::vector<data::WordPair> pairs = data::decode_word_pairs(input, "fuzzed.txt");
  const data::Synonyms synonyms({}, pairs);
  for (const auto& [a, b] : pairs) {
    if (!synonyms.opposite(a, b) || !synonyms.opposite(b, a)) {
      throw std::logic_error("a pair that was lost");
    }
  }
}

std::vector<std::string> seeds() {
  return {"calm stormy\nfast slow\nfast slow\n",
          "\xef\xbb\xbf"
          "caf\xc3\xa9\tbistro\r\n\n same same\n",
          ""};
}

}  // namespace attune::fuzz
