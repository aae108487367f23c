#include "fuzz/damaged_folder.hpp"

#include <filesystem>
#include <utility>

namespace attune::fuzz {

DamagedFolder::DamagedFolder(Files files) : files_(std::move(files)) {
  for (const auto& [name, content] : files_) {
    folder_.write(name, content);
  }
}

DamagedFolder::Files DamagedFolder::files_in(const std::string& path) {
  Files files;
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    files[file.path().filename()] = testing::slurp(file.path());
  }
  return files;
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
