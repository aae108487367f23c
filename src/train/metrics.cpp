#include <algorithm>
#include <cmath>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/metrics.hpp>

namespace attune::train {

using core::Tensor;
using core::text;

namespace {

constexpr std::int64_t kMaxClasses = 8192;  // the matrix of counts then takes 512 MiB
constexpr int kMaxBins = 1000;
constexpr std::int64_t kRowGrain = 128;  // rows a task: several exponentials each, ~5 us

void check_logits(const Tensor& logits, std::span<const std::int64_t> rows) {
  if (!logits.defined() || logits.shape().rank() != 2 || logits.size(1) < 1) {
    throw ShapeError(text("metrics: logits must be [num_rows, num_classes], got ",
                          logits.defined() ? logits.shape().to_string() : "nothing"));
  }
  if (rows.empty()) {
    throw InvalidArgument("metrics: expected at least one row, got none");
  }
}

void check_sizes(const Tensor& logits, std::span<const std::int32_t> labels,
                 std::span<const std::int64_t> rows) {
  check_logits(logits, rows);
  if (logits.size(0) != static_cast<std::int64_t>(labels.size())) {
    throw ShapeError(text("metrics: logits must be [", labels.size(), ", num_classes], got ",
                          logits.shape().to_string()));
  }
}

std::int64_t checked_label(std::span<const std::int32_t> labels, std::int64_t row,
                           std::int64_t num_classes) {
  const std::int64_t label = labels[static_cast<std::size_t>(row)];
  if (label < 0 || label >= num_classes) {
    throw InvalidArgument(
        text("metrics: label of row ", row, " must be in [0, ", num_classes, "), got ", label));
  }
  return label;
}

// The largest of one row of finite logits, and the softmax's denominator relative to it.
struct Softmax {
  std::int64_t best = 0;
  double largest = 0;
  double sum = 1;  // of exp(logit - largest): at least 1

  [[nodiscard]] double probability(double logit) const { return std::exp(logit - largest) / sum; }
  [[nodiscard]] double nll(double logit) const { return largest + std::log(sum) - logit; }
};

template <std::floating_point T>
Softmax softmax(std::span<const T> logits, std::int64_t row) {
  std::size_t best = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    if (!std::isfinite(logits[c])) {
      throw Error(text("metrics: logit of row ", row, ", class ", c, " is not finite"));
    }
    if (logits[c] > logits[best]) {
      best = c;
    }
  }
  const double largest = logits[best];
  double sum = 1;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    if (c != best) {
      sum += std::exp(static_cast<double>(logits[c]) - largest);
    }
  }
  return {.best = static_cast<std::int64_t>(best), .largest = largest, .sum = sum};
}

// Calls f(row, logits of the row, their softmax) for the listed rows in their order.
template <class F>
void for_each_row(const Tensor& logits, std::span<const std::int64_t> rows, F&& f) {
  check_logits(logits, rows);
  const std::int64_t num_rows = logits.size(0);
  const auto num_classes = static_cast<std::size_t>(logits.size(1));
  core::dispatch(logits.dtype(), [&]<class T>() {
    const std::span<const T> all = logits.data<T>();
    for (const std::int64_t row : rows) {
      if (row < 0 || row >= num_rows) {
        throw InvalidArgument(text("metrics: row must be in [0, ", num_rows, "), got ", row));
      }
      const std::span<const T> of_row =
          all.subspan(static_cast<std::size_t>(row) * num_classes, num_classes);
      f(row, of_row, softmax(of_row, row));
    }
  });
}

template <std::floating_point T>
double brier_score(std::span<const T> logits, const Softmax& softmax, std::int64_t label) {
  double sum = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const double target = static_cast<std::int64_t>(c) == label ? 1 : 0;
    const double difference = softmax.probability(logits[c]) - target;
    sum += difference * difference;
  }
  return sum;
}

// Rows by the probability of their predicted class.
class Calibration {
 public:
  explicit Calibration(int bins) {
    if (bins < 1 || bins > kMaxBins) {
      throw InvalidArgument(text("metrics: ece_bins must be in [1, ", kMaxBins, "], got ", bins));
    }
    bins_.resize(static_cast<std::size_t>(bins));
  }

