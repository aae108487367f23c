#include "cli/step_run.hpp"

#include <algorithm>
#include <iostream>
#include <vector>

#include "cli/training_run.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/text.hpp>
#include <attune/train/safetensors.hpp>
#include <attune/train/step_checkpoint.hpp>

namespace attune::cli {

using core::text;

namespace {

double median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// @return  milliseconds of each step
std::vector<double> run_steps_left(train::ValidatedTrainer& trainer, const StepRunHooks& hooks) {
  std::vector<double> ms;
  while (!trainer.finished() && !(hooks.stop != nullptr && hooks.stop->load())) {
    const train::FitStep step = trainer.step();
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

train::StepRunResult result_of(const train::ValidatedTrainer& trainer, std::uint64_t seed,
                               const std::vector<double>& ms) {
  const std::int64_t per_epoch = trainer.steps_per_epoch();
  const auto epochs = [&](std::int64_t steps) { return (steps + per_epoch - 1) / per_epoch; };
  train::StepRunResult result{.seed = seed, .parts = {}};
  result.best_step = trainer.best_step();
  result.best_epoch = epochs(trainer.best_step());
  result.steps = trainer.steps();
  result.epochs = epochs(trainer.steps());
  result.stopped_early = trainer.steps() < trainer.total_steps();
  result.seconds = trainer.seconds();
  result.ms_per_step = median(ms);
  result.ms_per_epoch = result.ms_per_step * static_cast<double>(per_epoch);
  result.curve = trainer.curve();
  result.interrupted = !trainer.finished();
  return result;
}

std::string progress_text(const train::ValidatedTrainer& trainer, const train::FitStep& step,
                          const std::string& metric) {
  std::string line = text("step ", trainer.steps(), "/", trainer.total_steps(), "  loss ",
                          fixed(step.report.loss, 4));
  if (!trainer.curve().empty()) {
    const train::StepRecord& last = trainer.curve().back();
    const auto score = last.find(metric);
    line += score == last.end() ? std::string()
                                : text("  validation ", metric, " ", fixed(score->second, 4));
  }
  return line;
}

}  // namespace

StepRunHooks step_hooks(const CheckpointFlags& checkpoints, const train::Settings& settings,
                        const std::string& metric, ProgressLine& progress,
                        const std::atomic<bool>& stop) {
  StepRunHooks hooks;
  hooks.stop = &stop;
  hooks.observer = [&progress, metric](const train::ValidatedTrainer& trainer,
                                       const train::FitStep& step) {
    if (progress.due()) {
      progress.show(trainer.steps(), progress_text(trainer, step, metric));
    }
  };
  const std::string folder = checkpoints.folder();
  if (folder.empty()) {
    return hooks;
  }
  hooks.save_every = checkpoints.every;
  hooks.save = [folder, settings](const train::ValidatedTrainer& trainer) {
    train::save_step_checkpoint(folder, trainer.checkpoint(settings));
  };
  if (!checkpoints.resume.empty()) {
    hooks.prepare = [folder, settings](train::ValidatedTrainer& trainer) {
      const train::StepCheckpoint saved = train::load_step_checkpoint(folder);
      train::require_same_run(folder, saved, settings);
      trainer.load(saved);
    };
  }
  return hooks;
}

train::StepRunResult run_steps(train::ValidatedTrainer& trainer, std::uint64_t seed,
                               train::Regularizer* regularizer, const StepRunHooks& hooks) {
  if (hooks.prepare) {
    hooks.prepare(trainer);
  }
  const std::vector<double> ms = run_steps_left(trainer, hooks);
  train::StepRunResult result = result_of(trainer, seed, ms);
  if (hooks.save) {
    hooks.save(trainer);
  }
  if (result.interrupted) {
    return result;
  }
  if (regularizer != nullptr) {
    result.align_loss = trainer.best_regularizer();
    for (const nn::NamedParameter& parameter : regularizer->parameters()) {
      result.align_parameters += parameter.variable.value().num_elements();
    }
  }
  trainer.restore_best();
  return result;
}

std::string weights_digest(const nn::Module& module) {
  train::Safetensors content;
  for (const nn::NamedParameter& parameter : module.parameters()) {
    content.tensors.emplace(parameter.name, parameter.variable.value());
  }
  return core::sha256(train::encode_safetensors(content));
}

void print_measures(std::ostream& out, const std::string& part, const train::Measures& measures) {
  std::string name(part);
  name.resize(std::max<std::size_t>(part.size() + 1, 12), ' ');
  out << name;
  for (const char* shown : {"accuracy", "matthews", "f1", "macro_f1", "exact", "pearson",
                            "spearman", "mse", "nll", "ece", "pavpu", "none_threshold"}) {
    const auto found = measures.find(shown);
    if (found != measures.end()) {
      out << " " << shown << " " << fixed(found->second, 4) << " ";
    }
  }
  out << '\n';
}

std::string describe_training(const train::StepRunResult& run) {
  return text(run.steps, " steps, best ", run.best_step, "; ", fixed(run.seconds, 2), " s, ",
              fixed(run.ms_per_step, 2), " ms a step");
}

int interrupted(const train::StepRunResult& run, const std::string& folder) {
  std::cerr << text("attune: interrupted after step ", run.steps,
                    folder.empty() ? std::string("; nothing was saved, for want of --out")
                                   : text("; saved: continue with --resume ", folder),
                    '\n');
  return kInterrupted;
}

}  // namespace attune::cli
