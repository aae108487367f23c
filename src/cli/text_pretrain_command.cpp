#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <system_error>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/step_options.hpp"
#include "cli/step_sizes.hpp"
#include "cli/text_command.hpp"
#include "cli/text_run.hpp"
#include "cli/training_run.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/text_pretraining.hpp>
#include <attune/train/text_problem.hpp>
#include <attune/train/text_result.hpp>

namespace attune::cli {
namespace {

using core::text;

struct PretrainOptions {
  std::vector<std::string> tasks;
  std::vector<std::string> files;
  EncoderSizes sizes;
  std::int64_t max_length = 128;
  double dropout = 0.1;
  double holdout = 0.01;
  train::TextPretrainingOptions fit;
  CheckpointFlags checkpoints;
};

/// Texts, tokens and sequences of a run.
struct PretrainSetup {
  std::vector<std::string> names;
  std::string sha256;  ///< of tasks and files
  std::shared_ptr<const data::Tokenizer> tokenizer;
  std::vector<data::EncodedText> train;
  std::vector<data::EncodedText> validation;
};

void check(const PretrainOptions& options) {
  if (options.checkpoints.folder().empty()) {
    throw InvalidArgument("expected one of --out DIR and --resume DIR");
  }
  check_folders(options.checkpoints);
  if (!(options.holdout >= 0 && options.holdout < 1)) {
    throw InvalidArgument(text("--holdout must be in [0, 1), got ", options.holdout));
  }
}

// ---- texts

// Those that have texts to train on and are here.
std::vector<std::string> tasks_at_hand(const std::string& data_dir) {
  std::vector<std::string> names;
  for (const data::KnownDataset& known : data::known_text_tasks()) {
    if (data::has_text_task(known.name, data_dir) &&
        data::load_text_task(known.name, data_dir).find("train") != nullptr) {
      names.push_back(known.name);
    }
  }
  return names;
}

/// Documents without those that came before: tasks share texts.
class Union {
 public:
  void add(data::RawText&& more, const std::string& name, const std::string& sha256) {
    names.push_back(name);
    digest_.update(sha256);
    for (std::vector<std::string>& document : more.documents) {
      std::string all;
      for (const std::string& line : document) {
        all += line + '\n';
      }
      if (seen_.insert(core::sha256(all)).second) {
        texts.documents.push_back(std::move(document));
      }
    }
  }
  [[nodiscard]] std::string sha256() const { return digest_.hex(); }

  data::RawText texts;
  std::vector<std::string> names;

