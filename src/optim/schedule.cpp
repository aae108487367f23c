#include <cmath>

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

}  // namespace attune::optim
