#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include <boost/version.hpp>
#include <hwy/highway.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <tbb/version.h>
#include <zlib.h>

#include "core/onednn.hpp"
#include <attune/core/text.hpp>
#include <attune/core/version.hpp>
#include <attune/train/environment.hpp>

namespace attune::train {

using core::text;

namespace {

// The first `model name : ...` of Linux' description of its processors.
std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return {};
}

std::string instruction_set() {
  const auto supported = hwy::SupportedTargets();
  return hwy::TargetName(supported & -supported);  // the best has the lowest bit
}

std::int64_t peak_rss_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

std::string boost_version() {
  std::string version = BOOST_LIB_VERSION;
  std::ranges::replace(version, '_', '.');
  return version;
}

}  // namespace

Environment current_environment() {
  return {.version = ATTUNE_VERSION,
          .cpu = cpu_name(),
          .isa = instruction_set(),
          .cores = std::max<std::int64_t>(1, std::thread::hardware_concurrency()),
          .peak_rss_bytes = peak_rss_bytes(),
          .libraries = {
              {"oneDNN", core::onednn_version()},
              {"oneTBB", TBB_runtime_version()},
              {"Boost", boost_version()},
              {"Highway", text(HWY_MAJOR, '.', HWY_MINOR, '.', HWY_PATCH)},
              {"nlohmann-json", text(NLOHMANN_JSON_VERSION_MAJOR, '.', NLOHMANN_JSON_VERSION_MINOR,
                                     '.', NLOHMANN_JSON_VERSION_PATCH)},
              {"zlib", ::zlibVersion()}}};
}

}  // namespace attune::train
