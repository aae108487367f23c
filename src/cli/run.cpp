#include "cli/run.hpp"

#include <algorithm>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {
namespace {

// `--hidden_channels` is taken for `--hidden-channels`: users of other programs write both.
std::vector<std::string> arguments(int argc, char** argv) {
  std::vector<std::string> list;
  for (int i = argc - 1; i > 0; --i) {  // CLI11 takes them last first
    std::string argument = argv[i];
    if (argument.starts_with("--")) {
      const std::size_t end = std::min(argument.find('='), argument.size());
      std::replace(argument.begin() + 2, argument.begin() + static_cast<std::ptrdiff_t>(end), '_',
                   '-');
    }
    list.push_back(std::move(argument));
  }
  return list;
}

std::string joined(int argc, char** argv) {
  std::string line = "attune";
  for (int i = 1; i < argc; ++i) {
    line += ' ';
    line += argv[i];
  }
  return line;
}

int report(const std::string& what, int status) {
  std::cerr << "attune: " << what << '\n';
  return status;
}

// CLI11 says only that a subcommand is required; the word that is none says more.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> words = app.remaining();
  if (!app.get_subcommands().empty() || words.empty() || words.front().starts_with('-')) {
    return error.what();
  }
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(command->get_name());
  }
  return core::text("unknown subcommand \"", words.front(), '"',
                    core::suggestion(words.front(), known));
}

// Runs the subcommand; errors become messages and exit statuses.
int guarded(const Action& action, const GlobalOptions& global) {
  try {
    if (global.threads > 0) {
      core::set_num_threads(global.threads);
    }
    return action(global);
  } catch (const Error& error) {
    return report(error.what(), kBadInput);
  } catch (const std::bad_alloc&) {
    return report("out of memory", kInternalFailure);
  } catch (const std::exception& error) {
    return report(error.what(), kInternalFailure);
  }
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Graph attention networks with aligned heads", "attune");
  GlobalOptions global;
  Action action;
  add_commands(app, global, action);
  try {
    global.command_line = joined(argc, argv);
    app.parse(arguments(argc, argv));
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return report(explain(app, error), kBadInput);
  } catch (const std::exception& error) {
    return report(error.what(), kBadInput);
  }
  return guarded(action, global);
}

}  // namespace attune::cli