  void add(double probability, bool correct) {
    const auto count = static_cast<double>(bins_.size());
    const double position = std::ceil(probability * count) - 1;  // bins are open below
    Bin& bin = bins_[static_cast<std::size_t>(std::clamp(position, 0.0, count - 1))];
    bin.correct += correct ? 1 : 0;
    bin.probability += probability;
    total_ += 1;
  }

  [[nodiscard]] double error() const {
    double sum = 0;
    for (const Bin& bin : bins_) {
      sum += std::abs(bin.correct - bin.probability);
    }
    return sum / total_;
  }

 private:
  struct Bin {
    double correct = 0;
    double probability = 0;
  };
  std::vector<Bin> bins_;
  double total_ = 0;
};

// Of one class, or of all together: 2 TP / (2 TP + FP + FN).
double f1(std::int64_t true_positive, std::int64_t false_positive, std::int64_t false_negative) {
  const std::int64_t denominator = 2 * true_positive + false_positive + false_negative;
  return denominator == 0
             ? 0
             : static_cast<double>(2 * true_positive) / static_cast<double>(denominator);
}

// Margins of rows of two classes; the area under the ROC curve is Mann and Whitney's U over the
// number of pairs.
class Ranking {
 public:
  void add(double margin, bool positive) { rows_.push_back({margin, positive}); }

  [[nodiscard]] std::optional<double> area() {
    std::sort(rows_.begin(), rows_.end(),
              [](const Row& a, const Row& b) { return a.margin < b.margin; });
    double wins = 0;
    double negatives = 0;
    double positives = 0;
    for (std::size_t begin = 0; begin < rows_.size();) {
      double tied_positives = 0;
      std::size_t end = begin;
      for (; end < rows_.size() && rows_[end].margin == rows_[begin].margin; ++end) {
        tied_positives += rows_[end].positive ? 1 : 0;
      }
      const double tied_negatives = static_cast<double>(end - begin) - tied_positives;
      wins += tied_positives * (negatives + tied_negatives / 2);
      negatives += tied_negatives;
      positives += tied_positives;
      begin = end;
    }
    return negatives > 0 && positives > 0 ? std::optional(wins / (negatives * positives))
                                          : std::nullopt;
  }

 private:
  struct Row {
    double margin;
    bool positive;
  };
  std::vector<Row> rows_;
};

}  // namespace

ConfusionMatrix::ConfusionMatrix(std::int64_t num_classes) : num_classes_(num_classes) {
  if (num_classes < 1 || num_classes > kMaxClasses) {
    throw InvalidArgument(
        text("ConfusionMatrix: num_classes must be in [1, ", kMaxClasses, "], got ", num_classes));
  }
  counts_.resize(static_cast<std::size_t>(num_classes * num_classes));
}

std::size_t ConfusionMatrix::index(std::int64_t truth, std::int64_t predicted) const {
  if (truth < 0 || truth >= num_classes_ || predicted < 0 || predicted >= num_classes_) {
    throw InvalidArgument(text("ConfusionMatrix: classes must be in [0, ", num_classes_,
                               "), got truth ", truth, " and prediction ", predicted));
  }
  return static_cast<std::size_t>(truth * num_classes_ + predicted);
}

void ConfusionMatrix::add(std::int64_t truth, std::int64_t predicted) {
  ++counts_[index(truth, predicted)];
  ++total_;
}

std::int64_t ConfusionMatrix::count(std::int64_t truth, std::int64_t predicted) const {
  return counts_[index(truth, predicted)];
}

std::int64_t ConfusionMatrix::hits() const noexcept {
  std::int64_t sum = 0;
  for (std::int64_t c = 0; c < num_classes_; ++c) {
    sum += counts_[static_cast<std::size_t>(c * num_classes_ + c)];
  }
  return sum;
}

double ConfusionMatrix::accuracy() const noexcept {
  return total_ == 0 ? 0 : static_cast<double>(hits()) / static_cast<double>(total_);
}

