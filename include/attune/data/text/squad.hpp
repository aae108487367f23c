#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <attune/data/text/tokenizer.hpp>

namespace attune::data {

/// A question about a passage, answered by a piece of it.
struct SpanQuestion {
  std::string id = {};                    ///< unique in the file
  std::string question = {};              ///< UTF-8, as it stands
  std::int64_t context = 0;               ///< number of the passage
  std::vector<std::string> answers = {};  ///< as the annotators gave them; none: it has no answer
  std::vector<TextRange> ranges = {};     ///< of each answer: its bytes in the passage
  bool impossible = false;                ///< SQuAD 2.0 says so
};

/// Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016,
/// arXiv 1606.05250; version 2.0: "Know What You Don't Know", ACL 2018, arXiv 1806.03822.
struct SpanTask {
  std::vector<std::string> contexts = {};    ///< passages, UTF-8
  std::vector<SpanQuestion> questions = {};  ///< in the order of the file
  std::string version = {};                  ///< "1.1" or "v2.0", as the file says
  std::string sha256 = {};                   ///< of the file
  /// Answers that do not stand where the file says, and were found near.
  std::int64_t misplaced = 0;
};

/// train-v1.1.json, dev-v1.1.json, train-v2.0.json or dev-v2.0.json: positions, which the files
/// count in characters, become bytes.
/// @throws FileError  broken JSON (line); a field that is missing or of another type, an id that
///                    comes twice, an answer that is not in its passage (names the question)
[[nodiscard]] SpanTask load_squad(const std::string& path);

/// An answer as the official evaluation compares it: lower case, no punctuation of ASCII, no
/// article (a, an, the), one blank between words.
[[nodiscard]] std::string normalized_answer(std::string_view answer);

}  // namespace attune::data
