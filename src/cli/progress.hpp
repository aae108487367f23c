#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace attune::cli {

/// One line on stderr that is rewritten in place, at most ten times a second, and only where stderr
/// is a terminal: piped output stays quiet. Erased when it goes out of scope.
class ProgressLine {
 public:
  /// @param total  steps to come, for the estimate of the time left
  ProgressLine(std::int64_t total, bool quiet);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Whether anything would be shown now; asks before the text is put together.
  [[nodiscard]] bool due() const noexcept;
  /// Shows `text` and the time left if the remaining steps take as long as those `done`.
  void show(std::int64_t done, const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t total_;
  bool enabled_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_;
};

/// `3 s`, `2 min 10 s`, `1 h 05 min`.
[[nodiscard]] std::string readable_duration(double seconds);

}  // namespace attune::cli