double ConfusionMatrix::macro_f1() const noexcept {
  double sum = 0;
  std::int64_t classes = 0;
  for (std::int64_t c = 0; c < num_classes_; ++c) {
    std::int64_t present = 0;
    std::int64_t predicted = 0;
    for (std::int64_t other = 0; other < num_classes_; ++other) {
      present += counts_[static_cast<std::size_t>(c * num_classes_ + other)];
      predicted += counts_[static_cast<std::size_t>(other * num_classes_ + c)];
    }
    if (present + predicted > 0) {
      const std::int64_t hit = counts_[static_cast<std::size_t>(c * num_classes_ + c)];
      sum += f1(hit, predicted - hit, present - hit);
      ++classes;
    }
  }
  return classes == 0 ? 0 : sum / static_cast<double>(classes);
}

double ConfusionMatrix::micro_f1() const noexcept {
  return f1(hits(), total_ - hits(), total_ - hits());
}

ConfusionMatrix confusion_matrix(const Tensor& logits, std::span<const std::int32_t> labels,
                                 std::span<const std::int64_t> rows) {
  check_sizes(logits, labels, rows);
  const std::int64_t num_classes = logits.size(1);
  ConfusionMatrix confusion(num_classes);
  for_each_row(logits, rows, [&](std::int64_t row, auto /*logits*/, const Softmax& softmax) {
    confusion.add(checked_label(labels, row, num_classes), softmax.best);
  });
  return confusion;
}

LossAndAccuracy loss_and_accuracy(const Tensor& logits, std::span<const std::int32_t> labels,
                                  std::span<const std::int64_t> rows) {
  check_sizes(logits, labels, rows);
  const std::int64_t num_classes = logits.size(1);
  const auto add_rows = [&](std::int64_t begin, std::int64_t end, std::span<double> sums) {
    const auto block =
        rows.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    for_each_row(logits, block, [&](std::int64_t row, auto of_row, const Softmax& softmax) {
      const std::int64_t label = checked_label(labels, row, num_classes);
      sums[0] += softmax.nll(of_row[static_cast<std::size_t>(label)]);
      sums[1] += softmax.best == label ? 1 : 0;
    });
  };
  const auto count = static_cast<std::int64_t>(rows.size());
  const Tensor sums = core::parallel_reduce_rows<double>(count, kRowGrain, 2, add_rows);
  const std::span<const double> of_rows = sums.data<double>();
  return {.loss = of_rows[0] / static_cast<double>(count),
          .accuracy = of_rows[1] / static_cast<double>(count)};
}

ClassificationMetrics evaluate_predictions(const Tensor& logits,
                                           std::span<const std::int32_t> labels,
                                           std::span<const std::int64_t> rows,
                                           const MetricsOptions& options) {
  check_sizes(logits, labels, rows);
  const std::int64_t num_classes = logits.size(1);
  ConfusionMatrix confusion(num_classes);
  Calibration calibration(options.ece_bins);
  Ranking ranking;
  double nll = 0;
  double brier = 0;
  for_each_row(logits, rows, [&](std::int64_t row, auto of_row, const Softmax& softmax) {
    const std::int64_t label = checked_label(labels, row, num_classes);
    confusion.add(label, softmax.best);
    calibration.add(1 / softmax.sum, softmax.best == label);
    nll += softmax.nll(of_row[static_cast<std::size_t>(label)]);
    brier += brier_score(of_row, softmax, label);
    if (num_classes == 2) {
      ranking.add(static_cast<double>(of_row[1]) - static_cast<double>(of_row[0]), label == 1);
    }
  });
  const auto count = static_cast<double>(rows.size());
  return {.accuracy = confusion.accuracy(),
          .macro_f1 = confusion.macro_f1(),
          .micro_f1 = confusion.micro_f1(),
          .nll = nll / count,
          .brier = brier / count,
          .ece = calibration.error(),
          .roc_auc = ranking.area()};
}

std::vector<RowPrediction> predict_rows(const Tensor& logits, std::span<const std::int64_t> rows) {
  std::vector<RowPrediction> predictions;
  predictions.reserve(rows.size());
  for_each_row(logits, rows, [&](std::int64_t row, auto /*logits*/, const Softmax& softmax) {
    predictions.push_back({.row = row,
                           .predicted = static_cast<std::int32_t>(softmax.best),
                           .probability = 1 / softmax.sum});
  });
  return predictions;
}

}  // namespace attune::train
