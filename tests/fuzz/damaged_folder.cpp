#include "fuzz/damaged_folder.hpp"

#include <utility>

namespace attune::fuzz {

DamagedFolder::DamagedFolder(Files files) : files_(std::move(files)) {
  for (const auto& [name, content] : files_) {
    folder_.write(name, content);
  }
}

std::vector<std::string> DamagedFolder::seeds(const Files& files) {
  std::vector<std::string> seeds;
  char number = 0;
  for (const auto& [name, content] : files) {
    seeds.push_back(number++ + content);
  }
  return seeds;
}

}  // namespace attune::fuzz
