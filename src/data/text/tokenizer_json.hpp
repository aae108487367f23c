#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include <attune/data/text/tokenizer.hpp>

namespace attune::data {

/// WordPiece with BERT's normaliser, or byte-level BPE, from Hugging Face's tokenizer.json.
/// @throws FileError        a field that is missing or of another type, another kind of tokeniser
/// @throws InvalidArgument  a vocabulary without special tokens, or that merges do not fit
[[nodiscard]] std::shared_ptr<const Tokenizer> tokenizer_from_json(const nlohmann::json& file,
                                                                   const std::string& path);

}  // namespace attune::data
