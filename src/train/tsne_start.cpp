#include "train/tsne_start.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace attune::train {

namespace {

constexpr double kScale = 1e-4;  // standard deviation of the first component
constexpr double kNoise = 1e-5;
constexpr int kPowerSteps = 50;

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

// Divides by the largest entry, unless all are 0.
void scale_to_one(Vector& v) {
  double most = 0;
  for (const double e : v) {
    most = std::max(most, std::abs(e));
  }
  for (double& e : v) {
    e = most > 0 ? e / most : 0;
  }
}

void normalize(Vector& v) {
  scale_to_one(v);  // or the squares of tiny entries would vanish
  const double norm = std::sqrt(dot(v, v));
  for (double& e : v) {
    e = norm > 0 ? e / norm : 0;
  }
}

void remove_component(Vector& v, const Vector& direction) {
  const double along = dot(v, direction);
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] -= along * direction[i];
  }
}

void subtract_mean(CenteredPoints& points) {
  for (std::int64_t c = 0; c < points.channels; ++c) {
    double mean = 0;
    for (std::int64_t i = 0; i < points.n; ++i) {
      mean += points.x[i * points.channels + c] / static_cast<double>(points.n);
    }
    for (std::int64_t i = 0; i < points.n; ++i) {
      points.x[i * points.channels + c] -= mean;
    }
  }
}

// X v, [n].
Vector project(const CenteredPoints& points, const Vector& v) {
  Vector out(static_cast<std::size_t>(points.n));
  for (std::int64_t i = 0; i < points.n; ++i) {
    for (std::int64_t c = 0; c < points.channels; ++c) {
      out[i] += points.x[i * points.channels + c] * v[c];
    }
  }
  return out;
}

// X^T v, [channels].
Vector project_back(const CenteredPoints& points, const Vector& v) {
  Vector out(static_cast<std::size_t>(points.channels));
  for (std::int64_t i = 0; i < points.n; ++i) {
    for (std::int64_t c = 0; c < points.channels; ++c) {
      out[c] += points.x[i * points.channels + c] * v[i];
    }
  }
  return out;
}

// Power iteration, across `first` if there is one; it starts from a direction that is in no way
// special. The largest entry of the result is positive. All zero where the points have no extent.
Vector principal_direction(const CenteredPoints& points, const Vector* first) {
  Vector v(static_cast<std::size_t>(points.channels));
  for (std::size_t c = 0; c < v.size(); ++c) {
    v[c] = 1 + 0.5 * std::sin(static_cast<double>(c + 1));
  }
  const auto tidy = [&] {
    if (first != nullptr) {
      remove_component(v, *first);
    }
    normalize(v);
  };
  for (int step = 0; step < kPowerSteps; ++step) {
    tidy();
    v = project_back(points, project(points, v));
  }
  tidy();
  const auto largest = std::ranges::max_element(v, {}, [](double e) { return std::abs(e); });
  const double sign = *largest < 0 ? -1 : 1;
  for (double& e : v) {
    e *= sign;
  }
  return v;
}

}  // namespace

CenteredPoints center(const core::Tensor& points) {
  CenteredPoints centered{.n = points.size(0), .channels = points.size(1), .x = {}};
  const std::span<const double> data = points.data<double>();
  centered.x.assign(data.begin(), data.end());
  scale_to_one(centered.x);
  subtract_mean(centered);
  scale_to_one(centered.x);
  return centered;
}

PlanePoints tsne_start(const CenteredPoints& points, const core::RandomStream& random) {
  const Vector first = principal_direction(points, nullptr);
  const Vector second = principal_direction(points, &first);
  const Vector across = project(points, first);
  const Vector up = project(points, second);
  const double deviation = std::sqrt(dot(across, across) / static_cast<double>(points.n));
  const double scale = deviation > 0 ? kScale / deviation : 0;
  PlanePoints map(points.n);
  for (std::size_t i = 0; i < map.x.size(); ++i) {
    map.x[i] = static_cast<float>(scale * across[i] + kNoise * random.normal(2 * i));
    map.y[i] = static_cast<float>(scale * up[i] + kNoise * random.normal(2 * i + 1));
  }
  return map;
}

}  // namespace attune::train
