#include <cmath>
#include <vector>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/statistics.hpp>
#include <attune/train/vqa_metrics.hpp>

namespace attune::train {

using core::text;

namespace {

constexpr int kMostBins = 1000;

struct TopTwo {
  std::size_t first = 0;
  std::size_t second = 1;
};

TopTwo top_two(const std::vector<double>& means) {
  TopTwo top = means[1] > means[0] ? TopTwo{1, 0} : TopTwo{0, 1};
  for (std::size_t i = 2; i < means.size(); ++i) {
    if (means[i] > means[top.first]) {
      top = {i, top.first};
    } else if (means[i] > means[top.second]) {
      top.second = i;
    }
  }
  return top;
}

std::vector<double> column(std::span<const float> rows, std::size_t width, std::size_t at) {
  std::vector<double> values;
  for (; at < rows.size(); at += width) {
    values.push_back(static_cast<double>(rows[at]));
  }
  return values;
}

}  // namespace

double calibration_error(std::span<const VqaAnswer> answers, int bins) {
  if (answers.empty() || bins < 1 || bins > kMostBins) {
    throw InvalidArgument(text("calibration_error: expected an answer and 1 to ", kMostBins,
                               " bins, got ", answers.size(), " and ", bins));
  }
  std::vector<double> excess(static_cast<std::size_t>(bins));
  for (const VqaAnswer& answer : answers) {
    const auto bin =
        static_cast<std::size_t>(std::max(0.0, std::ceil(answer.probability * bins) - 1));
    excess[bin] += answer.accuracy - answer.probability;
  }
  double sum = 0;
  for (const double of_bin : excess) {
    sum += std::abs(of_bin);
  }
  return sum / static_cast<double>(answers.size());
}

SampledAnswer sampled_answer(std::span<const float> probabilities, std::int64_t samples) {
  const auto rows = static_cast<std::size_t>(samples);
  if (samples < 2 || probabilities.size() % rows != 0 || probabilities.size() / rows < 2) {
    throw InvalidArgument(
        text("sampled_answer: expected at least two samples of at least two answers, got ", samples,
             " samples and ", probabilities.size(), " probabilities"));
  }
  const std::size_t width = probabilities.size() / rows;
  std::vector<double> means(width);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    means[i % width] += static_cast<double>(probabilities[i]);
  }
  const TopTwo top = top_two(means);
  return {.answer = static_cast<std::int64_t>(top.first),
          .p_value = two_sample_p(column(probabilities, width, top.first),
                                  column(probabilities, width, top.second))};
}

void CertaintyCounts::add(const SampledAnswer& answer, double threshold) {
  ++total;
  if (answer.p_value < threshold) {
    ++certain;
    accurate_certain += answer.accuracy;
  } else {
    inaccurate_uncertain += 1 - answer.accuracy;
  }
}

double CertaintyCounts::pavpu() const noexcept {
  return total == 0 ? 0 : (accurate_certain + inaccurate_uncertain) / static_cast<double>(total);
}

}  // namespace attune::train
