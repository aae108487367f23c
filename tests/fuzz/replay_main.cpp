// The fuzz targets without a fuzzer: runs the inputs of a folder, so that the committed corpus is
// tested by every build, or writes that corpus.
//
//   NAME_replay FOLDER
//   NAME_replay --write-seeds FOLDER
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/survive.hpp"
#include <attune/core/text.hpp>

namespace {

namespace fs = std::filesystem;

int write_seeds(const fs::path& folder) {
  fs::create_directories(folder);
  int number = 0;
  for (const std::string& seed : attune::fuzz::seeds()) {
    std::ofstream(folder / attune::core::text("seed-", number++), std::ios::binary) << seed;
  }
  return 0;
}

int replay(const fs::path& folder) {
  std::vector<fs::path> files{fs::directory_iterator(folder), fs::directory_iterator()};
  std::ranges::sort(files);
  int accepted = 0;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    accepted += attune::fuzz::refused(input) ? 0 : 1;
  }
  std::printf("%zu inputs, %d of them valid\n", files.size(), accepted);
  // A corpus that is refused whole would test nothing but the first check.
  return accepted > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--write-seeds") {
    return write_seeds(argv[2]);
  }
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s [--write-seeds] FOLDER\n", argv[0]);
    return 2;
  }
  return replay(argv[1]);
}
