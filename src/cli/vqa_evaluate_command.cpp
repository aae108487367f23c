#include <iostream>
#include <memory>

#include "cli/vqa_command.hpp"
#include "cli/vqa_run.hpp"
#include "cli/vqa_saved_part.hpp"
#include <attune/core/file.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/vqa_result.hpp>

namespace attune::cli {
namespace {

using core::text;

struct EvaluateOptions {
  std::string checkpoint;
  std::string data;
  std::string part;
  bool align_cross = false;
  VqaMeasuring measuring;
};

void print(const train::VqaEvaluationResult& result) {
  std::cout << text("model       ", result.checkpoint, ", trained on ", result.trained_on, '\n');
  for (const auto& [part, measures] : result.parts) {
    print_measures(std::cout, part, measures);
  }
  std::cout << text("heads       MMD of queries and keys ", result.mmd, '\n');
}

int evaluate_vqa_model(const EvaluateOptions& options, const GlobalOptions& global) {
  const train::SavedVqa saved(options.checkpoint);
  data::VqaDataset dataset = data::read_vqa_dataset(options.data);
  train::VqaEvaluationResult result{.command = global.command_line,
                                    .checkpoint = options.checkpoint,
                                    .trained_on = saved.description().dataset,
                                    .dataset = dataset.name,
                                    .dataset_sha256 = train::vqa_sha256(dataset),
                                    .threads = core::num_threads(),
                                    .config = to_settings(options.measuring),
                                    .parts = {}};
  const train::VqaProblemPart part = part_for(saved, std::move(dataset), options.part);
  measure_vqa(saved.model(), part, options.measuring, result.parts);
  result.mmd = train::vqa_head_mmd(saved.model(), part, {.cross = options.align_cross});
  result.mmd_median =
      train::vqa_head_mmd(saved.model(), part, {.median = true, .cross = options.align_cross});
  if (!global.quiet) {
    print(result);
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, train::to_json(result));
  }
  return kSuccess;
}

}  // namespace

void add_vqa_evaluate(Command vqa, Action& action) {
  Command command =
      vqa.add_subcommand("evaluate", "Measure a trained model, on clean and on noisy images");
  const auto options = std::make_shared<EvaluateOptions>();
  command.add_option("--checkpoint", options->checkpoint, "Folder that `vqa train --out` wrote")
      .required()
      .type_name("DIR");
  add_vqa_data_option(command, options->data);
  command.add_option("--part", options->part, "Part to measure on [test, else validation]")
      .check(one_of({"train", "validation", "test"}));
  command.add_flag("--align-cross", options->align_cross,
                   "MMD of the heads of guided attention too");
  add_vqa_measuring_options(command, options->measuring);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) {
      return evaluate_vqa_model(*options, global);
    };
  });
}

}  // namespace attune::cli
