#pragma once

#include <string>

#include <attune/optim/schedule.hpp>
#include <attune/train/settings.hpp>

namespace CLI {
class App;
}

namespace attune::cli {

/// What `--lr-schedule` and its companions say.
struct ScheduleFlags {
  std::string kind = "constant";
  optim::ScheduleOptions options;

  [[nodiscard]] optim::ScheduleOptions schedule() const;
};

void add_schedule_options(CLI::App& command, ScheduleFlags& flags);

/// As result files have them; none for a rate that stays.
[[nodiscard]] train::Settings to_settings(const ScheduleFlags& flags);

}  // namespace attune::cli
