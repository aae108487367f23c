#include "cli/vqa_command.hpp"

#include <CLI/CLI.hpp>

namespace attune::cli {

void add_vqa_command(CLI::App& app, Action& action) {
  CLI::App* vqa = app.add_subcommand("vqa", "Answer questions about pictures");
  vqa->require_subcommand(1);
  add_vqa_generate(*vqa, action);
  add_vqa_info(*vqa, action);
  add_vqa_train(*vqa, action);
  add_vqa_sweep(*vqa, action);
  add_vqa_evaluate(*vqa, action);
  add_vqa_predict(*vqa, action);
  for (CLI::App* command : vqa->get_subcommands({})) {
    command->footer("Also --threads, --data-dir, --json, --quiet and --config: see attune --help");
  }
}

}  // namespace attune::cli
