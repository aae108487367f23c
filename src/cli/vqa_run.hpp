#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "cli/command.hpp"
#include "cli/step_run.hpp"
#include "cli/vqa_options.hpp"
#include <attune/models/mcan.hpp>
#include <attune/train/step_result.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::cli {

/// Reads the data set and makes it ready.
/// @throws InvalidArgument, FileError  options that contradict each other, files
[[nodiscard]] train::VqaProblem prepare_vqa(const VqaTrainingOptions& options);

/// A result with everything but its runs.
[[nodiscard]] train::StepExperimentResult vqa_experiment(const VqaTrainingOptions& options,
                                                         const train::VqaProblem& problem,
                                                         const GlobalOptions& global);

/// Called with the best parameters of a run.
using VqaFinish = std::function<void(const models::Mcan&)>;

/// Trains one seed, aligned if asked for, and measures it.
/// @param finish  null: nothing
[[nodiscard]] train::StepRunResult run_vqa_seed(const VqaTrainingOptions& options,
                                                const train::VqaProblem& problem,
                                                std::uint64_t seed, const StepRunHooks& hooks,
                                                const VqaFinish& finish = nullptr);

/// Measures of a part, and of each variance of noise under the name `PART noise VARIANCE`.
/// @param parts  receives them
void measure_vqa(const models::Mcan& model, const train::VqaProblemPart& part,
                 const VqaMeasuring& measuring, std::map<std::string, train::Measures>& parts);

/// `scenes: 6,000/1,000/2,000 questions to train/validation/test on, 31 answers, 60 words`.
[[nodiscard]] std::string describe(const train::VqaProblem& problem);

}  // namespace attune::cli
