// A file of options for the command.
#include <exception>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "fuzz/target.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>

namespace attune::fuzz {
namespace {

/// The command, which takes a hundred times as long to describe as to parse.
struct Command {
  Command() { cli::add_commands(app, global, action); }

  CLI::App app{"", "attune"};
  cli::GlobalOptions global;
  cli::Action action;
};

}  // namespace

void run(std::string_view input) {
  static const testing::TemporaryFolder folder;
  static const auto command = std::make_unique<Command>();
  try {
    command->app.parse({"list", "datasets", folder.write("config.toml", input), "--config"});
  } catch (const std::exception& error) {  // all of which the command takes for bad input
    throw InvalidArgument(error.what());
  }
}

std::vector<std::string> seeds() {
  return {"", "threads = 2\nquiet = true\n[train]\nlr = 0.01\nheads = 4\n",
          "[sweep]\ndataset = \"cora\"\nruns=3\n[bench]\nrepeat=2\n"};
}

}  // namespace attune::fuzz
