// The input is a SentencePiece model.
#include "fuzz/target.hpp"
#include "support/temporary_folder.hpp"
#include <attune/data/text/sentencepiece.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  const data::SentencePieceTokenizer tokenizer(std::string(input), "fuzzed.model");
  (void)tokenizer.encode("The sailors, caf\xc3\xa9 \xef\xac\x81 1,000 \xff.");
}

std::vector<std::string> seeds() {
  return {testing::slurp(ATTUNE_FUZZ_MODEL)};
}

}  // namespace attune::fuzz
