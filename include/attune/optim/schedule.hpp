#pragma once

#include <cstdint>
#include <string>

namespace attune::optim {

/// A learning rate that rises in a straight line over the first steps and falls to zero in one over
/// the others, as transformers are fine-tuned.
class LinearSchedule {
 public:
  /// @param peak    the learning rate at the end of the warm-up
  /// @param warmup  steps that it rises over, 0 to total
  /// @param total   steps of the whole training, at least 1
  /// @throws InvalidArgument  a number outside its range
  LinearSchedule(double peak, std::int64_t warmup, std::int64_t total);

  /// Of step 1 to total: peak step / warmup up to warmup, then
  /// peak (total + 1 - step) / (total + 1 - warmup), which is above zero to the end. Zero beyond.
  [[nodiscard]] double learning_rate(std::int64_t step) const noexcept;

 private:
  double peak_;
  std::int64_t warmup_;
  std::int64_t total_;
};

/// How a learning rate goes after its warm-up; the names are those of PyTorch's schedulers.
enum class ScheduleKind : std::uint8_t {
  constant,  ///< stays
  linear,    ///< falls in a straight line, as LinearSchedule
  cosine,    ///< falls along half a cosine. Loshchilov and Hutter, "SGDR", ICLR 2017, eq. 5
  step,      ///< times gamma every step_size steps
  plateau,   ///< times gamma when the loss has not fallen for more than `patience` steps
};

/// `constant`, `linear`, `cosine`, `step` or `plateau`.
[[nodiscard]] std::string to_string(ScheduleKind kind);
/// @throws InvalidArgument  names what is there
[[nodiscard]] ScheduleKind schedule_kind(const std::string& name);

/// Settings of a Schedule.
struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::constant;  ///< after the warm-up
  std::int64_t warmup = 0;       ///< steps that the rate rises over, in a straight line; any kind
  std::int64_t total = 0;        ///< linear, cosine: the step that they end at, required
  std::int64_t step_size = 100;  ///< step: at least 1
  double gamma = 0.1;            ///< step, plateau: in (0, 1]
  std::int64_t patience = 10;    ///< plateau: at least 0
  double minimum = 0;            ///< the rate does not fall below it

  /// To the bit.
  friend bool operator==(const ScheduleOptions&, const ScheduleOptions&) = default;
};

/// A learning rate over the steps of a training. It is a function of the step, but for `plateau`,
/// where it is one of the losses that were observed too: whoever continues a training shows them
/// again.
///
///     Schedule schedule(0.005, {.kind = ScheduleKind::cosine, .warmup = 10, .total = 200});
///     adam.set_learning_rate(schedule.learning_rate(step));
class Schedule {
 public:
  /// @param peak  the rate that the schedule starts from, once it is warm
  /// @throws InvalidArgument  a number outside its range, of any kind; a minimum above the peak
  Schedule(double peak, const ScheduleOptions& options);

  /// Of a step from 1 on. With t steps after the warm-up, of n that there are, minimum m:
  ///
  ///     warm-up   peak step / warmup
  ///     constant  peak
  ///     linear    LinearSchedule, at least m
  ///     cosine    m + (peak - m) (1 + cos(pi t / n)) / 2, t from 0; m beyond total
  ///     step      peak gamma^floor(t / step_size), at least m
  ///     plateau   peak gamma^k after k plateaus, at least m
  [[nodiscard]] double learning_rate(std::int64_t step) const;

  /// After each step, its loss. As in PyTorch's ReduceLROnPlateau a loss is better that is below
  /// 1 - 1e-4 times the lowest one; all kinds but `plateau` take no notice.
  void observe(double loss) noexcept;

 private:
  double peak_;
  ScheduleOptions options_;
  double lowest_loss_;
  double reduced_;           // plateau: the rate now
  std::int64_t waited_ = 0;  // plateau: steps without a better loss
};

}  // namespace attune::optim
