#pragma once

#include "cli/command.hpp"

namespace attune::cli {

// Each adds a subcommand of `text` and sets `action` when it is chosen.
void add_text_attack(CLI::App& text, Action& action);
void add_text_pretrain(CLI::App& text, Action& action);
void add_text_train(CLI::App& text, Action& action);
void add_text_sweep(CLI::App& text, Action& action);
void add_text_evaluate(CLI::App& text, Action& action);
void add_text_predict(CLI::App& text, Action& action);

}  // namespace attune::cli
