#include <iostream>
#include <memory>
#include <vector>

#include "cli/text_command.hpp"
#include "cli/text_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/label_map.hpp>
#include <attune/train/text_evaluation.hpp>
#include <attune/train/text_result.hpp>

namespace attune::cli {
namespace {

using core::text;

struct EvaluateOptions {
  std::string checkpoint;
  std::string task;
  std::string part;
  std::string label_map;
  std::int64_t batch_size = 32;
  int ece_bins = 15;
};

void require_fit(const train::TextTaskDescription& model, const train::TextProblem& problem) {
  if (model.head != problem.head) {
    throw InvalidArgument(text("the checkpoint is a model of ", to_string(model.head),
                               ", trained on ", model.task, "; ", problem.name, " needs one of ",
                               to_string(problem.head)));
  }
  if (model.pairs != problem.pairs) {
    throw InvalidArgument(text("the checkpoint takes ", model.pairs ? "two texts" : "one text",
                               " at a time; ", problem.name, " has ",
                               problem.pairs ? "two" : "one"));
  }
}

/// Measures of parts, through a map of labels where there are classes.
class Evaluation {
 public:
  Evaluation(const EvaluateOptions& options, const train::SavedText& saved,
             const train::TextProblem& problem)
      : saved_(saved),
        problem_(problem),
        settings_{.batch_size = options.batch_size, .ece_bins = options.ece_bins} {
    require_fit(saved.task(), problem);
    const bool classes = problem.head == train::TextHead::classes;
    if (!classes && !options.label_map.empty()) {
      throw InvalidArgument(text("--label-map: ", problem.name, " has no classes"));
    }
    if (classes) {
      map_ = std::make_unique<train::LabelMap>(saved.labels(), problem.labels,
                                               train::parse_label_pairs(options.label_map));
    }
  }

  [[nodiscard]] train::TextMeasures of(const train::TextProblemPart& part) const {
    core::Tensor outputs = train::text_outputs(saved_.predictor(), part, settings_.batch_size);
    if (map_) {
      outputs = map_->apply(outputs);
    }
    return train::text_measures(outputs, problem_, part, settings_);
  }

  [[nodiscard]] train::Settings label_map() const {
    train::Settings settings;
    if (map_) {
      for (const auto& [mine, theirs] : map_->pairs()) {
        settings[mine] = theirs;
      }
    }
    return settings;
  }

 private:
  const train::SavedText& saved_;
  const train::TextProblem& problem_;
  train::TextEvaluationOptions settings_;
  std::unique_ptr<train::LabelMap> map_;
};

// All that are labelled, but for the one to train on.
std::vector<const train::TextProblemPart*> parts_of(const train::TextProblem& problem,
                                                    const std::string& asked_for) {
  std::vector<const train::TextProblemPart*> chosen;
  std::string names;
  for (const train::TextProblemPart& part : problem.parts) {
    names.append(names.empty() ? "" : ", ").append(part.name);
    if (asked_for.empty() ? part.labelled && part.name != "train" : part.name == asked_for) {
      chosen.push_back(&part);
    }
  }
  if (chosen.empty()) {
    throw InvalidArgument(
        text(problem.name, ": expected ",
             asked_for.empty() ? "a labelled part beside train" : text("a part ", asked_for),
             ", found ", names));
  }
  return chosen;
}

int evaluate_texts(const EvaluateOptions& options, const GlobalOptions& global) {
  const train::SavedText saved(options.checkpoint);
  const std::string& task = options.task.empty() ? saved.task().task : options.task;
  const train::TextProblem problem =
      train::load_text_problem(task, global.data_dir, saved.tokenizer(),
                               {.max_tokens = saved.task().max_tokens, .holdout = 0});
  const Evaluation evaluation(options, saved, problem);
  train::TextEvaluationResult result{.command = global.command_line,
                                     .checkpoint = options.checkpoint,
                                     .trained_on = saved.task().task,
                                     .dataset = problem.name,
                                     .dataset_sha256 = problem.sha256,
                                     .metric = problem.metric,
                                     .threads = core::num_threads(),
                                     .ece_bins = options.ece_bins,
                                     .label_map = evaluation.label_map(),
                                     .parts = {}};
  for (const train::TextProblemPart* part : parts_of(problem, options.part)) {
    result.parts[part->name] = evaluation.of(*part);
  }
  if (!global.quiet) {
    std::cout << text("task        ", describe(problem), "\nmodel       ", options.checkpoint,
                      ", trained on ", saved.task().task, '\n');
    for (const auto& [part, measures] : result.parts) {
      print_measures(std::cout, part, measures);
    }
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, train::to_json(result));
  }
  return kSuccess;
}

}  // namespace

void add_text_evaluate(Command app, Action& action) {
  Command command =
      app.add_subcommand("evaluate", "Measure a fine-tuned model, on its own task or on another");
  const auto options = std::make_shared<EvaluateOptions>();
  command.add_option("--checkpoint", options->checkpoint, "Folder that `text train --out` wrote")
      .required()
      .type_name("DIR");
  command
      .add_option("--task", options->task,
                  "Another task than it was trained on, with labels that fit")
      .type_name("NAME");
  command.add_option("--part", options->part, "One part [all labelled ones but train]")
      .type_name("NAME");
  command
      .add_option("--label-map", options->label_map,
                  "MODEL_LABEL=TASK_LABEL,... for labels that are not named alike; =- leaves one "
                  "out")
      .type_name("PAIRS");
  command.add_option("--batch-size", options->batch_size, "Examples at a time")
      .check(whole_number_in(1, 1 << 20))
      .type_name("N");
  command.add_option("--ece-bins", options->ece_bins, "Bins of the expected calibration error")
      .type_name("N");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return evaluate_texts(*options, global); };
  });
}

}  // namespace attune::cli
