#include "data/text_files.hpp"

#include <algorithm>
#include <cstdint>

#include "data/folders.hpp"
#include "data/gzip.hpp"
#include <attune/core/file.hpp>

namespace attune::data {

namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{8} << 30;

// Text of numbers shrinks to a tenth or so, of zeros to a hundredth.
std::int64_t inflated_limit(std::int64_t file_bytes) {
  constexpr std::int64_t kAllowance = std::int64_t{4} << 20;
  constexpr std::int64_t kMaxRatio = 200;
  return std::min(kMaxFileBytes, kAllowance + kMaxRatio * file_bytes);
}

}  // namespace

std::string TextFiles::read(const std::string& path) {
  std::string bytes = core::read_file(path, kMaxFileBytes);
  digest_.update(bytes);
  return path.ends_with(".gz") ? gunzip(bytes, path, inflated_limit(std::ssize(bytes))) : bytes;
}

std::string first_file(const std::string& stem, std::initializer_list<const char*> endings) {
  for (const char* ending : endings) {
    if (exists(stem + ending)) {
      return stem + ending;
    }
  }
  return "";
}

}  // namespace attune::data
