#include "cli/text_command.hpp"

#include <CLI/CLI.hpp>

namespace attune::cli {

void add_text_command(CLI::App& app, Action& action) {
  CLI::App* text =
      app.add_subcommand("text", "Pretrain, fine-tune, measure and attack encoders of texts");
  text->require_subcommand(1);
  add_text_pretrain(*text, action);
  add_text_train(*text, action);
  add_text_sweep(*text, action);
  add_text_attack(*text, action);
}

}  // namespace attune::cli
