#include "train/tsne_affinities.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <attune/core/parallel.hpp>

namespace attune::train {

namespace {

constexpr std::int64_t kRowGrain = 32;
constexpr int kMostBisections = 100;
constexpr double kEntropyTolerance = 1e-5;
// Below it a float would be denormal, which is slow, and the pair pulls on nothing.
constexpr double kLeastAffinity = 1e-30;

using Row = std::span<double>;

// Squared distances from point i, less the least of them, relative to their mean: what the search
// sees then depends neither on the unit of the points nor on where they are. 0 at i itself.
void relative_distances(const CenteredPoints& points, std::int64_t i, Row row) {
  const std::int64_t channels = points.channels;
  const auto n = static_cast<std::int64_t>(row.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t j = 0; j < n; ++j) {
    double sum = 0;
    for (std::int64_t c = 0; c < channels; ++c) {
      const double d = points.x[i * channels + c] - points.x[j * channels + c];
      sum += d * d;
    }
    row[j] = sum;
    least = j == i ? least : std::min(least, sum);
  }
  double mean = 0;
  for (double& d : row) {
    d = std::max(d - least, 0.0);
    mean += d / static_cast<double>(n);
  }
  if (mean > 0) {
    for (double& d : row) {
      d /= mean;
    }
  }
}

// p_j = exp(-beta d_j) but for j = i, where it is 0. @return the entropy of p / sum(p)
double weigh(std::span<const double> distances, double beta, std::int64_t i, Row p, double& sum) {
  sum = 0;
  double weighted = 0;
  for (std::size_t j = 0; j < p.size(); ++j) {
    p[j] = static_cast<std::int64_t>(j) == i ? 0 : std::exp(-beta * distances[j]);
    sum += p[j];
    weighted += p[j] * distances[j];
  }
  return std::log(sum) + beta * weighted / sum;  // sum >= 1: the nearest has exp(0)
}

// Finds the beta whose entropy is log(perplexity), by bisection. There is none where more points
// than that are equally near: the search then ends with these sharing all the weight.
void conditional_row(std::span<const double> distances, double perplexity, std::int64_t i, Row p) {
  const double target = std::log(perplexity);
  double beta = 1;
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  double sum = 0;
  for (int step = 0; step < kMostBisections; ++step) {
    const double excess = weigh(distances, beta, i, p, sum) - target;
    if (std::abs(excess) < kEntropyTolerance) {
      break;
    }
    (excess > 0 ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
  }
  for (double& x : p) {
    x /= sum;
  }
}

// p_ij = (p_j|i + p_i|j) / 2n in place. The rows of a block own the pairs above the diagonal.
void symmetrize(std::span<float> p, std::int64_t n) {
  const double scale = 0.5 / static_cast<double>(n);
  core::parallel_for(n, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t j = i + 1; j < n; ++j) {
        const double both = scale * (static_cast<double>(p[i * n + j]) + p[j * n + i]);
        p[i * n + j] = p[j * n + i] = both < kLeastAffinity ? 0 : static_cast<float>(both);
      }
    }
  });
}

}  // namespace

core::Tensor tsne_affinities(const CenteredPoints& points, double perplexity) {
  const std::int64_t n = points.n;
  core::Tensor affinities = core::Tensor::empty({n, n});
  const std::span<float> p = affinities.mutable_data<float>();
  core::parallel_for(n, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> distances(static_cast<std::size_t>(n));
    std::vector<double> row(static_cast<std::size_t>(n));
    for (std::int64_t i = begin; i < end; ++i) {
      relative_distances(points, i, distances);
      conditional_row(distances, perplexity, i, row);
      std::ranges::transform(row, p.begin() + i * n,
                             [](double v) { return static_cast<float>(v); });
    }
  });
  symmetrize(p, n);
  return affinities;
}

}  // namespace attune::train
