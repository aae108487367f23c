#pragma once

#include <string>
#include <vector>

namespace attune::testing {

/// A small file of texts, and who reads it: a task by its name, `squad`, `raw` or `tokenizer`.
struct SmallText {
  std::string reader;
  std::string file;  ///< below the data folder
  std::string content;
};

[[nodiscard]] std::vector<SmallText> small_texts();

/// Reads one, from a folder that holds its file, and throws std::logic_error where what was read
/// contradicts itself: a label out of range, an answer that is not where it is said to be.
void read_small_text(const SmallText& text, const std::string& folder);

}  // namespace attune::testing
