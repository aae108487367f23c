#include <algorithm>
#include <cmath>
#include <vector>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/multi_label_metrics.hpp>

namespace attune::train {

using core::Tensor;
using core::text;

namespace {

constexpr int kMostBins = 1000;
constexpr std::int64_t kRowGrain = 64;  // rows a task: at 121 labels about 100 us

/// Whether a row has a label, and how sure the model is of what it says.
struct Decision {
  bool predicted;
  bool target;
  double probability;  // of what was decided, at least a half
  double nll;

  [[nodiscard]] bool right() const { return predicted == target; }
};

Decision decide(float logit, float target) {
  const double size = std::abs(static_cast<double>(logit));
  const double odds_against = std::exp(-size);  // at most 1: cannot overflow
  const bool predicted = logit > 0;
  const bool present = target != 0;
  const double of_predicted = std::log1p(odds_against);
  return {.predicted = predicted,
          .target = present,
          .probability = 1 / (1 + odds_against),
          .nll = predicted == present ? of_predicted : of_predicted + size};
}

/// Places of the sums that a pass over the rows makes; those of labels and bins follow.
enum Sum : std::size_t { kHits, kFalse, kMissed, kNll, kBrier, kRight, kNumSums };

void check(const Tensor& logits, const Tensor& targets, std::span<const std::int64_t> rows) {
  if (!logits.defined() || logits.shape().rank() != 2 || logits.shape() != targets.shape() ||
      logits.dtype() != core::DType::f32 || targets.dtype() != core::DType::f32) {
    throw ShapeError(
        text("metrics: logits and targets must be [num_rows, num_labels] in float32, "
             "got ",
             logits.defined() ? logits.shape().to_string() : "nothing", " and ",
             targets.defined() ? targets.shape().to_string() : "nothing"));
  }
  if (rows.empty()) {
    throw InvalidArgument("metrics: expected at least one row, got none");
  }
  const std::int64_t num_rows = logits.size(0);
  for (const std::int64_t row : rows) {
    if (row < 0 || row >= num_rows) {
      throw InvalidArgument(text("metrics: row must be in [0, ", num_rows, "), got ", row));
    }
  }
}

// Sums of f(label, decision, sums of the block) over rows and labels, in the order of the blocks.
template <class F>
Tensor sum_decisions(const Tensor& logits, const Tensor& targets,
                     std::span<const std::int64_t> rows, std::size_t width, const F& f) {
  check(logits, targets, rows);
  const std::int64_t labels = logits.size(1);
  const std::span<const float> x = logits.data<float>();
  const std::span<const float> t = targets.data<float>();
  const auto add_rows = [&](std::int64_t begin, std::int64_t end, std::span<double> sums) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t label = 0; label < labels; ++label) {
        const std::int64_t at = rows[i] * labels + label;
        if (!std::isfinite(x[at])) {
          throw Error(text("metrics: logit of row ", rows[i], ", label ", label, " is not finite"));
        }
        f(static_cast<std::size_t>(label), decide(x[at], t[at]), sums);
      }
    }
  };
  return core::parallel_reduce_rows<double>(std::ssize(rows), kRowGrain,
                                            static_cast<std::int64_t>(width), add_rows);
}

void count(const Decision& decision, std::span<double> sums) {
  sums[kHits] += decision.predicted && decision.target ? 1 : 0;
  sums[kFalse] += decision.predicted && !decision.target ? 1 : 0;
  sums[kMissed] += !decision.predicted && decision.target ? 1 : 0;
}

// Of the first three sums, which count. Counts below 2^53 are exact.
double f1(std::span<const double> counts) {
  const double denominator = 2 * counts[kHits] + counts[kFalse] + counts[kMissed];
  return denominator == 0 ? 0 : 2 * counts[kHits] / denominator;
}

double macro_f1(std::span<const double> by_label) {
  double sum = 0;
  double labels = 0;
  for (std::size_t at = 0; at < by_label.size(); at += 3) {
    const auto counts = by_label.subspan(at, 3);
    if (counts[kHits] + counts[kFalse] + counts[kMissed] > 0) {
      sum += f1(counts);
      labels += 1;
    }
  }
  return labels == 0 ? 0 : sum / labels;
}

// Bins are ((b - 1) / B, b / B].
std::size_t bin_of(double probability, std::size_t bins) {
  const auto count = static_cast<double>(bins);
  return static_cast<std::size_t>(std::clamp(std::ceil(probability * count) - 1, 0.0, count - 1));
}

}  // namespace

ClassificationMetrics evaluate_multi_label(const Tensor& logits, const Tensor& targets,
                                           std::span<const std::int64_t> rows,
                                           const MetricsOptions& options) {
  if (options.ece_bins < 1 || options.ece_bins > kMostBins) {
    throw InvalidArgument(
        text("metrics: ece_bins must be in [1, ", kMostBins, "], got ", options.ece_bins));
  }
  check(logits, targets, rows);
  const auto labels = static_cast<std::size_t>(logits.size(1));
  const auto bins = static_cast<std::size_t>(options.ece_bins);
  const std::size_t by_bin = kNumSums + 3 * labels;
  const Tensor found = sum_decisions(
      logits, targets, rows, by_bin + bins,
      [&](std::size_t label, const Decision& decision, std::span<double> sums) {
        count(decision, sums);
        count(decision, sums.subspan(kNumSums + 3 * label, 3));
        sums[kNll] += decision.nll;
        const double miss = decision.right() ? 1 - decision.probability : decision.probability;
        sums[kBrier] += miss * miss;
        sums[kRight] += decision.right() ? 1 : 0;
        sums[by_bin + bin_of(decision.probability, bins)] +=
            (decision.right() ? 1 : 0) - decision.probability;
      });
  const std::span<const double> sums = found.data<double>();
  const auto decisions = static_cast<double>(rows.size()) * static_cast<double>(labels);
  double gap = 0;
  for (const double of_bin : sums.subspan(by_bin)) {
    gap += std::abs(of_bin);
  }
  return {.accuracy = sums[kRight] / decisions,
          .macro_f1 = macro_f1(sums.subspan(kNumSums, 3 * labels)),
          .micro_f1 = f1(sums),
          .nll = sums[kNll] / decisions,
          .brier = sums[kBrier] / decisions,
          .ece = gap / decisions};
}

LossAndAccuracy multi_label_loss_and_f1(const Tensor& logits, const Tensor& targets,
                                        std::span<const std::int64_t> rows) {
  const Tensor found =
      sum_decisions(logits, targets, rows, kNumSums,
                    [](std::size_t /*label*/, const Decision& decision, std::span<double> sums) {
                      count(decision, sums);
                      sums[kNll] += decision.nll;
                    });
  const std::span<const double> sums = found.data<double>();
  const auto decisions = static_cast<double>(rows.size()) * static_cast<double>(logits.size(1));
  return {.loss = sums[kNll] / decisions, .accuracy = f1(sums)};
}

}  // namespace attune::train
