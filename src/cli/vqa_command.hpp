#pragma once

#include "cli/command.hpp"

namespace attune::cli {

// Each adds a subcommand of `vqa` and sets `action` when it is chosen.
void add_vqa_generate(CLI::App& vqa, Action& action);
void add_vqa_info(CLI::App& vqa, Action& action);
void add_vqa_train(CLI::App& vqa, Action& action);
void add_vqa_sweep(CLI::App& vqa, Action& action);
void add_vqa_evaluate(CLI::App& vqa, Action& action);
void add_vqa_predict(CLI::App& vqa, Action& action);

}  // namespace attune::cli
