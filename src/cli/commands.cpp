#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include <attune/core/version.hpp>

namespace attune::cli {
namespace {

void add_global_options(CLI::App& app, GlobalOptions& global) {
  app.add_option("--threads", global.threads, "Threads to use; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  app.add_option("--data-dir", global.data_dir,
                 "Folder of data sets; else $ATTUNE_DATA, else datasets/")
      ->type_name("DIR");
  app.add_option("--json", global.json, "Write the result to this file as JSON")->type_name("FILE");
  app.add_flag("--quiet", global.quiet, "No progress line, no summary");
  app.set_config("--config", "",
                 "Read options from this file: `name = value`, a section a subcommand")
      ->type_name("FILE");
  // A key that no option has is a typing error, not a wish to be ignored.
  app.allow_config_extras(CLI::config_extras_mode::error);
}

}  // namespace

void add_commands(CLI::App& program, GlobalOptions& global, Action& action) {
  program.set_version_flag("--version", "attune " ATTUNE_VERSION);
  program.option_defaults()->always_capture_default();
  program.require_subcommand(1);
  program.fallthrough();
  add_global_options(program, global);
  const Command app(program);
  add_train_command(app, action);
  add_sweep_command(app, action);
  add_evaluate_command(app, action);
  add_predict_command(app, action);
  add_report_command(app, action);
  add_bench_command(app, action);
  add_datasets_command(app, action);
  add_text_command(app, action);
  add_vqa_command(app, action);
  app.footer_of_subcommands(kGlobalOptions);
}

}  // namespace attune::cli
