#include "cli/text_run.hpp"

#include <algorithm>
#include <filesystem>
#include <ostream>
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
#include <attune/train/safetensors.hpp>

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

double median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string weights_digest(const train::TextPredictor& predictor) {
  train::Safetensors content;
  for (const nn::NamedParameter& parameter : predictor.model().parameters()) {
    content.tensors.emplace(parameter.name, parameter.variable.value());
  }
  return core::sha256(train::encode_safetensors(content));
}

// Runs the steps that are left. @return  milliseconds of each
std::vector<double> run_steps(train::TextTrainer& trainer, const TextRunHooks& hooks) {
  std::vector<double> ms;
  while (!trainer.finished() && !(hooks.stop != nullptr && hooks.stop->load())) {
    const train::TextStep step = trainer.step();
    ms.push_back(1e3 * step.seconds);
    if (hooks.observer) {
      hooks.observer(trainer, step);
    }
    if (hooks.save && hooks.save_every > 0 && trainer.steps() % hooks.save_every == 0 &&
        !trainer.finished()) {
      hooks.save(trainer);
    }
  }
  return ms;
}

train::TextRunResult result_of(const train::TextTrainer& trainer, std::uint64_t seed,
                               const std::vector<double>& ms) {
  const std::int64_t per_epoch = trainer.steps_per_epoch();
  const auto epochs = [&](std::int64_t steps) { return (steps + per_epoch - 1) / per_epoch; };
  train::TextRunResult result{.seed = seed, .parts = {}};
  result.best_step = trainer.best_step();
  result.best_epoch = epochs(trainer.best_step());
  result.steps = trainer.steps();
  result.epochs = epochs(trainer.steps());
  result.stopped_early = trainer.steps() < trainer.total_steps();
  result.seconds = trainer.seconds();
  result.ms_per_step = median(ms);
  result.ms_per_epoch = result.ms_per_step * static_cast<double>(per_epoch);
  result.curve = trainer.curve();
  return result;
}

void measure(const train::TextPredictor& predictor, const train::TextProblem& problem,
             train::TextRunResult& result) {
  for (const train::TextProblemPart& part : problem.parts) {
    if (part.labelled && part.name != "train") {
      result.parts[part.name] = train::evaluate_text(predictor, problem, part);
    }
  }
  const train::TextProblemPart* shown =
      problem.find(problem.validation.empty() ? "train" : problem.validation);
  result.mmd = train::text_head_mmd(predictor, *shown);
  result.mmd_median = train::text_head_mmd(predictor, *shown, true);
  result.weights_sha256 = weights_digest(predictor);
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

train::TextExperimentResult text_experiment(const TextTrainingOptions& options,
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

train::TextRunResult run_text_seed(const TextTrainingOptions& options, const TextSetup& setup,
                                   std::uint64_t seed, const TextRunHooks& hooks) {
  const std::unique_ptr<train::TextPredictor> predictor = make_predictor(options, setup, seed);
  const std::unique_ptr<train::AlignmentRegularizer> alignment = make_alignment(options.align);
  train::TextFitOptions fit = options.fit;
  fit.seed = seed;
  fit.keep_last = options.keep == "last";
  train::TextTrainer trainer(*predictor, setup.problem, fit, alignment.get());
  if (hooks.prepare) {
    hooks.prepare(trainer);
  }
  const std::vector<double> ms = run_steps(trainer, hooks);
  train::TextRunResult result = result_of(trainer, seed, ms);
  result.interrupted = !trainer.finished();
  if (hooks.save) {
    hooks.save(trainer);
  }
  if (result.interrupted) {
    return result;
  }
  if (alignment) {
    result.align_loss = trainer.best_regularizer();
    for (const nn::NamedParameter& parameter : alignment->parameters()) {
      result.align_parameters += parameter.variable.value().num_elements();
    }
  }
  trainer.restore_best();
  measure(*predictor, setup.problem, result);
  if (hooks.finish) {
    hooks.finish(*predictor, result);
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

void print_measures(std::ostream& out, const std::string& part,
                    const train::TextMeasures& measures) {
  std::string name(part);
  name.resize(std::max<std::size_t>(part.size() + 1, 12), ' ');
  out << name;
  for (const char* shown : {"accuracy", "matthews", "f1", "macro_f1", "exact", "pearson",
                            "spearman", "mse", "nll", "ece", "none_threshold"}) {
    const auto found = measures.find(shown);
    if (found != measures.end()) {
      out << " " << shown << " " << fixed(found->second, 4) << " ";
    }
  }
  out << '\n';
}

}  // namespace attune::cli
