// A file of options for the command.
#include <array>
#include <string>

#include "cli/run.hpp"
#include "fuzz/target.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  static const testing::TemporaryFolder folder;
  std::string path = folder.write("config.toml", input);
  std::string command = "attune";
  std::string option = "--config";
  std::string subcommand = "datasets";
  std::string list = "list";
  std::array<char*, 5> arguments{command.data(), option.data(), path.data(), subcommand.data(),
                                 list.data()};
  const int status = cli::run(static_cast<int>(arguments.size()), arguments.data());
  if (status == 2) {
    throw InvalidArgument("refused");
  }
  if (status != 0) {
    std::abort();
  }
}

std::vector<std::string> seeds() {
  return {"", "threads = 2\nquiet = true\n[train]\nlr = 0.01\nheads = 4\n",
          "[sweep]\ndataset = \"cora\"\nruns=3\n[bench]\nrepeat=2\n"};
}

}  // namespace attune::fuzz
