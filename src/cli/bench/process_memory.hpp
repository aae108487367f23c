#pragma once

#include <cstdint>

namespace attune::cli::bench {

/// The most memory that the process holds from here on, as the system counts it, beyond what it
/// holds now without the blocks that the pool keeps.
class ProcessPeak {
 public:
  ProcessPeak();

  /// Megabytes; 0 where the system does not tell (it takes Linux and its /proc).
  [[nodiscard]] double megabytes() const;

 private:
  std::int64_t kilobytes_before_;
};

}  // namespace attune::cli::bench
