#pragma once

#include "cli/arguments.hpp"
#include "cli/command.hpp"

namespace attune::cli {

// Each adds a subcommand of `text` and sets `action` when it is chosen.
void add_text_attack(Command text, Action& action);
void add_text_pretrain(Command text, Action& action);
void add_text_train(Command text, Action& action);
void add_text_sweep(Command text, Action& action);
void add_text_evaluate(Command text, Action& action);
void add_text_predict(Command text, Action& action);

}  // namespace attune::cli
