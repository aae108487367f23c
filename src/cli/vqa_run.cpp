#include "cli/vqa_run.hpp"

#include <memory>

#include "cli/training_run.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/nn/init.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/vqa_evaluation.hpp>
#include <attune/train/vqa_trainer.hpp>

namespace attune::cli {

using core::text;

namespace {

std::unique_ptr<models::Mcan> make_mcan(const VqaTrainingOptions& options,
                                        const train::VqaProblem& problem, std::uint64_t seed) {
  nn::Initializer init(seed);
  return std::make_unique<models::Mcan>(mcan_options(options.sizes, problem), init);
}

// Noise and certainty are of interest where the model is judged.
void measure(const models::Mcan& model, const train::VqaProblem& problem,
             const VqaTrainingOptions& options, train::StepRunResult& result) {
  const train::VqaProblemPart& judged = problem.judged_by();
  result.parts["validation"] = train::evaluate_vqa(
      model, problem.validation, {.ece_bins = options.measuring.options.ece_bins});
  measure_vqa(model, judged, options.measuring, result.parts);
  const bool cross = options.align.options.cross;
  result.mmd = train::vqa_head_mmd(model, problem.validation, {.cross = cross});
  result.mmd_median =
      train::vqa_head_mmd(model, problem.validation, {.median = true, .cross = cross});
  result.weights_sha256 = weights_digest(model);
}

}  // namespace

train::VqaProblem prepare_vqa(const VqaTrainingOptions& options) {
  return train::make_vqa_problem(data::read_vqa_dataset(options.data), options.vocabulary);
}

train::StepExperimentResult vqa_experiment(const VqaTrainingOptions& options,
                                           const train::VqaProblem& problem,
                                           const GlobalOptions& global) {
  train::Settings config = to_settings(options);
  config["data_sha256"] = problem.sha256;
  const std::string& judged = problem.judged_by().name();
  return {.command = global.command_line,
          .config = config,
          .dataset = problem.name,
          .dataset_sha256 = problem.sha256,
          .dataset_source = problem.source,
          .model = "mcan",
          .align = options.align.kind,
          .align_weight = options.align.active() ? options.align.options.weight : 0,
          .parameters = make_mcan(options, problem, 0)->num_parameters(),
          .metric = "accuracy",
          .validation = "validation",
          .test = judged == "test" ? judged : std::string(),
          .threads = core::num_threads()};
}

void measure_vqa(const models::Mcan& model, const train::VqaProblemPart& part,
                 const VqaMeasuring& measuring, std::map<std::string, train::Measures>& parts) {
  train::VqaEvaluationOptions options = measuring.options;
  options.noise.variance = 0;
  parts[part.name()] = train::evaluate_vqa(model, part, options);
  for (const double variance : measuring.noise_variances) {
    options.noise.variance = variance;
    parts[text(part.name(), " noise ", variance)] = train::evaluate_vqa(model, part, options);
  }
}

train::StepRunResult run_vqa_seed(const VqaTrainingOptions& options,
                                  const train::VqaProblem& problem, std::uint64_t seed,
                                  const StepRunHooks& hooks, const VqaFinish& finish) {
  const std::unique_ptr<models::Mcan> model = make_mcan(options, problem, seed);
  const std::unique_ptr<train::AlignmentRegularizer> alignment = make_alignment(options.align);
  train::VqaTrainer trainer(*model, problem, options.fit.of_seed(seed), alignment.get());
  train::StepRunResult result = run_steps(trainer, seed, alignment.get(), hooks);
  if (result.interrupted) {
    return result;
  }
  measure(*model, problem, options, result);
  if (finish) {
    finish(*model);
  }
  return result;
}

std::string describe(const train::VqaProblem& problem) {
  std::string sizes = text(with_thousands(problem.train.num_questions()), '/',
                           with_thousands(problem.validation.num_questions()));
  if (problem.test) {
    sizes += '/' + with_thousands(problem.test->num_questions());
  }
  return text(problem.name, ": ", sizes, " questions to train",
              problem.test ? "/validate/test" : "/validate", " on, ",
              with_thousands(problem.vocabulary.answers.size()), " answers, ",
              with_thousands(problem.vocabulary.words.size()), " words");
}

}  // namespace attune::cli
