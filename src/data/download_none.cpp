#include "data/download.hpp"
#include <attune/core/error.hpp>

namespace attune::data {

std::string download(const std::string& url, std::int64_t /*max_bytes*/) {
  throw FileError(url, "cannot download: attune was built without libcurl (ATTUNE_WITH_CURL)");
}

}  // namespace attune::data
