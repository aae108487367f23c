#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace attune::train {

/// What a result was computed with.
struct Environment {
  std::string version;              ///< of attune
  std::string cpu;                  ///< model name, empty where the system does not say
  std::string isa;                  ///< instruction set that the kernels chose
  std::int64_t cores = 0;           ///< hardware threads
  std::int64_t peak_rss_bytes = 0;  ///< of this process so far
  std::map<std::string, std::string> libraries;  ///< versions
};

/// Of this process, now.
[[nodiscard]] Environment current_environment();

}  // namespace attune::train
