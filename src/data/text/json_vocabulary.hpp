#pragma once

#include <string>

#include "data/text/json_file.hpp"
#include <attune/data/text/vocabulary.hpp>

namespace attune::data {

/// The object of vocab.json, wherever it stands. @throws FileError  as load_vocab_json()
[[nodiscard]] Vocabulary vocabulary_from_json(const nlohmann::json& object,
                                              const std::string& path);

}  // namespace attune::data
