#include "cli/schedule_options.hpp"

namespace attune::cli {

optim::ScheduleOptions ScheduleFlags::schedule() const {
  optim::ScheduleOptions schedule = options;
  schedule.kind = optim::schedule_kind(kind);
  return schedule;
}

void add_schedule_options(Command command, ScheduleFlags& flags) {
  const std::string group = "Learning rate";
  optim::ScheduleOptions& o = flags.options;
  command.add_option("--lr-schedule", flags.kind, "How the learning rate goes over the epochs")
      .check(one_of({"constant", "linear", "cosine", "step", "plateau"}))
      .group(group);
  command
      .add_option("--warmup-epochs", o.warmup,
                  "Epochs in which the rate rises to --lr, before any schedule")
      .type_name("N")
      .group(group);
  command
      .add_option("--lr-epochs", o.total,
                  "linear, cosine: the epoch that they end at; 0: the last of --epochs")
      .type_name("N")
      .group(group);
  command.add_option("--lr-step-size", o.step_size, "step: epochs between two reductions")
      .type_name("N")
      .group(group);
  command.add_option("--lr-gamma", o.gamma, "step, plateau: factor of a reduction")
      .type_name("X")
      .group(group);
  command
      .add_option("--lr-patience", o.patience,
                  "plateau: epochs without a lower validation loss before a reduction")
      .type_name("N")
      .group(group);
  command.add_option("--lr-min", o.minimum, "The rate does not fall below it")
      .type_name("X")
      .group(group);
}

train::Settings to_settings(const ScheduleFlags& flags) {
  const optim::ScheduleOptions schedule = flags.schedule();
  if (schedule == optim::ScheduleOptions()) {
    return {};
  }
  return {{"lr_schedule", flags.kind},   {"warmup_epochs", schedule.warmup},
          {"lr_epochs", schedule.total}, {"lr_step_size", schedule.step_size},
          {"lr_gamma", schedule.gamma},  {"lr_patience", schedule.patience},
          {"lr_min", schedule.minimum}};
}

}  // namespace attune::cli
