#pragma once

#include <functional>
#include <string>

#include "cli/arguments.hpp"

namespace attune::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kInternalFailure = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kInterrupted = 130;

/// Options that every subcommand understands.
struct GlobalOptions {
  int threads = 0;  ///< 0: one per core
  std::string data_dir;
  std::string json;  ///< file to write the result to; empty: none
  bool quiet = false;
  std::string command_line;  ///< as it was typed, for result files
};

inline constexpr char kGlobalOptions[] =
    "Also --threads, --data-dir, --json, --quiet and --config: see attune --help";

/// What the chosen subcommand does once everything is parsed. @return exit status
using Action = std::function<int(const GlobalOptions&)>;

// Each adds its subcommand to the application and sets `action` when it is chosen.
void add_bench_command(Command app, Action& action);
void add_train_command(Command app, Action& action);
void add_sweep_command(Command app, Action& action);
void add_evaluate_command(Command app, Action& action);
void add_predict_command(Command app, Action& action);
void add_report_command(Command app, Action& action);
void add_datasets_command(Command app, Action& action);
void add_text_command(Command app, Action& action);
void add_vqa_command(Command app, Action& action);

/// Adds all of them to the program, and the options that every one understands.
void add_commands(CLI::App& program, GlobalOptions& global, Action& action);

}  // namespace attune::cli
