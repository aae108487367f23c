#pragma once

#include <string>

#include "cli/arguments.hpp"
#include <attune/optim/schedule.hpp>
#include <attune/train/settings.hpp>

namespace attune::cli {

/// What `--lr-schedule` and its companions say.
struct ScheduleFlags {
  std::string kind = "constant";
  optim::ScheduleOptions options;

  [[nodiscard]] optim::ScheduleOptions schedule() const;
};

void add_schedule_options(Command command, ScheduleFlags& flags);

/// As result files have them; none for a rate that stays.
[[nodiscard]] train::Settings to_settings(const ScheduleFlags& flags);

}  // namespace attune::cli
