#include <memory>

#include "cli/vqa_command.hpp"
#include "cli/vqa_run.hpp"

namespace attune::cli {
namespace {

struct VqaSweepOptions {
  VqaTrainingOptions training;
  SweepFlags sweep;
};

int sweep_vqa(const VqaSweepOptions& options, const GlobalOptions& global) {
  const VqaTrainingOptions& training = options.training;
  const train::VqaProblem problem = prepare_vqa(training);
  return sweep_steps(options.sweep, training.fit.options.seed,
                     vqa_experiment(training, problem, global), global,
                     [&](std::uint64_t seed, const StepRunHooks& hooks) {
                       return run_vqa_seed(training, problem, seed, hooks);
                     });
}

}  // namespace

void add_vqa_sweep(Command vqa, Action& action) {
  Command command =
      vqa.add_subcommand("sweep", "Train over many seeds: mean, standard deviation, paired test");
  const auto options = std::make_shared<VqaSweepOptions>();
  add_vqa_training_options(command, options->training);
  add_sweep_options(command, options->sweep);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return sweep_vqa(*options, global); };
  });
}

}  // namespace attune::cli
