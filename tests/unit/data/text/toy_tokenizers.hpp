#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <attune/data/text/byte_bpe.hpp>
#include <attune/data/text/wordpiece.hpp>

namespace attune::testing {

/// tokenizers.json beside the tests, made by reference_tokenizers.py.
[[nodiscard]] const nlohmann::json& reference_tokenizers();

/// Merges written as "a b".
[[nodiscard]] std::vector<data::BpeMerge> merges_of(const nlohmann::json& list);

/// Special tokens, then these.
[[nodiscard]] data::Vocabulary bert_vocabulary(const std::vector<std::string>& pieces);
/// Special tokens, the 256 bytes, then these.
[[nodiscard]] data::Vocabulary byte_vocabulary(const std::vector<std::string>& pieces);

/// The tokens as written in the vocabulary.
[[nodiscard]] std::vector<std::string> written(const data::Tokenizer& tokenizer,
                                               const std::string& text);

/// The bytes of `text` that each token stands for.
[[nodiscard]] std::vector<std::string> surfaces(const data::Tokenizer& tokenizer,
                                                const std::string& text);

}  // namespace attune::testing
