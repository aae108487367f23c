#include "cli/progress.hpp"

#include <cstdio>

#include <unistd.h>

#include <attune/core/text.hpp>

namespace attune::cli {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr const char* kEraseLine = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine(std::int64_t total, bool quiet)
    : total_(total), enabled_(!quiet && isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) {
    std::fputs(kEraseLine, stderr);
    std::fflush(stderr);
  }
}

bool ProgressLine::due() const noexcept {
  return enabled_ && Clock::now() >= next_;
}

void ProgressLine::show(std::int64_t done, const std::string& text) {
  if (!due()) {
    return;
  }
  const Clock::time_point now = Clock::now();
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  std::string line = text;
  if (done > 0 && total_ > done) {
    const double left = elapsed / static_cast<double>(done) * static_cast<double>(total_ - done);
    line += core::text("  ", readable_duration(left), " left");
  }
  std::fprintf(stderr, "%s%s", kEraseLine, line.c_str());
  std::fflush(stderr);
  shown_ = true;
  next_ = now + kInterval;
}

std::string readable_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 60) {
    return core::text(whole, " s");
  }
  if (whole < 3600) {
    return core::text(whole / 60, " min ", whole % 60, " s");
  }
  return core::text(whole / 3600, " h ", whole % 3600 / 60, " min");
}

}  // namespace attune::cli
