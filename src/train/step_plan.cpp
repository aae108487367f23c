#include <algorithm>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/batches.hpp>
#include <attune/train/step_plan.hpp>

namespace attune::train {

namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 31;  // steps: they number random streams

void require(const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most) {
    throw InvalidArgument(
        core::text("StepPlan: ", name, " must be in [", least, ", ", most, "], got ", value));
  }
}

}  // namespace

StepPlan::StepPlan(std::vector<std::int64_t> lengths, const StepPlanOptions& options)
    : lengths_(std::move(lengths)), options_(options) {
  require("items", std::ssize(lengths_), 1, kMost);
  require("batch_size", options.batch_size, 1, kMost);
  require("accumulate", options.accumulate, 1, 4096);
  require("epochs", options.epochs, 1, kMost);
  require("steps", options.steps, 0, kMost);
  const std::int64_t batches = (std::ssize(lengths_) + options.batch_size - 1) / options.batch_size;
  steps_per_epoch_ = (batches + options.accumulate - 1) / options.accumulate;
  if (options.steps == 0 && options.epochs > kMost / steps_per_epoch_) {
    throw InvalidArgument(core::text("StepPlan: expected at most ", kMost, " steps, got ",
                                     options.epochs, " epochs of ", steps_per_epoch_));
  }
  total_steps_ = options.steps > 0 ? options.steps : options.epochs * steps_per_epoch_;
}

StepPlan::Batches StepPlan::batches(std::int64_t step) {
  require("step", step, 1, total_steps_);
  const std::int64_t epoch = (step - 1) / steps_per_epoch_;
  if (epoch != epoch_) {
    planned_ = data::plan_batches(lengths_, {.batch_size = options_.batch_size,
                                             .seed = options_.seed,
                                             .epoch = static_cast<std::uint32_t>(epoch),
                                             .bucket_batches = options_.bucket_batches});
    epoch_ = epoch;
  }
  const std::int64_t first = (step - 1) % steps_per_epoch_ * options_.accumulate;
  const std::int64_t last = std::min(first + options_.accumulate, std::ssize(planned_));
  return {planned_.begin() + first, planned_.begin() + last};
}

}  // namespace attune::train
