#include "cli/training_arguments.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include <attune/core/error.hpp>
#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {
namespace {

// CLI11 would only say that it did not expect the argument.
void require_known(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      known.push_back("--" + name);
    }
  }
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw InvalidArgument(
          core::text("unknown option \"", name, '"', core::suggestion(name, known)));
    }
  }
}

}  // namespace

TrainingOptions parse_training_options(const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag();
  TrainingOptions options;
  add_training_options(Command(app), options);
  require_known(app, arguments);
  std::vector<std::string> last_first(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  try {
    app.parse(std::move(last_first));
  } catch (const CLI::ParseError& error) {
    throw InvalidArgument(error.what());
  }
  return options;
}

}  // namespace attune::cli
