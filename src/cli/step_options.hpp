#pragma once

#include <cstdint>
#include <string>

#include "cli/arguments.hpp"
#include <attune/train/settings.hpp>
#include <attune/train/validated_trainer.hpp>

namespace attune::cli {

/// Options of training in steps, whatever is trained on.
struct FitFlags {
  train::StepFitOptions options;
  std::string keep = "best";  ///< parameters: of the best validation, or the "last"

  /// With the seed of one run.
  [[nodiscard]] train::StepFitOptions of_seed(std::uint64_t seed) const;
};

/// @param items     what a batch is made of, such as "examples"
/// @param drawn     what the seed decides beside order, dropout and alignment
void add_fit_options(Command command, FitFlags& flags, const std::string& items,
                     const std::string& drawn);

/// A whole number from 0 on: an unsigned one would take -1 for its largest value.
void add_seed_option(Command command, std::uint64_t& seed, const std::string& what);

/// Adds what a checkpoint and a result say about them; without the seed.
void add_settings(const FitFlags& flags, train::Settings& settings);

/// Where a run in steps is saved.
struct CheckpointFlags {
  std::string out;
  std::string resume;
  bool overwrite = false;
  std::int64_t every = 500;

  [[nodiscard]] const std::string& folder() const { return resume.empty() ? out : resume; }
};

/// @param what  is saved at the end, for the help
void add_checkpoint_options(Command command, CheckpointFlags& flags, const std::string& what);

/// @throws InvalidArgument  folders that contradict each other, or one that holds a run already
void check_folders(const CheckpointFlags& flags);

/// Which seeds a sweep runs.
struct SweepFlags {
  std::int64_t runs = 10;
  int jobs = 1;
  std::string against;
  bool go_on = false;
};

void add_sweep_options(Command command, SweepFlags& flags);

}  // namespace attune::cli
