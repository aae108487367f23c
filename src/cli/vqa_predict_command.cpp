#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/training_run.hpp"
#include "cli/vqa_command.hpp"
#include "cli/vqa_options.hpp"
#include "cli/vqa_saved_part.hpp"
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/vqa_evaluation.hpp>

namespace attune::cli {
namespace {

using Json = nlohmann::ordered_json;

struct PredictOptions {
  std::string checkpoint;
  std::string data;
  std::string part;
  std::string output;
  train::VqaEvaluationOptions evaluation;
};

// As VQA's evaluation server takes it, but for the probability.
Json answers_of(const train::SavedVqa& saved, const train::VqaProblemPart& part,
                const train::VqaEvaluationOptions& options) {
  const core::Tensor logits = train::vqa_logits(saved.model(), part, options);
  Json all = Json::array();
  const std::vector<train::VqaAnswer> answers = train::vqa_answers(logits, part);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto answer = static_cast<std::int32_t>(answers[i].answer);
    all.push_back({{"question_id", part.source().questions[i].id},
                   {"answer", saved.vocabulary().answers.name(answer)},
                   {"probability", static_cast<float>(answers[i].probability)}});
  }
  return all;
}

int predict_vqa(const PredictOptions& options, const GlobalOptions& global) {
  const train::SavedVqa saved(options.checkpoint);
  const train::VqaProblemPart part =
      part_for(saved, data::read_vqa_dataset(options.data), options.part);
  const Json answers = answers_of(saved, part, options.evaluation);
  core::write_file_atomically(options.output, answers.dump(1) + "\n");
  if (!global.quiet) {
    std::cout << core::text("wrote ", with_thousands(part.num_questions()), " answers to ",
                            options.output, '\n');
  }
  return kSuccess;
}

}  // namespace

void add_vqa_predict(Command vqa, Action& action) {
  Command command = vqa.add_subcommand("predict", "Answer questions with a trained model");
  const auto options = std::make_shared<PredictOptions>();
  command.add_option("--checkpoint", options->checkpoint, "Folder that `vqa train --out` wrote")
      .required()
      .type_name("DIR");
  add_vqa_data_option(command, options->data);
  command.add_option("--part", options->part, "Part to answer [test, else validation]")
      .check(one_of({"train", "validation", "test"}));
  command
      .add_option("--output", options->output,
                  "JSON of {\"question_id\", \"answer\", \"probability\"}, as VQA's evaluation "
                  "takes it")
      .required()
      .type_name("FILE");
  command.add_option("--batch-size", options->evaluation.batch_size, "Questions at a time")
      .check(whole_number_in(1, 1 << 20))
      .type_name("N");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return predict_vqa(*options, global); };
  });
}

}  // namespace attune::cli
