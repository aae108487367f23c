#include "cli/text_run.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/training_run.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/wordpiece.hpp>
#include <attune/data/text/wordpiece_trainer.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/text_evaluation.hpp>
#include <attune/train/text_trainer.hpp>

namespace attune::cli {

using core::text;

namespace {

constexpr std::int64_t kMostWeightBytes = std::int64_t{16} << 30;

void require_one_source(const TextTrainingOptions& options) {
  if (options.model.empty() && !options.from_scratch) {
    throw InvalidArgument("expected --model DIR or --from-scratch, got neither");
  }
  if (!options.model.empty() && options.from_scratch) {
    throw InvalidArgument("expected --model DIR or --from-scratch, got both");
  }
}

std::shared_ptr<const data::Tokenizer> tokenizer_from_scratch(const TextTrainingOptions& options,
                                                              const std::string& data_dir) {
  if (!options.sizes.vocab.empty()) {
    return data::load_tokenizer(options.sizes.vocab);
  }
  return learn_wordpiece(train::load_training_texts(options.task, data_dir),
                         options.sizes.vocabulary);
}

void load_encoder(const TextTrainingOptions& options, const std::string& data_dir,
                  TextSetup& setup) {
  if (options.from_scratch) {
    setup.tokenizer = tokenizer_from_scratch(options, data_dir);
    setup.config = make_text_config(options.sizes, *setup.tokenizer, options.max_length);
    return;
  }
  setup.config = train::read_text_config(options.model + "/config.json");
  setup.tokenizer = data::load_tokenizer(options.model);
  setup.weights_sha256 =
      core::sha256(core::read_file(options.model + "/model.safetensors", kMostWeightBytes));
  const std::int64_t most = models::max_tokens(setup.config.encoder);
  if (options.max_length > most) {
    throw InvalidArgument(text("--max-length: the encoder in ", options.model, " takes at most ",
                               most, " tokens, got ", options.max_length));
  }
  if (setup.tokenizer->size() > setup.config.encoder.vocabulary) {
    throw FileError(options.model + "/config.json",
                    text("vocab_size: expected at least ", setup.tokenizer->size(),
                         ", the tokens of the tokeniser, found ", setup.config.encoder.vocabulary));
  }
}

void measure(const train::TextPredictor& predictor, const train::TextProblem& problem,
             train::StepRunResult& result) {
  for (const train::TextProblemPart& part : problem.parts) {
    if (part.labelled && part.name != "train") {
      result.parts[part.name] = train::evaluate_text(predictor, problem, part);
    }
  }
  const train::TextProblemPart* shown =
      problem.find(problem.validation.empty() ? "train" : problem.validation);
  result.mmd = train::text_head_mmd(predictor, *shown);
  result.mmd_median = train::text_head_mmd(predictor, *shown, true);
  result.weights_sha256 = weights_digest(predictor.model());
}

std::unique_ptr<train::TextPredictor> make_predictor(const TextTrainingOptions& options,
                                                     const TextSetup& setup, std::uint64_t seed) {
  auto predictor = std::make_unique<train::TextPredictor>(setup.config, setup.problem.head,
                                                          std::ssize(setup.problem.labels), seed);
  if (!options.model.empty()) {
    (void)train::load_pretrained(predictor->model(), setup.config.encoder, options.model);
  }
  return predictor;
}

}  // namespace

std::shared_ptr<const data::Tokenizer> learn_wordpiece(const data::RawText& texts,
                                                       std::int64_t size) {
  data::WordPieceTrainer trainer({.vocabulary_size = size});
  for (const std::vector<std::string>& document : texts.documents) {
    for (const std::string& line : document) {
      trainer.add(line);
    }
  }
  return std::make_shared<const data::WordPieceTokenizer>(trainer.train());
}

TextSetup prepare_text(const TextTrainingOptions& options, const std::string& data_dir) {
  require_one_source(options);
  TextSetup setup;
  load_encoder(options, data_dir, setup);
  if (options.dropout) {
    setup.config.encoder.dropout = *options.dropout;
    setup.config.classifier_dropout = *options.dropout;
  }
  if (options.attention_dropout) {
    setup.config.encoder.attention_dropout = *options.attention_dropout;
  }
  setup.problem =
      train::load_text_problem(options.task, data_dir, *setup.tokenizer,
                               {.max_tokens = options.max_length, .holdout = options.holdout});
  return setup;
}

train::Settings run_settings(const TextTrainingOptions& options, const TextSetup& setup) {
  train::Settings settings = to_settings(options);
  settings["task_sha256"] = setup.problem.sha256;
  settings["model"] = options.model;
  settings["encoder_sha256"] = setup.weights_sha256;
  return settings;
}

train::StepExperimentResult text_experiment(const TextTrainingOptions& options,
                                            const TextSetup& setup, const GlobalOptions& global) {
  const train::TextProblem& problem = setup.problem;
  return {.command = global.command_line,
          .config = run_settings(options, setup),
          .dataset = problem.name,
          .dataset_sha256 = problem.sha256,
          .dataset_source = problem.source,
          .model = options.from_scratch ? options.sizes.family : options.model,
          .align = options.align.kind,
          .align_weight = options.align.active() ? options.align.options.weight : 0,
          .parameters = make_predictor(options, setup, 0)->model().num_parameters(),
          .metric = problem.metric,
          .validation = problem.validation,
          .test = problem.test,
          .held_out = problem.held_out,
          .threads = core::num_threads()};
}

train::StepRunResult run_text_seed(const TextTrainingOptions& options, const TextSetup& setup,
                                   std::uint64_t seed, const StepRunHooks& hooks,
                                   const TextFinish& finish) {
  const std::unique_ptr<train::TextPredictor> predictor = make_predictor(options, setup, seed);
  const std::unique_ptr<train::AlignmentRegularizer> alignment = make_alignment(options.align);
  train::TextTrainer trainer(*predictor, setup.problem, options.fit.of_seed(seed), alignment.get());
  train::StepRunResult result = run_steps(trainer, seed, alignment.get(), hooks);
  if (result.interrupted) {
    return result;
  }
  measure(*predictor, setup.problem, result);
  if (finish) {
    finish(*predictor, result);
  }
  return result;
}

std::string describe(const train::TextProblem& problem) {
  std::string sizes;
  std::string names;
  for (const train::TextProblemPart& part : problem.parts) {
    const char* const between = sizes.empty() ? "" : "/";
    sizes.append(between).append(with_thousands(part.num_examples()));
    names.append(between).append(part.name);
  }
  return text(problem.name, ": ", sizes, " ", names,
              problem.labels.empty() ? "" : text(", ", problem.labels.size(), " labels"));
}

}  // namespace attune::cli
