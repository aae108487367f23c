#pragma once

#include <cstdint>
#include <string>

namespace attune::data {

/// Content of what a URL (https, http or file) names. Redirects are followed, certificates checked.
/// Gives up where no connection comes about in 20 s, 30 s bring less than 1 kB/s, or 10 minutes
/// are over.
/// @param max_bytes  more than that is an error and is not kept
/// @throws FileError  with the URL and the reason; always, where attune was built without libcurl
[[nodiscard]] std::string download(const std::string& url, std::int64_t max_bytes);

}  // namespace attune::data
