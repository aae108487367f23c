#pragma once

#include <atomic>

namespace attune::cli {

/// While one lives, the first Ctrl-C (or SIGTERM) asks the work to stop after its epoch, so that it
/// is saved; the second ends the process at once, as without it. One at a time.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  /// Set by the first signal.
  [[nodiscard]] const std::atomic<bool>& requested() const noexcept;
};

}  // namespace attune::cli