 private:
  core::Sha256 digest_;
  std::set<std::string> seen_;
};

Union collect_texts(const PretrainOptions& options, const std::string& data_dir) {
  const bool all = options.tasks.empty() && options.files.empty();
  Union united;
  for (const std::string& name : all ? tasks_at_hand(data_dir) : options.tasks) {
    data::RawText texts = train::load_training_texts(name, data_dir);
    const std::string sha256 = texts.sha256;
    united.add(std::move(texts), name, sha256);
  }
  for (const std::string& file : options.files) {
    data::RawText texts = data::load_raw_text(file);
    const std::string sha256 = texts.sha256;
    united.add(std::move(texts), file, sha256);
  }
  if (united.texts.documents.empty()) {
    throw InvalidArgument("expected texts to train on, found none: name --task or --text");
  }
  return united;
}

// Every n-th sequence is validated on.
void divide(std::vector<data::EncodedText> sequences, double share, PretrainSetup& setup) {
  double due = 0;
  for (data::EncodedText& sequence : sequences) {
    due += share;
    if (due >= 1) {
      setup.validation.push_back(std::move(sequence));
      due -= 1;
    } else {
      setup.train.push_back(std::move(sequence));
    }
  }
}

PretrainSetup prepare(const PretrainOptions& options, const std::string& data_dir) {
  const Union united = collect_texts(options, data_dir);
  PretrainSetup setup;
  setup.names = united.names;
  setup.sha256 = united.sha256();
  if (!options.checkpoints.resume.empty()) {
    setup.tokenizer = data::load_tokenizer(options.checkpoints.resume);
  } else if (!options.sizes.vocab.empty()) {
    setup.tokenizer = data::load_tokenizer(options.sizes.vocab);
  } else {
    setup.tokenizer = learn_wordpiece(united.texts, options.sizes.vocabulary);
  }
  divide(data::pack_sequences(united.texts, *setup.tokenizer, options.max_length), options.holdout,
         setup);
  return setup;
}

// ---- the run

train::Settings settings_of(const PretrainOptions& options, const PretrainSetup& setup) {
  train::Settings settings = to_settings(options.sizes);
  const train::TextPretrainingOptions& fit = options.fit;
  settings["texts_sha256"] = setup.sha256;
  settings["tokens"] = setup.tokenizer->size();
  settings["max_length"] = options.max_length;
  settings["dropout"] = options.dropout;
  settings["holdout"] = options.holdout;
  settings["epochs"] = fit.epochs;
  settings["total_steps"] = fit.steps;
  settings["batch_size"] = fit.batch_size;
  settings["accumulate"] = fit.accumulate;
  settings["learning_rate"] = fit.learning_rate;
  settings["warmup"] = fit.warmup;
  settings["weight_decay"] = fit.weight_decay;
  settings["max_gradient_norm"] = fit.max_gradient_norm;
  settings["mask_rate"] = fit.mask_rate;
  settings["eval_every"] = fit.eval_every;
  settings["seed"] = static_cast<std::int64_t>(fit.seed);
  return settings;
}

std::string progress_text(const train::MaskedLanguageTrainer& trainer,
                          const train::PretrainingStep& step) {
  std::string line = text("step ", trainer.steps(), "/", trainer.total_steps(), "  loss ",
                          fixed(step.report.loss, 4));
  if (!trainer.curve().empty() && trainer.curve().back().contains("loss")) {
    line += text("  validation loss ", fixed(trainer.curve().back().at("loss"), 4));
  }
  return line;
}

// @return  milliseconds of each step
std::vector<double> run_steps(const PretrainOptions& options, const train::Settings& settings,
                              train::MaskedLanguageTrainer& trainer, bool quiet,
                              const std::atomic<bool>& stop) {
  std::vector<double> ms;
  ProgressLine progress(trainer.total_steps(), quiet);
  while (!trainer.finished() && !stop.load()) {
    const double before = trainer.seconds();
    const train::PretrainingStep step = trainer.step();
    if (!step.validation) {
      ms.push_back(1e3 * (trainer.seconds() - before));
    }
    if (progress.due()) {
      progress.show(trainer.steps(), progress_text(trainer, step));
    }
    if (trainer.steps() % options.checkpoints.every == 0 && !trainer.finished()) {
      train::save_step_checkpoint(options.checkpoints.folder(), trainer.checkpoint(settings));
    }
  }
  train::save_step_checkpoint(options.checkpoints.folder(), trainer.checkpoint(settings));
  return ms;
}

train::PretrainingResult result_of(const PretrainSetup& setup,
                                   const train::MaskedLanguageTrainer& trainer,
                                   const train::Settings& settings, const GlobalOptions& global) {
  train::PretrainingResult result{.command = global.command_line,
                                  .config = settings,
                                  .texts = setup.names,
                                  .sequences = std::ssize(setup.train),
                                  .vocabulary = setup.tokenizer->size(),
                                  .steps = trainer.steps(),
                                  .seconds = trainer.seconds(),
                                  .threads = core::num_threads(),
                                  .curve = trainer.curve()};
  for (const data::EncodedText& sequence : setup.train) {
    result.tokens += sequence.length();
  }
  return result;
}

void print(const train::PretrainingResult& result, const std::string& folder) {
  std::cout << text("texts       ", with_thousands(result.sequences), " sequences, ",
                    with_thousands(result.tokens), " tokens of ", with_thousands(result.vocabulary),
                    "\nmodel       ", with_thousands(result.parameters),
                    " parameters\ntrained     ", result.steps, " steps; ", fixed(result.seconds, 1),
                    " s, ", fixed(result.ms_per_step, 2), " ms a step\n");
  if (!result.curve.empty() && result.curve.back().contains("loss")) {
    std::cout << text("validation  loss ", fixed(result.curve.back().at("loss"), 4), "  accuracy ",
                      fixed(result.curve.back().at("accuracy"), 4), '\n');
  }
  std::cout << "wrote       " << folder << '\n';
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw FileError(folder, text("cannot make the folder: ", error.message()));
  }
}

int pretrain(const PretrainOptions& options, const GlobalOptions& global) {
  check(options);
  const std::string& folder = options.checkpoints.folder();
  const PretrainSetup setup = prepare(options, global.data_dir);
  train::TextConfig config = make_text_config(options.sizes, *setup.tokenizer, options.max_length);
  config.encoder.dropout = options.dropout;
  config.encoder.attention_dropout = options.dropout;
  config.classifier_dropout = options.dropout;
  nn::Initializer init(options.fit.seed);
  models::MaskedLanguageModel model(config.encoder, init);
  train::MaskedLanguageTrainer trainer(model, *setup.tokenizer, setup.train, setup.validation,
                                       options.fit);
  const train::Settings settings = settings_of(options, setup);
  if (options.checkpoints.resume.empty()) {
    make_folder(folder);
    setup.tokenizer->save(folder);  // before the checkpoint, so that whoever finds it finds both
    train::save_step_checkpoint(folder, trainer.checkpoint(settings));
  } else {
    const train::StepCheckpoint saved = train::load_step_checkpoint(folder);
    train::require_same_run(folder, saved, settings);
    trainer.load(saved);
  }
  const InterruptScope interrupt;
  const std::vector<double> ms =
      run_steps(options, settings, trainer, global.quiet, interrupt.requested());
  if (!trainer.finished()) {
    std::cerr << text("attune: interrupted after step ", trainer.steps(),
                      "; saved: continue with --resume ", folder, '\n');
    return kInterrupted;
  }
  train::save_pretrained(model, config, folder);
  train::PretrainingResult result = result_of(setup, trainer, settings, global);
  result.parameters = model.num_parameters();
  result.ms_per_step = median(ms);
  result.weights_sha256 =
      core::sha256(core::read_file(folder + "/model.safetensors", std::int64_t{16} << 30));
  if (!global.quiet) {
    print(result, folder);
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, train::to_json(result));
  }
  return kSuccess;
}

