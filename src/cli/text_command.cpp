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
  add_text_evaluate(*text, action);
  add_text_predict(*text, action);
  add_text_attack(*text, action);
  for (CLI::App* command : text->get_subcommands({})) {
    command->footer("Also --threads, --data-dir, --json, --quiet and --config: see attune --help");
  }
}

}  // namespace attune::cli
