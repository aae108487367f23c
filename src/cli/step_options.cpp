#include "cli/step_options.hpp"

#include "cli/step_sizes.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/step_checkpoint.hpp>

namespace attune::cli {

using core::text;

namespace {}  // namespace

train::StepFitOptions FitFlags::of_seed(std::uint64_t seed) const {
  train::StepFitOptions fit = options;
  fit.seed = seed;
  fit.keep_last = keep == "last";
  return fit;
}

void add_seed_option(Command command, std::uint64_t& seed, const std::string& what) {
  command.add_option("--seed", seed, what).check(not_negative()).type_name("N").group("Training");
}

void add_fit_options(Command command, FitFlags& flags, const std::string& items,
                     const std::string& drawn) {
  const std::string group = "Training";
  add_step_sizes(command, flags.options, "the training " + items, "Examples");
  command
      .add_option("--eval-every", flags.options.eval_every,
                  "Steps between validations; 0: an epoch")
      .type_name("N")
      .group(group);
  command
      .add_option("--patience", flags.options.patience,
                  "Validations without a better one to stop after; 0: never")
      .type_name("N")
      .group(group);
  command
      .add_option("--keep", flags.keep,
                  "Parameters to keep: those of the best validation, or the last ones, which no "
                  "part of the data has chosen")
      .check(one_of({"best", "last"}))
      .group(group);
  add_seed_option(command, flags.options.seed,
                  text("Of ", drawn, ", the order of ", items, ", dropout and alignment"));
}

void add_settings(const FitFlags& flags, train::Settings& settings) {
  const train::StepFitOptions& fit = flags.options;
  settings["keep"] = flags.keep;
  settings["epochs"] = fit.epochs;
  settings["steps"] = fit.steps;
  settings["batch_size"] = fit.batch_size;
  settings["accumulate"] = fit.accumulate;
  settings["learning_rate"] = fit.learning_rate;
  settings["warmup"] = fit.warmup;
  settings["weight_decay"] = fit.weight_decay;
  settings["max_gradient_norm"] = fit.max_gradient_norm;
  settings["eval_every"] = fit.eval_every;
  settings["patience"] = fit.patience;
}

void add_checkpoint_options(Command command, CheckpointFlags& flags, const std::string& what) {
  const std::string group = "Checkpoints";
  command.add_option("--out", flags.out, text("Save the run in this folder, and at its end ", what))
      .type_name("DIR")
      .group(group);
  command.add_option("--resume", flags.resume, "Continue the run saved in this folder")
      .type_name("DIR")
      .group(group);
  command.add_flag("--overwrite", flags.overwrite, "Replace the run that --out holds").group(group);
  command.add_option("--checkpoint-every", flags.every, "Steps between savings")
      .check(whole_number_in(1, 1000000000))
      .type_name("N")
      .group(group);
}

void check_folders(const CheckpointFlags& flags) {
  if (!flags.out.empty() && !flags.resume.empty() && flags.out != flags.resume) {
    throw InvalidArgument("--resume continues in its own folder: leave out --out");
  }
  if (flags.resume.empty() && !flags.out.empty() && !flags.overwrite &&
      train::has_step_checkpoint(flags.out)) {
    throw InvalidArgument(text("--out ", flags.out,
                               ": holds a checkpoint; continue it with --resume or replace it with "
                               "--overwrite"));
  }
}

void add_sweep_options(Command command, SweepFlags& flags) {
  const std::string group = "Sweep";
  command.add_option("--runs", flags.runs, "Seeds, counted up from --seed")
      .check(whole_number_in(1, 1000000))
      .type_name("N")
      .group(group);
  command.add_option("--jobs", flags.jobs, "Seeds side by side; no seed's result depends on it")
      .check(whole_number_in(1, 1024))
      .type_name("N")
      .group(group);
  command
      .add_option("--against", flags.against,
                  "Result file of another sweep to compare with, seed by seed")
      .type_name("FILE")
      .group(group);
  command
      .add_flag("--continue", flags.go_on,
                "Keep the runs that --json FILE holds, which is written after every run")
      .group(group);
}

}  // namespace attune::cli