// ---- options

void add_fit_options(Command command, PretrainOptions& o) {
  const std::string group = "Training";
  train::TextPretrainingOptions& fit = o.fit;
  add_step_sizes(command, fit, "the texts", "Sequences");
  command.add_option("--mask-rate", fit.mask_rate, "Share of the tokens that are to be guessed")
      .type_name("P")
      .group(group);
  command.add_option("--dropout", o.dropout, "Of embeddings, layers and coefficients")
      .type_name("P")
      .group(group);
  command.add_option("--eval-every", fit.eval_every, "Steps between validations; 0: an epoch")
      .type_name("N")
      .group(group);
  command.add_option("--holdout", o.holdout, "Share of the sequences to validate on")
      .type_name("P")
      .group(group);
  add_seed_option(command, fit.seed, "Of weights, order, masks and dropout");
}

}  // namespace

void add_text_pretrain(Command app, Action& action) {
  Command command = app.add_subcommand(
      "pretrain", "Pretrain an encoder from raw texts by masked language modelling");
  const auto options = std::make_shared<PretrainOptions>();
  command
      .add_option("--task", options->tasks,
                  "Tasks whose training texts are read [all whose files are here, unless --text]")
      .type_name("NAME")
      .delimiter(',');
  command
      .add_option("--text", options->files,
                  "Files of texts, a line each, an empty line between documents")
      .type_name("FILE");
  command.add_option("--max-length", options->max_length, "Tokens of a sequence").type_name("N");
  add_encoder_options(command, options->sizes);
  add_fit_options(command, *options);
  add_checkpoint_options(command, options->checkpoints,
                         "config.json, model.safetensors and the tokeniser");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return pretrain(*options, global); };
  });
}

}  // namespace attune::cli
