#include <algorithm>
#include <limits>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/span_windows.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int32_t kCls = 0;  // its place: it stands for "no answer"

void check(const Tokenizer& tokenizer, const SpanWindowOptions& options) {
  const std::int64_t special = 2 + tokenizer.form().separators_between;
  const std::int64_t room = options.max_tokens - special - options.max_question_tokens;
  if (options.max_question_tokens < 1 || options.stride < 1 || room < options.stride) {
    throw InvalidArgument(
        text("span_windows: max_tokens must hold ", special,
             " special tokens, max_question_tokens and stride, each at least 1; got max_tokens ",
             options.max_tokens, ", max_question_tokens ", options.max_question_tokens, ", stride ",
             options.stride));
  }
}

class WindowMaker {
 public:
  WindowMaker(const Tokenizer& tokenizer, const SpanWindowOptions& options)
      : tokenizer_(tokenizer), options_(options) {}

  std::vector<SpanWindow> windows(const SpanQuestion& question, std::int64_t number,
                                  const Tokens& passage) const {
    Tokens asked = tokenizer_.encode(question.question);
    asked.ids.resize(
        std::min(asked.ids.size(), static_cast<std::size_t>(options_.max_question_tokens)));
    const auto special = static_cast<std::size_t>(2 + tokenizer_.form().separators_between);
    const std::size_t room =
        static_cast<std::size_t>(options_.max_tokens) - special - asked.ids.size();
    std::vector<SpanWindow> out;
    for (std::size_t at = 0;; at += static_cast<std::size_t>(options_.stride)) {
      const std::size_t end = std::min(at + room, passage.ids.size());
      SpanWindow window = make(asked, passage, at, end);
      window.question = number;
      mark_answer(question, window);
      out.push_back(std::move(window));
      if (end == passage.ids.size()) {
        return out;
      }
    }
  }

 private:
  SpanWindow make(const Tokens& asked, const Tokens& passage, std::size_t begin,
                  std::size_t end) const {
    const SequenceForm& form = tokenizer_.form();
    SpanWindow window;
    std::vector<std::int32_t>& tokens = window.text.tokens;
    tokens.push_back(form.cls);
    tokens.insert(tokens.end(), asked.ids.begin(), asked.ids.end());
    tokens.insert(tokens.end(), static_cast<std::size_t>(form.separators_between), form.sep);
    window.first_token = static_cast<std::int32_t>(tokens.size());
    window.text.types.assign(tokens.size(), 0);
    const auto from = static_cast<std::ptrdiff_t>(begin);
    const auto to = static_cast<std::ptrdiff_t>(end);
    tokens.insert(tokens.end(), passage.ids.begin() + from, passage.ids.begin() + to);
    tokens.push_back(form.sep);
    window.text.types.resize(tokens.size(), form.second_type);
    window.text.shortened = begin > 0 || end < passage.ids.size();
    window.ranges.assign(passage.ranges.begin() + from, passage.ranges.begin() + to);
    return window;
  }

  /// The tokens that share bytes with the answer, if the window holds all of it.
  static void mark_answer(const SpanQuestion& question, SpanWindow& window) {
    if (question.ranges.empty() || window.ranges.empty()) {
      return;
    }
    const TextRange answer = question.ranges.front();
    std::int32_t first = -1;
    std::int32_t last = -1;
    for (std::size_t i = 0; i < window.ranges.size(); ++i) {
      const TextRange& token = window.ranges[i];
      if (token.begin < answer.end && token.end > answer.begin) {
        last = static_cast<std::int32_t>(i);
        first = first < 0 ? last : first;
      }
    }
    const bool whole = first >= 0 && window.ranges.front().begin <= answer.begin &&
                       window.ranges.back().end >= answer.end;
    window.answer_begin = whole ? window.first_token + first : kCls;
    window.answer_end = whole ? window.first_token + last : kCls;
  }

