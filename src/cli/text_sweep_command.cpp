#include <memory>

#include "cli/text_command.hpp"
#include "cli/text_run.hpp"

namespace attune::cli {
namespace {

struct TextSweepOptions {
  TextTrainingOptions training;
  SweepFlags sweep;
};

int sweep_text(const TextSweepOptions& options, const GlobalOptions& global) {
  const TextTrainingOptions& training = options.training;
  const TextSetup setup = prepare_text(training, global.data_dir);
  return sweep_steps(options.sweep, training.fit.options.seed,
                     text_experiment(training, setup, global), global,
                     [&](std::uint64_t seed, const StepRunHooks& hooks) {
                       return run_text_seed(training, setup, seed, hooks);
                     });
}

}  // namespace

void add_text_sweep(Command app, Action& action) {
  Command command = app.add_subcommand(
      "sweep", "Fine-tune over many seeds: mean, standard deviation, paired test");
  const auto options = std::make_shared<TextSweepOptions>();
  add_text_training_options(command, options->training);
  add_sweep_options(command, options->sweep);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return sweep_text(*options, global); };
  });
}

}  // namespace attune::cli
