#include "support/skip.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace attune::testing {

void report_skipped(const std::string& why) {
  std::printf("SKIPPED: %s\n", why.c_str());
  std::fflush(stdout);
}

std::optional<std::string> data_folder() {
  const char* folder = std::getenv("ATTUNE_DATA");
  if (folder == nullptr || !std::filesystem::is_directory(folder)) {
    return std::nullopt;
  }
  return folder;
}

}  // namespace attune::testing
