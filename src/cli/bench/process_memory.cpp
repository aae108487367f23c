#include "cli/bench/process_memory.hpp"

#include <fstream>
#include <string>

#include <attune/core/pool.hpp>

namespace attune::cli::bench {

namespace {

// A line of /proc/self/status, in kilobytes; 0: not there.
std::int64_t status_of(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) {
      return std::stoll(line.substr(field.size() + 1));
    }
  }
  return 0;
}

}  // namespace

ProcessPeak::ProcessPeak() {
  core::trim_pool();
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak starts anew
  kilobytes_before_ = status_of("VmRSS");
}

double ProcessPeak::megabytes() const {
  return kilobytes_before_ == 0
             ? 0
             : static_cast<double>(status_of("VmHWM") - kilobytes_before_) * 1024e-6;
}

}  // namespace attune::cli::bench
