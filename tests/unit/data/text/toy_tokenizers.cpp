#include "toy_tokenizers.hpp"

#include "data/text/byte_characters.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {

const nlohmann::json& reference_tokenizers() {
  static const nlohmann::json kFile =
      nlohmann::json::parse(slurp(std::string(ATTUNE_TEXT_FILES) + "/tokenizers.json"));
  return kFile;
}

std::vector<data::BpeMerge> merges_of(const nlohmann::json& list) {
  std::vector<data::BpeMerge> merges;
  for (const std::string both : list) {
    const std::size_t blank = both.find(' ');
    merges.emplace_back(both.substr(0, blank), both.substr(blank + 1));
  }
  return merges;
}

data::Vocabulary bert_vocabulary(const std::vector<std::string>& pieces) {
  std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  tokens.insert(tokens.end(), pieces.begin(), pieces.end());
  return data::Vocabulary(std::move(tokens));
}

data::Vocabulary byte_vocabulary(const std::vector<std::string>& pieces) {
  std::vector<std::string> tokens = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"};
  tokens.insert(tokens.end(), data::byte_characters().begin(), data::byte_characters().end());
  tokens.insert(tokens.end(), pieces.begin(), pieces.end());
  return data::Vocabulary(std::move(tokens));
}

std::vector<std::string> written(const data::Tokenizer& tokenizer, const std::string& text) {
  std::vector<std::string> out;
  for (const std::int32_t id : tokenizer.encode(text).ids) {
    out.push_back(tokenizer.token(id));
  }
  return out;
}

std::vector<std::string> surfaces(const data::Tokenizer& tokenizer, const std::string& text) {
  std::vector<std::string> out;
  for (const data::TextRange& range : tokenizer.encode(text).ranges) {
    out.push_back(text.substr(static_cast<std::size_t>(range.begin),
                              static_cast<std::size_t>(range.end - range.begin)));
  }
  return out;
}

}  // namespace attune::testing
