#pragma once

#include <string_view>

namespace attune::data {

/// What is wrong with the bytes of a SentencePiece model that the library would not notice; nullptr
/// where nothing is. The table that it normalises texts by is a trie whose jumps it follows without
/// looking where they lead.
[[nodiscard]] const char* find_sentencepiece_damage(std::string_view model);

}  // namespace attune::data
