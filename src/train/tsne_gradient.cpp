#include "train/tsne_gradient.hpp"

#include <array>
#include <cmath>

#include <attune/core/parallel.hpp>

namespace attune::train {

namespace {

constexpr std::int64_t kRowGrain = 32;  // ~20 us at 500 points
constexpr std::int64_t kLanes = 8;

// Sums over j, in lanes that the compiler keeps in vectors: their order is that of the source.
struct Forces {
  using Lanes = std::array<float, kLanes>;
  Lanes pull_x{};  // sum p_ij w_ij (x_i - x_j), w = 1 / (1 + distance^2)
  Lanes pull_y{};
  Lanes push_x{};  // sum w_ij^2 (x_i - x_j)
  Lanes push_y{};
  Lanes weight{};  // sum w_ij, that of i with itself included: 1

  void add(std::int64_t lane, float p, float dx, float dy) {
    const float w = 1 / (1 + dx * dx + dy * dy);
    const float pw = p * w;
    const float ww = w * w;
    pull_x[lane] += pw * dx;
    pull_y[lane] += pw * dy;
    push_x[lane] += ww * dx;
    push_y[lane] += ww * dy;
    weight[lane] += w;
  }
};

double total(const Forces::Lanes& lanes) {
  double sum = 0;
  for (const float lane : lanes) {
    sum += lane;
  }
  return sum;
}

Forces forces_on(std::int64_t i, const float* affinities, const PlanePoints& map) {
  const auto n = static_cast<std::int64_t>(map.x.size());
  const float* const x = map.x.data();
  const float* const y = map.y.data();
  Forces forces;
  std::int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      forces.add(lane, affinities[j + lane], x[i] - x[j + lane], y[i] - y[j + lane]);
    }
  }
  for (; j < n; ++j) {
    forces.add(j % kLanes, affinities[j], x[i] - x[j], y[i] - y[j]);
  }
  return forces;
}

}  // namespace

void tsne_gradient(const core::Tensor& affinities, const PlanePoints& map, double exaggeration,
                   PlanePoints& gradient) {
  const auto n = static_cast<std::int64_t>(map.x.size());
  const float* const p = affinities.data<float>().data();
  PlanePoints push(n);
  const double weight = core::parallel_sum(n, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    double sum = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const Forces forces = forces_on(i, p + i * n, map);
      gradient.x[i] = static_cast<float>(4 * exaggeration * total(forces.pull_x));
      gradient.y[i] = static_cast<float>(4 * exaggeration * total(forces.pull_y));
      push.x[i] = static_cast<float>(total(forces.push_x));
      push.y[i] = static_cast<float>(total(forces.push_y));
      sum += total(forces.weight) - 1;
    }
    return sum;
  });
  const double scale = weight > 0 ? 4 / weight : 0;  // 0: too far apart for floats to tell
  for (std::int64_t i = 0; i < n; ++i) {
    gradient.x[i] -= static_cast<float>(scale * push.x[i]);
    gradient.y[i] -= static_cast<float>(scale * push.y[i]);
  }
}

double tsne_divergence(const core::Tensor& affinities, const PlanePoints& map) {
  const auto n = static_cast<std::int64_t>(map.x.size());
  const float* const p = affinities.data<float>().data();
  const auto distance = [&](std::int64_t i, std::int64_t j) {
    const double dx = static_cast<double>(map.x[i]) - map.x[j];
    const double dy = static_cast<double>(map.y[i]) - map.y[j];
    return 1 + dx * dx + dy * dy;
  };
  const auto sum_over_pairs = [&](auto&& term) {
    return core::parallel_sum(n, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      double sum = 0;
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
          sum += j == i ? 0 : term(i, j);
        }
      }
      return sum;
    });
  };
  const double weight =
      sum_over_pairs([&](std::int64_t i, std::int64_t j) { return 1 / distance(i, j); });
  return sum_over_pairs([&](std::int64_t i, std::int64_t j) {
    const double affinity = p[i * n + j];
    return affinity > 0 ? affinity * std::log(affinity * weight * distance(i, j)) : 0;
  });
}

}  // namespace attune::train
