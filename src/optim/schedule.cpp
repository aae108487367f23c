#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/optim/schedule.hpp>

namespace attune::optim {

using core::text;

LinearSchedule::LinearSchedule(double peak, std::int64_t warmup, std::int64_t total)
    : peak_(peak), warmup_(warmup), total_(total) {
  if (!(peak >= 0) || !std::isfinite(peak)) {
    throw InvalidArgument(text("LinearSchedule: peak must be finite and at least 0, got ", peak));
  }
  if (total < 1) {
    throw InvalidArgument(text("LinearSchedule: total must be at least 1, got ", total));
  }
  if (warmup < 0 || warmup > total) {
    throw InvalidArgument(text("LinearSchedule: warmup must be 0 to ", total, ", got ", warmup));
  }
}

double LinearSchedule::learning_rate(std::int64_t step) const noexcept {
  if (step < 1 || step > total_) {
    return 0;
  }
  if (step <= warmup_) {
    return peak_ * static_cast<double>(step) / static_cast<double>(warmup_);
  }
  return peak_ * static_cast<double>(total_ + 1 - step) / static_cast<double>(total_ + 1 - warmup_);
}

namespace {

constexpr double kBetter = 1 - 1e-4;  // a plateau is left by a loss below this times the lowest

constexpr std::array<std::pair<ScheduleKind, const char*>, 5> kKinds = {
    {{ScheduleKind::constant, "constant"},
     {ScheduleKind::linear, "linear"},
     {ScheduleKind::cosine, "cosine"},
     {ScheduleKind::step, "step"},
     {ScheduleKind::plateau, "plateau"}}};

bool ends(ScheduleKind kind) {
  return kind == ScheduleKind::linear || kind == ScheduleKind::cosine;
}

template <class T>
void require(bool fits, const char* what, const char* range, const T& got) {
  if (!fits) {
    throw InvalidArgument(text("Schedule: ", what, " must be ", range, ", got ", got));
  }
}

// All of them, whatever the kind: a number out of range is a slip even where it is idle.
const ScheduleOptions& checked(double peak, const ScheduleOptions& o) {
  require(peak >= 0 && std::isfinite(peak), "peak", "finite and at least 0", peak);
  require(o.warmup >= 0, "warmup", "at least 0", o.warmup);
  require(o.step_size >= 1, "step_size", "at least 1", o.step_size);
  require(o.gamma > 0 && o.gamma <= 1, "gamma", "in (0, 1]", o.gamma);
  require(o.patience >= 0, "patience", "at least 0", o.patience);
  require(o.minimum >= 0 && std::isfinite(o.minimum), "minimum", "finite and at least 0",
          o.minimum);
  if (o.minimum > peak) {
    throw InvalidArgument(
        text("Schedule: minimum must be at most the peak, ", peak, ", got ", o.minimum));
  }
  if (ends(o.kind)) {
    require(o.total >= 1, "total", "at least 1", o.total);
    if (o.warmup > o.total) {
      throw InvalidArgument(text("Schedule: warmup must be 0 to ", o.total, ", got ", o.warmup));
    }
  }
  return o;
}

double cosine(double peak, const ScheduleOptions& o, std::int64_t step) {
  if (step > o.total) {
    return o.minimum;
  }
  const auto done = static_cast<double>(step - 1 - o.warmup);
  const auto all = static_cast<double>(o.total - o.warmup);
  return o.minimum + (peak - o.minimum) * (1 + std::cos(std::numbers::pi * done / all)) / 2;
}

}  // namespace

std::string to_string(ScheduleKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) {
      return name;
    }
  }
  throw InvalidArgument("schedule: not one of those that there are");
}

ScheduleKind schedule_kind(const std::string& name) {
  for (const auto& [value, known] : kKinds) {
    if (name == known) {
      return value;
    }
  }
  throw InvalidArgument(
      text("schedule: expected constant, linear, cosine, step or plateau, got \"", name, "\""));
}

Schedule::Schedule(double peak, const ScheduleOptions& options)
    : peak_(peak),
      options_(checked(peak, options)),
      lowest_loss_(std::numeric_limits<double>::infinity()),
      reduced_(peak) {}

double Schedule::learning_rate(std::int64_t step) const {
  const ScheduleOptions& o = options_;
  if (step <= o.warmup) {
    return peak_ * static_cast<double>(step) / static_cast<double>(o.warmup);
  }
  switch (o.kind) {
    case ScheduleKind::linear:
      return std::max(o.minimum, LinearSchedule(peak_, o.warmup, o.total).learning_rate(step));
    case ScheduleKind::cosine:
      return cosine(peak_, o, step);
    case ScheduleKind::step: {
      const auto times = static_cast<double>((step - 1 - o.warmup) / o.step_size);
      return std::max(o.minimum, peak_ * std::pow(o.gamma, times));
    }
    case ScheduleKind::plateau:
      return reduced_;
    case ScheduleKind::constant:
      break;
  }
  return peak_;
}

void Schedule::observe(double loss) noexcept {
  if (options_.kind != ScheduleKind::plateau) {
    return;
  }
  if (loss < kBetter * lowest_loss_) {
    lowest_loss_ = loss;
    waited_ = 0;
    return;
  }
  if (++waited_ > options_.patience) {
    reduced_ = std::max(options_.minimum, reduced_ * options_.gamma);
    waited_ = 0;
  }
}

}  // namespace attune::optim
