#include "fuzz/damaged_folder.hpp"
#include "fuzz/target.hpp"
#include "support/pickle_writer.hpp"
#include <attune/data/planetoid.hpp>

namespace attune::fuzz {

namespace {

DamagedFolder::Files files() {
  DamagedFolder::Files files;
  for (const auto& [part, content] : testing::small_planetoid()) {
    files.emplace("ind.set." + part, content);
  }
  return files;
}

}  // namespace

void run(std::string_view input) {
  static DamagedFolder folder(files());
  folder.run(input, [](const std::string&) {
    data::validate(data::load_planetoid(folder.path(), "set"));
  });
}

std::vector<std::string> seeds() {
  return DamagedFolder::seeds(files());
}

}  // namespace attune::fuzz
