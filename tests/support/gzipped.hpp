#pragma once

#include <string>

namespace attune::testing {

/// `content` as a gzip file.
[[nodiscard]] std::string gzipped(const std::string& content);

}  // namespace attune::testing
