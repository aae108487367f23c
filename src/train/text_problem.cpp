#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/registry.hpp>
#include <attune/train/text_problem.hpp>

namespace attune::train {

using core::text;

namespace {

bool is_labelled(const data::EncodedExamples& examples, TextHead head) {
  if (head == TextHead::score) {
    return std::ranges::all_of(examples.scores, [](float score) { return std::isfinite(score); });
  }
  return std::ranges::all_of(examples.labels, [](std::int32_t label) { return label >= 0; });
}

TextHead head_of(data::TextTaskKind kind) {
  switch (kind) {
    case data::TextTaskKind::score:
      return TextHead::score;
    case data::TextTaskKind::choice:
      return TextHead::choice;
    default:
      return TextHead::classes;
  }
}

bool has_labels(const data::TextPart& part, data::TextTaskKind kind) {
  return std::ranges::all_of(part.examples, [&](const data::TextExample& example) {
    return kind == data::TextTaskKind::score ? std::isfinite(example.score) : example.label >= 0;
  });
}

// Of MNLI validation_matched, which comes first.
std::string labelled_part(const data::TextTask& task, const std::string& beginning) {
  for (const data::TextPart& part : task.parts) {
    if (part.name.starts_with(beginning) && has_labels(part, task.kind)) {
      return part.name;
    }
  }
  return {};
}

TextProblem problem_of(data::TextTask task, const data::Tokenizer& tokenizer,
                       const TextProblemOptions& options) {
  TextProblem problem{.name = task.name,
                      .head = head_of(task.kind),
                      .pairs = task.kind != data::TextTaskKind::sentence,
                      .labels = task.labels,
                      .metric = task.metrics.front(),
                      .validation = labelled_part(task, "validation"),
                      .test = labelled_part(task, "test"),
                      .max_tokens = options.max_tokens,
                      .sha256 = task.sha256,
                      .source = task.source};
  if (problem.validation.empty() && task.find("train") != nullptr && options.holdout > 0) {
    problem.validation = "held_out";
    problem.held_out = true;
    data::hold_out(task, "train", problem.validation, options.holdout, options.holdout_seed);
  }
  for (const data::TextPart& part : task.parts) {
    TextProblemPart ready{
        .name = part.name,
        .examples = data::encode_examples(tokenizer, task.kind, part.examples, options.max_tokens)};
    ready.labelled = is_labelled(ready.examples, problem.head);
    problem.parts.push_back(std::move(ready));
  }
  return problem;
}

// ---- questions about passages

std::string find_squad(const std::string& file, const std::string& data_dir) {
  for (const std::string& folder : data::data_folders(data_dir)) {
    const std::string path = text(folder, "/text/squad/", file);
    std::error_code error;
    if (std::filesystem::exists(path, error)) {
      return path;
    }
  }
  return {};
}

const char* squad_version(const std::string& name) {
  return name == "squad2" ? "v2.0" : "v1.1";
}

TextProblem load_squad_problem(const std::string& name, const std::string& data_dir,
                               const data::Tokenizer& tokenizer,
                               const TextProblemOptions& options) {
  const std::string version = squad_version(name);
  TextProblem problem{.name = name,
                      .head = TextHead::spans,
                      .pairs = true,
                      .metric = "f1",
                      .may_be_none = name == "squad2",
                      .max_tokens = options.max_tokens};
  core::Sha256 digest;
  const data::SpanWindowOptions windows = span_window_options(options.max_tokens);
  for (const auto& [part, file] : {std::pair{"train", "train-"}, std::pair{"validation", "dev-"}}) {
    const std::string path = find_squad(text(file, version, ".json"), data_dir);
    if (path.empty()) {
      continue;
    }
    auto task = std::make_shared<const data::SpanTask>(data::load_squad(path));
    digest.update(task->sha256);
    problem.source = path;
    problem.parts.push_back({.name = part,
                             .questions = task,
                             .windows = data::span_windows(tokenizer, *task, windows),
                             .labelled = true});
    if (problem.parts.back().name == "validation") {
      problem.validation = "validation";
    }
  }
  if (problem.parts.empty()) {
    throw FileError(text("text/squad/train-", version, ".json"),
                    text("not found in ", data::data_folders(data_dir).front(),
                         " nor the other folders of data; ", name, " is read from it and dev-",
                         version, ".json"));
  }
  problem.sha256 = digest.hex();
  return problem;
}

}  // namespace

std::vector<std::int64_t> TextProblemPart::lengths() const {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < num_items(); ++i) {
    all.push_back(questions ? windows[static_cast<std::size_t>(i)].text.length()
                            : examples.length(i));
  }
  return all;
}

std::int64_t TextProblemPart::num_items() const noexcept {
  return questions ? std::ssize(windows) : examples.num_examples();
}

std::int64_t TextProblemPart::num_examples() const noexcept {
  return questions ? std::ssize(questions->questions) : examples.num_examples();
}

models::TextBatch TextProblemPart::batch(std::span<const std::int64_t> items) const {
  if (!questions) {
    return data::batch_of(examples, items);
  }
  std::vector<std::vector<std::int32_t>> tokens;
  std::vector<std::vector<std::int32_t>> types;
  for (const std::int64_t item : items) {
    if (item < 0 || item >= num_items()) {
      throw InvalidArgument(
          text("TextProblemPart: item must be in [0, ", num_items(), "), got ", item));
    }
    tokens.push_back(windows[static_cast<std::size_t>(item)].text.tokens);
    types.push_back(windows[static_cast<std::size_t>(item)].text.types);
  }
  return models::pack_texts(tokens, types);
}

const TextProblemPart* TextProblem::find(const std::string& part) const noexcept {
  const auto found = std::ranges::find(parts, part, &TextProblemPart::name);
  return found == parts.end() ? nullptr : &*found;
}

const TextProblemPart& TextProblem::training() const {
  const TextProblemPart* train = find("train");
  if (train == nullptr || !train->labelled) {
    throw InvalidArgument(text(name, ": expected a labelled part train, found none"));
  }
  return *train;
}

data::SpanWindowOptions span_window_options(std::int64_t max_tokens) {
  return {.max_tokens = max_tokens,
          .max_question_tokens = std::min<std::int64_t>(64, max_tokens / 4),
          .stride = std::min<std::int64_t>(128, max_tokens / 3)};
}

data::RawText load_training_texts(const std::string& name, const std::string& data_dir) {
  data::RawText texts;
  if (name != "squad" && name != "squad2") {
    const data::TextTask task = data::load_text_task(name, data_dir);
    data::add_texts(texts, task.part("train"));
    texts.sha256 = task.sha256;
    return texts;
  }
  const std::string file = text("train-", squad_version(name), ".json");
  const std::string path = find_squad(file, data_dir);
  if (path.empty()) {
    throw FileError(text("text/squad/", file), text(name, " is read from it, and it is not there"));
  }
  const data::SpanTask task = data::load_squad(path);
  texts.sha256 = task.sha256;
  for (const std::string& context : task.contexts) {
    texts.documents.push_back({context});
  }
  for (const data::SpanQuestion& question : task.questions) {
    texts.documents.push_back({question.question});
  }
  return texts;
}

TextProblem load_text_problem(const std::string& name, const std::string& data_dir,
                              const data::Tokenizer& tokenizer, const TextProblemOptions& options) {
  if (name == "squad" || name == "squad2") {
    return load_squad_problem(name, data_dir, tokenizer, options);
  }
  return problem_of(data::load_text_task(name, data_dir), tokenizer, options);
}

}  // namespace attune::train
