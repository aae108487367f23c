#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/step_run.hpp"
#include "cli/text_options.hpp"
#include <attune/data/text/raw_text.hpp>
#include <attune/train/saved_text.hpp>
#include <attune/train/step_result.hpp>
#include <attune/train/text_problem.hpp>

namespace attune::cli {

/// Everything that the runs of a task have in common.
struct TextSetup {
  train::TextConfig config;
  std::shared_ptr<const data::Tokenizer> tokenizer;
  std::string weights_sha256;  ///< of the pretrained encoder; empty: none
  train::TextProblem problem;
};

/// Loads task and tokeniser, of an encoder from scratch learns the vocabulary.
/// @throws InvalidArgument, FileError  options that contradict each other, files
[[nodiscard]] TextSetup prepare_text(const TextTrainingOptions& options,
                                     const std::string& data_dir);

/// What a run is told by, in checkpoints and results.
[[nodiscard]] train::Settings run_settings(const TextTrainingOptions& options,
                                           const TextSetup& setup);

/// A result with everything but its runs.
[[nodiscard]] train::StepExperimentResult text_experiment(const TextTrainingOptions& options,
                                                          const TextSetup& setup,
                                                          const GlobalOptions& global);

/// Called with the best parameters of a run and what they were measured to be worth.
using TextFinish = std::function<void(const train::TextPredictor&, const train::StepRunResult&)>;

/// Trains one seed, aligned if asked for, and measures it.
/// @param finish  null: nothing
[[nodiscard]] train::StepRunResult run_text_seed(const TextTrainingOptions& options,
                                                 const TextSetup& setup, std::uint64_t seed,
                                                 const StepRunHooks& hooks,
                                                 const TextFinish& finish = nullptr);

/// `sst2: 6,920/872/1,821 train/validation/test`.
[[nodiscard]] std::string describe(const train::TextProblem& problem);

/// Learns a WordPiece vocabulary of texts.
[[nodiscard]] std::shared_ptr<const data::Tokenizer> learn_wordpiece(const data::RawText& texts,
                                                                     std::int64_t size);

}  // namespace attune::cli
