// Any bytes are a text. The input is cut by every tokeniser; ranges lie inside it, in its order.
#include <memory>
#include <stdexcept>

#include "fuzz/target.hpp"
#include "support/temporary_folder.hpp"
#include <attune/data/text/byte_bpe.hpp>
#include <attune/data/text/sentencepiece.hpp>
#include <attune/data/text/wordpiece.hpp>

namespace attune::fuzz {

namespace {

using Tokenizers = std::vector<std::unique_ptr<data::Tokenizer>>;

Tokenizers tokenizers() {
  Tokenizers all;
  const data::Vocabulary bert({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a", "the",
                               "##e", "\xc3\xa9", "##\xc3\xa9", ","});
  all.push_back(std::make_unique<data::WordPieceTokenizer>(bert));
  all.push_back(std::make_unique<data::WordPieceTokenizer>(
      bert, data::WordPieceOptions{.words = {.lower_case = false, .strip_accents = false}}));
  all.push_back(std::make_unique<data::ByteBpeTokenizer>(
      data::Vocabulary({"<pad>", "<unk>", "<s>", "</s>", "a", "t", "h", "e", "aa", "th", "the"}),
      std::vector<data::BpeMerge>{{"a", "a"}, {"t", "h"}, {"th", "e"}}));
  if (data::has_sentencepiece()) {
    all.push_back(std::make_unique<data::SentencePieceTokenizer>(testing::slurp(ATTUNE_FUZZ_MODEL),
                                                                 ATTUNE_FUZZ_MODEL));
  }
  return all;
}

void check(const data::Tokens& tokens, std::int64_t size) {
  std::int64_t begin = 0;
  for (const data::TextRange& range : tokens.ranges) {
    if (range.begin < begin || range.end < range.begin || range.end > size) {
      throw std::logic_error("a range out of order");
    }
    begin = range.begin;
  }
}

}  // namespace

void run(std::string_view input) {
  static const Tokenizers all = tokenizers();
  for (const std::unique_ptr<data::Tokenizer>& tokenizer : all) {
    const data::Tokens tokens = tokenizer->encode(input);
    check(tokens, std::ssize(input));
    (void)tokenizer->decode(tokens.ids);
  }
}

std::vector<std::string> seeds() {
  return {"the aaaa, 1,000 ``the''", "Caf\xc3\xa9 e\xcc\x81 \xe4\xb8\xad\xe6\x96\x87 \xc4\xb0",
          "a\xff\xed\xa0\x80 \xf0\x9f\x98\x80 \xe2\x96\x81 \xe1\xad\x84\xe3\x80\xae",
          "what's  it\t\n 'll ''s [CLS] ##a <s>"};
}

}  // namespace attune::fuzz
