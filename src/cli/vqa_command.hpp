#pragma once

#include "cli/arguments.hpp"
#include "cli/command.hpp"

namespace attune::cli {

// Each adds a subcommand of `vqa` and sets `action` when it is chosen.
void add_vqa_generate(Command vqa, Action& action);
void add_vqa_info(Command vqa, Action& action);
void add_vqa_train(Command vqa, Action& action);
void add_vqa_sweep(Command vqa, Action& action);
void add_vqa_evaluate(Command vqa, Action& action);
void add_vqa_predict(Command vqa, Action& action);

}  // namespace attune::cli
