#include <algorithm>
#include <cmath>
#include <vector>

#include "train/tsne_affinities.hpp"
#include "train/tsne_gradient.hpp"
#include "train/tsne_start.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/tsne.hpp>

namespace attune::train {

using core::Tensor;
using core::text;

namespace {

constexpr double kExaggeration = 12;
constexpr std::int64_t kMostExaggerated = 250;
constexpr double kLeastLearningRate = 50;

// ---- the descent

/// Gradient descent with momentum, and a gain for each coordinate that grows while it keeps its
/// direction (Jacobs 1988), as in the authors' own code.
class Descent {
 public:
  explicit Descent(std::vector<float>& position)
      : position_(position), velocity_(position.size()), gain_(position.size(), 1) {}

  void step(const std::vector<float>& gradient, float momentum, float learning_rate) {
    double mean = 0;
    for (std::size_t i = 0; i < position_.size(); ++i) {
      const bool turned = (gradient[i] > 0) == (velocity_[i] > 0);
      gain_[i] = turned ? std::max(0.8F * gain_[i], 0.01F) : gain_[i] + 0.2F;
      velocity_[i] = momentum * velocity_[i] - learning_rate * gain_[i] * gradient[i];
      position_[i] += velocity_[i];
      mean += position_[i];
    }
    mean /= static_cast<double>(position_.size());
    for (float& x : position_) {
      x -= static_cast<float>(mean);
    }
  }

 private:
  std::vector<float>& position_;
  std::vector<float> velocity_;
  std::vector<float> gain_;
};

void descend(const Tensor& affinities, std::int64_t iterations, PlanePoints& map) {
  const std::int64_t exaggerated = std::min(kMostExaggerated, iterations / 4);
  const auto n = static_cast<std::int64_t>(map.x.size());
  // Belkina et al., Nature Communications 10, 2019: n / exaggeration, over the 4 of the gradient.
  const auto learning_rate =
      static_cast<float>(std::max(static_cast<double>(n) / kExaggeration / 4, kLeastLearningRate));
  PlanePoints gradient(n);
  Descent x(map.x);
  Descent y(map.y);
  for (std::int64_t i = 0; i < iterations; ++i) {
    const bool early = i < exaggerated;
    tsne_gradient(affinities, map, early ? kExaggeration : 1, gradient);
    x.step(gradient.x, early ? 0.5F : 0.8F, learning_rate);
    y.step(gradient.y, early ? 0.5F : 0.8F, learning_rate);
  }
}

// ---- checks

void require_points(const Tensor& points) {
  const bool matrix = points.defined() && points.shape().rank() == 2;
  if (!matrix || points.size(0) < 2 || points.size(0) > kMostTsnePoints || points.size(1) < 1) {
    throw ShapeError(text("tsne: points must be [2 to ", kMostTsnePoints, ", at least 1], got ",
                          points.shape().to_string()));
  }
}

void require_finite(const Tensor& points) {
  const std::span<const double> data = points.data<double>();
  const auto bad = std::ranges::find_if(data, [](double x) { return !std::isfinite(x); });
  if (bad != data.end()) {
    throw InvalidArgument(
        text("tsne: point ", (bad - data.begin()) / points.size(1), " is not finite"));
  }
}

void require_options(const TsneOptions& options, std::int64_t n) {
  if (!(options.perplexity >= 1 && options.perplexity <= static_cast<double>(n - 1))) {
    throw InvalidArgument(text("tsne: perplexity must be in [1, ", n - 1, "] for ", n,
                               " points, got ", options.perplexity));
  }
  if (options.iterations < 1) {
    throw InvalidArgument(text("tsne: iterations must be at least 1, got ", options.iterations));
  }
}

}  // namespace

TsneMap tsne(const Tensor& points, const TsneOptions& options, const core::RandomStream& random) {
  require_points(points);
  require_options(options, points.size(0));
  const Tensor x = points.to(core::DType::f64);
  require_finite(x);
  const CenteredPoints centered = center(x);
  const Tensor affinities = tsne_affinities(centered, options.perplexity);
  PlanePoints map = tsne_start(centered, random);
  descend(affinities, options.iterations, map);
  TsneMap result{.points = Tensor::empty({points.size(0), 2}),
                 .kl_divergence = tsne_divergence(affinities, map)};
  const std::span<float> out = result.points.mutable_data<float>();
  for (std::size_t i = 0; i < map.x.size(); ++i) {
    out[2 * i] = map.x[i];
    out[2 * i + 1] = map.y[i];
  }
  return result;
}

}  // namespace attune::train