  const Tokenizer& tokenizer_;
  const SpanWindowOptions& options_;
};

/// The best pair of one window: begin before or at the end, at most so many tokens.
struct BestPair {
  double score = -std::numeric_limits<double>::infinity();
  std::size_t first = 0, last = 0;
};

BestPair best_pair(const SpanWindow& window, std::span<const float> scores,
                   std::int64_t max_tokens) {
  BestPair best;
  const auto offset = static_cast<std::size_t>(window.first_token);
  for (std::size_t first = 0; first < window.ranges.size(); ++first) {
    const std::size_t end =
        std::min(first + static_cast<std::size_t>(max_tokens), window.ranges.size());
    for (std::size_t last = first; last < end; ++last) {
      const double score = static_cast<double>(scores[2 * (offset + first)]) +
                           static_cast<double>(scores[2 * (offset + last) + 1]);
      if (score > best.score) {
        best = {.score = score, .first = first, .last = last};
      }
    }
  }
  return best;
}

}  // namespace

std::vector<SpanWindow> span_windows(const Tokenizer& tokenizer, const SpanTask& task,
                                     const SpanWindowOptions& options) {
  check(tokenizer, options);
  std::vector<Tokens> passages(task.contexts.size());
  core::parallel_tasks(std::ssize(passages), [&](std::int64_t i) {
    tokenizer.encode(task.contexts[static_cast<std::size_t>(i)],
                     passages[static_cast<std::size_t>(i)]);
  });
  const WindowMaker maker(tokenizer, options);
  std::vector<std::vector<SpanWindow>> of_question(task.questions.size());
  core::parallel_tasks(std::ssize(of_question), [&](std::int64_t i) {
    const SpanQuestion& question = task.questions[static_cast<std::size_t>(i)];
    of_question[static_cast<std::size_t>(i)] =
        maker.windows(question, i, passages[static_cast<std::size_t>(question.context)]);
  });
  std::vector<SpanWindow> out;
  for (std::vector<SpanWindow>& windows : of_question) {
    std::move(windows.begin(), windows.end(), std::back_inserter(out));
  }
  return out;
}

SpanChoice choose_span(const std::string& passage, std::span<const SpanWindow> windows,
                       std::span<const std::span<const float>> scores,
                       const SpanChoiceOptions& options) {
  if (windows.empty() || windows.size() != scores.size() || options.max_answer_tokens < 1) {
    throw InvalidArgument(text("choose_span: expected scores of each of at least one window and ",
                               "max_answer_tokens of at least 1, got ", windows.size(),
                               " windows, scores of ", scores.size(), ", max_answer_tokens ",
                               options.max_answer_tokens));
  }
  SpanChoice choice{.answer = {},
                    .score = -std::numeric_limits<double>::infinity(),
                    .none_score = std::numeric_limits<double>::infinity()};
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const auto tokens = static_cast<std::size_t>(windows[w].text.length());
    if (scores[w].size() != 2 * tokens) {
      throw InvalidArgument(text("choose_span: scores of window ", w, " must be [", tokens,
                                 ", 2], got ", scores[w].size(), " numbers"));
    }
    choice.none_score =
        std::min(choice.none_score, static_cast<double>(scores[w][2 * kCls]) +
                                        static_cast<double>(scores[w][2 * kCls + 1]));
    const BestPair best = best_pair(windows[w], scores[w], options.max_answer_tokens);
    if (best.score > choice.score) {
      const auto begin = static_cast<std::size_t>(windows[w].ranges[best.first].begin);
      const auto end = static_cast<std::size_t>(windows[w].ranges[best.last].end);
      choice.score = best.score;
      choice.answer =
          begin < std::min(end, passage.size()) ? passage.substr(begin, end - begin) : "";
    }
  }
  if (options.may_be_none && choice.none_score > choice.score + options.none_threshold) {
    choice.answer.clear();
  }
  return choice;
}

}  // namespace attune::data
