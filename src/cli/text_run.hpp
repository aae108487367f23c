#pragma once

#include <atomic>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/text_options.hpp"
#include <attune/data/text/raw_text.hpp>
#include <attune/train/saved_text.hpp>
#include <attune/train/text_problem.hpp>
#include <attune/train/text_result.hpp>
#include <attune/train/text_trainer.hpp>

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
[[nodiscard]] train::TextExperimentResult text_experiment(const TextTrainingOptions& options,
                                                          const TextSetup& setup,
                                                          const GlobalOptions& global);

/// What happens around the steps of a run. All of it is optional.
struct TextRunHooks {
  std::function<void(train::TextTrainer&)> prepare = nullptr;  ///< before the first step: resume
  std::function<void(const train::TextTrainer&, const train::TextStep&)> observer = nullptr;
  const std::atomic<bool>* stop = nullptr;                        ///< ends with its step
  std::function<void(const train::TextTrainer&)> save = nullptr;  ///< between steps
  std::int64_t save_every = 0;                                    ///< steps; 0: at the end alone
  std::function<void(const train::TextPredictor&, const train::TextRunResult&)> finish =
      nullptr;  ///< with the best parameters
};

/// Trains one seed, aligned if asked for, and measures it.
[[nodiscard]] train::TextRunResult run_text_seed(const TextTrainingOptions& options,
                                                 const TextSetup& setup, std::uint64_t seed,
                                                 const TextRunHooks& hooks);

/// `sst2: 6,920/872/1,821 train/validation/test`.
[[nodiscard]] std::string describe(const train::TextProblem& problem);

/// A line of measures, those that matter most first.
void print_measures(std::ostream& out, const std::string& part,
                    const train::TextMeasures& measures);

/// Learns a WordPiece vocabulary of texts.
[[nodiscard]] std::shared_ptr<const data::Tokenizer> learn_wordpiece(const data::RawText& texts,
                                                                     std::int64_t size);

}  // namespace attune::cli
