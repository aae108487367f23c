#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <vector>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/squad.hpp>
#include <attune/train/text_metrics.hpp>

namespace attune::train {

using core::text;

namespace {

void check_pairs(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size() || x.size() < 2) {
    throw InvalidArgument(text("correlation: expected two lists of one length of at least 2, got ",
                               x.size(), " and ", y.size(), " values"));
  }
  for (const std::span<const double> values : {x, y}) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        throw InvalidArgument(text("correlation: value ", i, " is not finite"));
      }
    }
  }
}

double mean_of(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

std::vector<double> ranks_of(std::span<const double> x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  std::vector<double> ranks(x.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && x[order[end]] == x[order[first]]) {
      ++end;
    }
    const double shared = static_cast<double>(first + end - 1) / 2;
    for (std::size_t i = first; i < end; ++i) {
      ranks[order[i]] = shared;
    }
    first = end;
  }
  return ranks;
}

std::vector<std::string_view> words_of(std::string_view normalized) {
  std::vector<std::string_view> words;
  while (!normalized.empty()) {
    const std::size_t length = std::min(normalized.find(' '), normalized.size());
    words.push_back(normalized.substr(0, length));
    normalized.remove_prefix(std::min(length + 1, normalized.size()));
  }
  return words;
}

/// F1 of the words of two normalised answers, counted as often as they come.
double word_f1(const std::string& predicted, const std::string& right) {
  const std::vector<std::string_view> found = words_of(predicted);
  const std::vector<std::string_view> wanted = words_of(right);
  if (found.empty() || wanted.empty()) {
    return found.empty() == wanted.empty() ? 1 : 0;
  }
  std::unordered_map<std::string_view, int> left;
  for (const std::string_view word : wanted) {
    ++left[word];
  }
  const auto common = std::count_if(found.begin(), found.end(),
                                    [&](std::string_view word) { return left[word]-- > 0; });
  // 2 P R / (P + R) with P = common / found and R = common / wanted.
  return 2.0 * static_cast<double>(common) / static_cast<double>(found.size() + wanted.size());
}

}  // namespace

double matthews_correlation(const ConfusionMatrix& matrix) {
  const std::int64_t classes = matrix.num_classes();
  double hits = 0;
  double products = 0;  // sum over classes of (times present) (times predicted)
  double present_squares = 0;
  double predicted_squares = 0;
  for (std::int64_t k = 0; k < classes; ++k) {
    double present = 0;
    double predicted = 0;
    for (std::int64_t l = 0; l < classes; ++l) {
      present += static_cast<double>(matrix.count(k, l));
      predicted += static_cast<double>(matrix.count(l, k));
    }
    hits += static_cast<double>(matrix.count(k, k));
    products += present * predicted;
    present_squares += present * present;
    predicted_squares += predicted * predicted;
  }
  const auto total = static_cast<double>(matrix.total());
  const double scale =
      std::sqrt((total * total - predicted_squares) * (total * total - present_squares));
  return scale > 0 ? (hits * total - products) / scale : 0;
}

double f1_of_class(const ConfusionMatrix& matrix, std::int64_t positive) {
  if (positive < 0 || positive >= matrix.num_classes()) {
    throw InvalidArgument(
        text("f1_of_class: class must be in [0, ", matrix.num_classes(), "), got ", positive));
  }
  std::int64_t present = 0;
  std::int64_t predicted = 0;
  for (std::int64_t k = 0; k < matrix.num_classes(); ++k) {
    present += matrix.count(positive, k);
    predicted += matrix.count(k, positive);
  }
  const std::int64_t both = present + predicted;
  return both > 0
             ? 2 * static_cast<double>(matrix.count(positive, positive)) / static_cast<double>(both)
             : 0;
}

double pearson_correlation(std::span<const double> x, std::span<const double> y) {
  check_pairs(x, y);
  const double mean_x = mean_of(x);
  const double mean_y = mean_of(y);
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  const double scale = std::sqrt(xx) * std::sqrt(yy);
  return scale > 0 ? std::clamp(xy / scale, -1.0, 1.0) : 0;
}

double spearman_correlation(std::span<const double> x, std::span<const double> y) {
  check_pairs(x, y);
  return pearson_correlation(ranks_of(x), ranks_of(y));
}

AnswerScore score_answer(std::string_view predicted, std::span<const std::string> right) {
  const std::string answer = data::normalized_answer(predicted);
  AnswerScore best;
  bool any = false;
  for (const std::string& one : right) {
    const std::string wanted = data::normalized_answer(one);
    if (wanted.empty()) {  // an article or a full stop is no answer
      continue;
    }
    any = true;
    best.exact = std::max(best.exact, answer == wanted ? 1.0 : 0.0);
    best.f1 = std::max(best.f1, word_f1(answer, wanted));
  }
  if (!any) {
    best.exact = answer.empty() ? 1 : 0;
    best.f1 = best.exact;
  }
  return best;
}

void AnswerScores::add(std::string_view predicted, std::span<const std::string> right) {
  const AnswerScore score = score_answer(predicted, right);
  sum_.exact += score.exact;
  sum_.f1 += score.f1;
  ++count_;
}

AnswerScore AnswerScores::mean() const noexcept {
  const auto n = static_cast<double>(std::max<std::int64_t>(count_, 1));
  return {.exact = sum_.exact / n, .f1 = sum_.f1 / n};
}

}  // namespace attune::train
