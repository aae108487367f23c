#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/step_options.hpp"
#include <attune/nn/module.hpp>
#include <attune/train/regularizer.hpp>
#include <attune/train/step_result.hpp>
#include <attune/train/validated_trainer.hpp>

namespace attune::cli {

/// What happens around the steps of a run. All of it is optional.
struct StepRunHooks {
  std::function<void(train::ValidatedTrainer&)> prepare = nullptr;  ///< before the first: resume
  std::function<void(const train::ValidatedTrainer&, const train::FitStep&)> observer = nullptr;
  const std::atomic<bool>* stop = nullptr;                             ///< ends with its step
  std::function<void(const train::ValidatedTrainer&)> save = nullptr;  ///< between steps
  std::int64_t save_every = 0;  ///< steps; 0: at the end alone
};

/// Those of a run that shows its progress, is saved where the flags say so, and continued.
/// @param metric  of the validation that is shown
[[nodiscard]] StepRunHooks step_hooks(const CheckpointFlags& checkpoints,
                                      const train::Settings& settings, const std::string& metric,
                                      ProgressLine& progress, const std::atomic<bool>& stop);

/// Runs the steps that are left and gives the model its best parameters, unless it was stopped
/// before the end.
/// @return  all but what is measured on parts
[[nodiscard]] train::StepRunResult run_steps(train::ValidatedTrainer& trainer, std::uint64_t seed,
                                             train::Regularizer* regularizer,
                                             const StepRunHooks& hooks);

/// SHA-256 of the parameters as safetensors.
[[nodiscard]] std::string weights_digest(const nn::Module& module);

/// A line of measures, those that matter most first.
void print_measures(std::ostream& out, const std::string& part, const train::Measures& measures);

/// `120 steps, best 80; 1.20 s, 10.00 ms a step`.
[[nodiscard]] std::string describe_training(const train::StepRunResult& run);

/// Says on stderr where the run can be continued. @return  the exit status
[[nodiscard]] int interrupted(const train::StepRunResult& run, const std::string& folder);

/// Runs many seeds, prints what they found and writes it, after every run and at the end.
/// @param result  everything but its runs
/// @param run     of one seed, until it is told to stop
/// @return        the exit status
[[nodiscard]] int sweep_steps(
    const SweepFlags& flags, std::uint64_t first_seed, train::StepExperimentResult result,
    const GlobalOptions& global,
    const std::function<train::StepRunResult(std::uint64_t seed, const StepRunHooks&)>& run);

}  // namespace attune::cli
