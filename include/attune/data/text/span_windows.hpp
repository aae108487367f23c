#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <attune/data/text/encoded_text.hpp>
#include <attune/data/text/squad.hpp>
#include <attune/data/text/tokenizer.hpp>

namespace attune::data {

/// A question and a stretch of its passage: CLS question SEP stretch SEP.
struct SpanWindow {
  EncodedText text = {};               ///< question and stretch with the special tokens
  std::int64_t question = 0;           ///< number in the task
  std::int32_t first_token = 0;        ///< of the stretch, in `text`
  std::vector<TextRange> ranges = {};  ///< of each token of the stretch: its bytes in the passage
  /// Tokens in `text` that the first right answer begins and ends with; both 0, which is CLS, where
  /// the stretch does not hold all of it, or there is none.
  std::int32_t answer_begin = 0;
  std::int32_t answer_end = 0;  ///< the last token itself
};

/// How passages that do not fit are cut; the defaults are those of Devlin et al., "BERT",
/// arXiv 1810.04805.
struct SpanWindowOptions {
  std::int64_t max_tokens = 384;          ///< of a window, special ones included
  std::int64_t max_question_tokens = 64;  ///< longer questions lose their end
  std::int64_t stride = 128;              ///< tokens from one stretch of a passage to the next
};

/// The windows of all questions in their order; passages that do not fit are cut into stretches
/// that overlap.
/// @throws InvalidArgument  max_tokens leaves no room for a passage beside the longest question, or
///                          less than stride, so that words would be left out
[[nodiscard]] std::vector<SpanWindow> span_windows(const Tokenizer& tokenizer, const SpanTask& task,
                                                   const SpanWindowOptions& options = {});

/// Which answers choose_span() may give.
struct SpanChoiceOptions {
  std::int64_t max_answer_tokens = 30;  ///< longer ones are passed over
  bool may_be_none = false;             ///< SQuAD 2.0: the empty text is an answer
  double none_threshold = 0;  ///< it is taken where its score exceeds the best one by more
};

/// An answer and how it was found.
struct SpanChoice {
  std::string answer = {};  ///< the bytes of the passage, or nothing
  double score = 0;         ///< of begin and end together
  double none_score = 0;    ///< of no answer: the lowest over the windows, as in the official code
};

/// The best answer of one question over its windows.
/// @param windows  all of one question, at least one
/// @param scores   of each window: [tokens, 2], how likely each token is as the first of the answer
///                 and as the last
/// @throws InvalidArgument  no window, or scores that do not fit
[[nodiscard]] SpanChoice choose_span(const std::string& passage,
                                     std::span<const SpanWindow> windows,
                                     std::span<const std::span<const float>> scores,
                                     const SpanChoiceOptions& options = {});

}  // namespace attune::data
