#pragma once

#include <string>
#include <vector>

#include <attune/data/text/squad.hpp>
#include <attune/data/text/text_task.hpp>
#include <attune/train/saved_text.hpp>

namespace attune::cli {

/// Texts to be looked at by a fine-tuned model.
struct TextInputs {
  std::vector<data::TextExample> examples;  ///< of all heads but spans
  data::SpanTask questions;                 ///< of spans
};

/// Reads a file of texts without labels:
///
///     .jsonl   an object a line: {"text": ...}, of pairs {"text": ..., "text_pair": ...}; of
///              choices {"text": ..., "endings": [...]}; of spans {"question": ..., "context":
///              ...}, with an "id" if wanted. Other fields are left alone
///     others   a text a line, of pairs two with a tab between them; not for choices and spans
///
/// @throws FileError  with the line: another form, an empty text; no text at all
[[nodiscard]] TextInputs read_text_inputs(const std::string& path,
                                          const train::TextTaskDescription& model);

}  // namespace attune::cli
