#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <memory>
#include <span>

#include <nlohmann/json.hpp>

#include "cli/text_command.hpp"
#include "cli/text_inputs.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/span_windows.hpp>
#include <attune/train/text_evaluation.hpp>
#include <attune/train/text_problem.hpp>

namespace attune::cli {
namespace {

using core::text;
using Json = nlohmann::ordered_json;

struct PredictOptions {
  std::string checkpoint;
  std::string input;
  std::string output;
  std::int64_t batch_size = 32;
};

// The shortest decimals that give the float back.
std::string shortest(double x) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<float>(x));
  return {digits, end.ptr};
}

std::vector<double> softmax(std::span<const float> logits) {
  std::vector<double> p(logits.begin(), logits.end());
  const double most = *std::ranges::max_element(p);
  double sum = 0;
  for (double& x : p) {
    x = std::exp(x - most);
    sum += x;
  }
  for (double& x : p) {
    x /= sum;
  }
  return p;
}

/// Lines of the output as they are made.
class Output {
 public:
  Output(const std::string& path, const train::TextTaskDescription& model)
      : model_(model), jsonl_(path.ends_with(".jsonl")) {
    if (!jsonl_ && !path.ends_with(".tsv")) {
      throw InvalidArgument(text("--output: expected a file .tsv or .jsonl, got ", path));
    }
    if (jsonl_) {
      return;
    }
    switch (model.head) {
      case train::TextHead::score:
        lines_ = "score\n";
        break;
      case train::TextHead::spans:
        lines_ = "id\tanswer\n";
        break;
      default:
        lines_ = "label";
        for (const std::string& label : model.labels) {
          lines_ += "\tp_" + label;
        }
        lines_ += model.head == train::TextHead::choice ? "\tprobabilities\n" : "\n";
    }
  }

  void add_score(float score) { add(Json{{"score", score}}, shortest(score)); }

  void add_class(std::span<const float> logits) {
    const std::vector<double> p = softmax(logits);
    const std::string& label =
        model_.labels[static_cast<std::size_t>(std::ranges::max_element(p) - p.begin())];
    Json probabilities = Json::object();
    std::string row = label;
    for (std::size_t i = 0; i < p.size(); ++i) {
      probabilities[model_.labels[i]] = static_cast<float>(p[i]);
      row += '\t' + shortest(p[i]);
    }
    add(Json{{"label", label}, {"probabilities", probabilities}}, row);
  }

  void add_choice(std::span<const float> logits) {
    const std::vector<double> p = softmax(logits);
    const auto best = std::ranges::max_element(p) - p.begin();
    std::string row = std::to_string(best) + '\t';
    for (std::size_t i = 0; i < p.size(); ++i) {
      row += (i == 0 ? "" : ",") + shortest(p[i]);
    }
    add(Json{{"label", best}, {"probabilities", p}}, row);
  }

  void add_answer(const std::string& id, const data::SpanChoice& choice) {
    std::string flat = choice.answer;
    std::ranges::replace_if(
        flat, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
    add(Json{{"id", id}, {"answer", choice.answer}, {"score", choice.score}}, id + '\t' + flat);
  }

  [[nodiscard]] const std::string& lines() const noexcept { return lines_; }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }

 private:
  void add(const Json& object, const std::string& row) {
    lines_ += jsonl_ ? object.dump(-1, ' ', false, Json::error_handler_t::replace) : row;
    lines_ += '\n';
    ++count_;
  }

  const train::TextTaskDescription& model_;
  bool jsonl_;
  std::string lines_;
  std::int64_t count_ = 0;
};

data::TextTaskKind kind_of(const train::TextTaskDescription& model) {
  switch (model.head) {
    case train::TextHead::score:
      return data::TextTaskKind::score;
    case train::TextHead::choice:
      return data::TextTaskKind::choice;
    default:
      return model.pairs ? data::TextTaskKind::pair : data::TextTaskKind::sentence;
  }
}

void answer_questions(const train::SavedText& saved, TextInputs inputs, std::int64_t batch_size,
                      Output& output) {
  const std::int64_t most = saved.task().max_tokens;
  train::TextProblemPart part{.name = "input"};
  part.questions = std::make_shared<const data::SpanTask>(std::move(inputs.questions));
  part.windows =
      data::span_windows(saved.tokenizer(), *part.questions, train::span_window_options(most));
  const core::Tensor scores = train::text_outputs(saved.predictor(), part, batch_size);
  const data::SpanChoiceOptions choice{.may_be_none = saved.task().may_be_none,
                                       .none_threshold = saved.task().none_threshold};
  train::for_each_answer(scores, part, choice,
                         [&](const data::SpanQuestion& question, const data::SpanChoice& answer) {
                           output.add_answer(question.id, answer);
                         });
}

void classify(const train::SavedText& saved, const TextInputs& inputs, std::int64_t batch_size,
              Output& output) {
  train::TextProblemPart part{.name = "input"};
  part.examples = data::encode_examples(saved.tokenizer(), kind_of(saved.task()), inputs.examples,
                                        saved.task().max_tokens);
  const core::Tensor outputs = train::text_outputs(saved.predictor(), part, batch_size);
  const auto width = static_cast<std::size_t>(outputs.size(1));
  for (std::size_t i = 0; i < inputs.examples.size(); ++i) {
    const std::span<const float> row = outputs.data<float>().subspan(i * width, width);
    switch (saved.task().head) {
      case train::TextHead::score:
        output.add_score(row.front());
        break;
      case train::TextHead::choice:
        output.add_choice(row);
        break;
      default:
        output.add_class(row);
    }
  }
}

int predict_texts(const PredictOptions& options, const GlobalOptions& global) {
  const train::SavedText saved(options.checkpoint);
  Output output(options.output, saved.task());
  TextInputs inputs = read_text_inputs(options.input, saved.task());
  if (saved.task().head == train::TextHead::spans) {
    answer_questions(saved, std::move(inputs), options.batch_size, output);
  } else {
    classify(saved, inputs, options.batch_size, output);
  }
  core::write_file_atomically(options.output, output.lines());
  if (!global.quiet) {
    std::cout << text("wrote ", output.count(), " predictions to ", options.output, '\n');
  }
  return kSuccess;
}

}  // namespace

void add_text_predict(Command app, Action& action) {
  Command command =
      app.add_subcommand("predict", "What a fine-tuned model says of texts of your own");
  const auto options = std::make_shared<PredictOptions>();
  command.add_option("--checkpoint", options->checkpoint, "Folder that `text train --out` wrote")
      .required()
      .type_name("DIR");
  command
      .add_option("--input", options->input,
                  "A text a line, of pairs two with a tab between; or .jsonl of {\"text\", "
                  "\"text_pair\"}, {\"text\", \"endings\"}, {\"question\", \"context\"}")
      .required()
      .type_name("FILE");
  command
      .add_option("--output", options->output,
                  ".tsv or .jsonl: label and probabilities, score or answer, a line each")
      .required()
      .type_name("FILE");
  command.add_option("--batch-size", options->batch_size, "Texts at a time")
      .check(whole_number_in(1, 1 << 20))
      .type_name("N");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return predict_texts(*options, global); };
  });
}

}  // namespace attune::cli
