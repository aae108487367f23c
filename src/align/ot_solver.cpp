#include "align/ot_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include <attune/core/parallel.hpp>

namespace attune::align {

namespace {

// Row tiles a task: some 100 us of work, so that small problems stay on one thread and leave the
// others to other heads.
std::int64_t tiles_a_task(std::int64_t columns) {
  return std::max<std::int64_t>(1, 64 / num_tiles(columns));
}

// Tiles of products that a sweep may find where the one before left them, 4 MiB of float32 a side:
// whatever the size of the clouds, no more. Beyond, each sweep makes them again.
constexpr std::int64_t kMostTilesKept = 256;

std::int64_t kept_products(std::int64_t queries, std::int64_t keys) {
  const std::int64_t tiles = num_tiles(queries) * num_tiles(keys);
  return tiles <= kMostTilesKept ? tiles * kTile * kTile : 0;
}

template <class T>
OtPoints<T> points_of(const OtSide<T>& rows, const OtSide<T>& columns) {
  return {rows.cloud.count, columns.cloud.count,   rows.cloud.channels, rows.width,
          rows.rows.data(), columns.panels.data(), rows.products.data()};
}

template <class T>
OtPotentials<T> potentials_of(const OtSide<T>& rows, const OtSide<T>& columns, double eps) {
  return {static_cast<T>(1 / eps), static_cast<T>(std::numbers::log2e / eps), rows.scaled.data(),
          columns.scaled.data()};
}

template <class T>
OtNorms<T> norms_of(const OtSide<T>& rows, const OtSide<T>& columns) {
  return {rows.half_norms.data(), columns.half_norms.data()};
}

template <class T>
PoolVector<double> mean_of(const OtSide<T>& side) {
  PoolVector<double> mean(static_cast<std::size_t>(side.cloud.channels));
  for (std::int64_t i = 0; i < side.cloud.count; ++i) {
    for (std::int64_t c = 0; c < side.cloud.channels; ++c) {
      mean[c] += static_cast<double>(side.rows.data()[i * side.width + c]);
    }
  }
  for (double& value : mean) {
    value /= static_cast<double>(side.cloud.count);
  }
  return mean;
}

template <class T>
double mean_half_norm(const OtSide<T>& side) {
  double sum = 0;
  for (std::int64_t i = 0; i < side.cloud.count; ++i) {
    sum += static_cast<double>(side.half_norms.data()[i]);
  }
  return sum / static_cast<double>(side.cloud.count);
}

// The point halfway between the means of both clouds.
template <class T>
PoolVector<double> centre_of(const Cloud<T>& a, const Cloud<T>& b) {
  PoolVector<double> centre(static_cast<std::size_t>(a.channels));
  for (const Cloud<T>* cloud : {&a, &b}) {
    for (std::int64_t i = 0; i < cloud->count; ++i) {
      const T* row = cloud->row(i);
      for (std::int64_t c = 0; c < cloud->channels; ++c) {
        centre[c] += 0.5 * static_cast<double>(row[c]) / static_cast<double>(cloud->count);
      }
    }
  }
  return centre;
}

}  // namespace

template <std::floating_point T>
OtSide<T>::OtSide(const Cloud<T>& points)
    : cloud(points),
      width(row_width(points.channels + 1)),
      rows(num_tiles(points.count) * kTile * width),
      panels(num_tiles(points.count) * kTile * points.channels),
      half_norms(num_tiles(points.count) * kTile),
      lengths(num_tiles(points.count) * kTile),
      scaled(num_tiles(points.count) * kTile),
      potential(points.count) {}

template <std::floating_point T>
void OtSide<T>::pack(OtCost cost, const PoolVector<double>& centre) {
  std::ranges::fill(rows.span(), T(0));
  std::ranges::fill(panels.span(), T(0));
  std::ranges::fill(half_norms.span(), T(0));
  std::ranges::fill(potential.span(), 0.0);
  const std::int64_t channels = cloud.channels;
  for (std::int64_t i = 0; i < cloud.count; ++i) {
    const T* from = cloud.row(i);
    T* row = rows.data() + i * width;
    double square = 0;
    for (std::int64_t c = 0; c < channels; ++c) {
      const double x = static_cast<double>(from[c]) - (cost == OtCost::cosine ? 0 : centre[c]);
      square += x * x;
    }
    const double length = std::sqrt(square);
    const double stretch = cost == OtCost::cosine ? 1 / std::max(length, kNormFloor) : 1;
    T* column = panels.data() + (i / kTile * channels) * kTile + i % kTile;
    for (std::int64_t c = 0; c < channels; ++c) {
      const double x = static_cast<double>(from[c]) - (cost == OtCost::cosine ? 0 : centre[c]);
      row[c] = static_cast<T>(x * stretch);
      column[c * kTile] = row[c];
    }
    row[channels] = 1;
    lengths.data()[i] = static_cast<T>(length);
    half_norms.data()[i] = static_cast<T>(cost == OtCost::cosine ? 0.5 : 0.5 * square);
    longest = std::max(longest, length);
  }
}

template <std::floating_point T>
void OtSide<T>::scale(double eps) {
  const double log_weight = -std::log(static_cast<double>(cloud.count));
  for (std::int64_t i = 0; i < cloud.count; ++i) {
    const double folded = potential.data()[i] - static_cast<double>(half_norms.data()[i]);
    scaled.data()[i] = static_cast<T>((folded / eps + log_weight) * std::numbers::log2e);
  }
  std::fill(scaled.data() + cloud.count, scaled.data() + scaled.size(), static_cast<T>(kVanishes));
}

template <std::floating_point T>
OtSolver<T>::OtSolver(const Cloud<T>& queries, const Cloud<T>& keys, const OtOptions& options)
    : options_(options),
      queries_(queries),
      keys_(keys),
      logs_(round_up(std::max(queries.count, keys.count), kTile)) {
  const PoolVector<double> centre = centre_of(queries, keys);
  queries_.pack(options.ot_cost, centre);
  keys_.pack(options.ot_cost, centre);
  keep_products(queries_, keys_);
  keep_products(keys_, queries_);
  eps_ = options.eps;
  if (options.eps_relative) {
    const double mean = mean_cost();
    eps_ = mean > 0 ? options.eps * mean : options.eps;
  }
}

template <std::floating_point T>
void OtSolver<T>::keep_products(OtSide<T>& side, const OtSide<T>& other) {
  const std::int64_t count = kept_products(side.cloud.count, other.cloud.count);
  if (count == 0) {
    return;
  }
  const OtPoints<T> points = points_of(side, other);
  side.products = core::PoolArray<T>(count);
  const std::int64_t row_tiles = num_tiles(side.cloud.count);
  for (std::int64_t tile = 0; tile < row_tiles; ++tile) {
    kernels<T>().ot_products(points, tile, side.products.data() + tile * (count / row_tiles));
  }
}

template <std::floating_point T>
std::int64_t OtSolver<T>::bytes(std::int64_t queries, std::int64_t keys, std::int64_t channels) {
  const std::int64_t n = num_tiles(queries) * kTile;
  const std::int64_t m = num_tiles(keys) * kTile;
  const std::int64_t width = row_width(channels + 1);
  const std::int64_t numbers = (n + m) * (2 * width + channels + 4) +
                               num_parts(queries) * m * (channels + 1) +
                               2 * kept_products(queries, keys);
  return static_cast<std::int64_t>(sizeof(T)) * numbers + 16 * (n + m);
}

// sum_ij a_i b_j (row + col - x . y) needs no sweep.
template <std::floating_point T>
double OtSolver<T>::mean_cost() const {
  const PoolVector<double> q = mean_of(queries_);
  const PoolVector<double> k = mean_of(keys_);
  double cost = mean_half_norm(queries_) + mean_half_norm(keys_);
  for (std::size_t c = 0; c < q.size(); ++c) {
    cost -= q[c] * k[c];
  }
  return cost;
}

// logs_[i] = log of the marginal of row i over its weight under the present potentials; returns the
// error of the marginals, sum_i |sum_j pi_ij - a_i|.
template <std::floating_point T>
double OtSolver<T>::row_logs(const OtSide<T>& side, const OtSide<T>& other, double eps) {
  const OtPoints<T> points = points_of(side, other);
  const OtPotentials<T> potentials = potentials_of(side, other, eps);
  core::parallel_for(num_tiles(side.cloud.count), tiles_a_task(other.cloud.count),
                     [&](std::int64_t begin, std::int64_t end) {
                       core::PoolArray<T> scratch(kTile * points.width);
                       for (std::int64_t tile = begin; tile < end; ++tile) {
                         kernels<T>().ot_row_logs(points, potentials, tile, scratch.data(),
                                                  logs_.data() + tile * kTile);
                       }
                     });
  const double log_weight = std::log(static_cast<double>(side.cloud.count));
  double error = 0;
  for (std::int64_t i = 0; i < side.cloud.count; ++i) {
    logs_.data()[i] += log_weight;
    error += std::abs(std::expm1(logs_.data()[i]));
  }
  return error / static_cast<double>(side.cloud.count);
}

template <std::floating_point T>
void OtSolver<T>::update(OtSide<T>& side, double eps) {
  for (std::int64_t i = 0; i < side.cloud.count; ++i) {
    side.potential.data()[i] -= eps * logs_.data()[i];
  }
  side.scale(eps);
}

template <std::floating_point T>
void OtSolver<T>::solve() {
  const double reach = options_.ot_cost == OtCost::cosine
                           ? 2.0
                           : 0.5 * std::pow(queries_.longest + keys_.longest, 2);
  const auto pair = [&](double eps) {
    update(queries_, eps);
    (void)row_logs(keys_, queries_, eps);
    update(keys_, eps);
  };
  for (double eps = std::max(reach, eps_); eps > eps_; eps = std::max(eps / 4, eps_)) {
    queries_.scale(eps);
    keys_.scale(eps);
    (void)row_logs(queries_, keys_, eps);
    pair(eps);
  }
  queries_.scale(eps_);
  keys_.scale(eps_);
  while (pairs_ < options_.ot_iterations) {
    const double error = row_logs(queries_, keys_, eps_);
    if (pairs_ > 0 && error < options_.ot_tolerance) {
      break;
    }
    pair(eps_);
    ++pairs_;
  }
}

template <std::floating_point T>
void OtSolver<T>::plan_sums(const OtSide<T>& side, const OtSide<T>& other, const T* values,
                            double* sums, double* costs, double* weighted) const {
  const OtPoints<T> points = points_of(side, other);
  const OtPotentials<T> potentials = potentials_of(side, other, eps_);
  const OtNorms<T> norms = norms_of(side, other);
  for (double* out : {sums, costs, weighted}) {
    std::fill(out, out + num_tiles(side.cloud.count) * kTile, 0.0);
  }
  core::parallel_for(num_tiles(side.cloud.count), tiles_a_task(other.cloud.count),
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t tile = begin; tile < end; ++tile) {
                         const std::int64_t first = tile * kTile;
                         kernels<T>().ot_plan_sums(points, potentials, norms, values, tile,
                                                   sums + first, costs + first, weighted + first);
                       }
                     });
}

template <std::floating_point T>
double OtSolver<T>::transport_cost() {
  const std::int64_t n = num_tiles(queries_.cloud.count) * kTile;
  core::PoolArray<double> sums(3 * n);
  plan_sums(queries_, keys_, keys_.half_norms.data(), sums.data(), sums.data() + n,
            sums.data() + 2 * n);
  const double weight = 1.0 / static_cast<double>(queries_.cloud.count);
  double cost = 0;
  marginal_error_ = 0;
  for (std::int64_t i = 0; i < queries_.cloud.count; ++i) {
    marginal_error_ += std::abs(sums.data()[i] - weight);
    cost += sums.data()[n + i];
  }
  return cost;
}

template <std::floating_point T>
double OtSolver<T>::dual_value() const {
  const auto mean = [](const OtSide<T>& side) {
    double sum = 0;
    for (const double f : side.potential.span()) {
      sum += f;
    }
    return sum / static_cast<double>(side.cloud.count);
  };
  return mean(queries_) + mean(keys_);
}

// x_i sum_j pi_ij = sum_j pi_ij (C_ij - y_j) and the same for y, in turn: a sweep has the shape of
// Sinkhorn's and the pace as well.
template <std::floating_point T>
void OtSolver<T>::solve_adjoint() {
  constexpr double kClose = 2 * static_cast<double>(std::numeric_limits<T>::epsilon());
  const std::int64_t n = num_tiles(queries_.cloud.count) * kTile;
  const std::int64_t m = num_tiles(keys_.cloud.count) * kTile;
  row_values_ = core::PoolArray<T>(n);
  col_values_ = core::PoolArray<T>(m);
  std::ranges::fill(row_values_.span(), T(0));
  std::ranges::fill(col_values_.span(), T(0));
  core::PoolArray<double> sums(3 * std::max(n, m));
  const auto solve_for = [&](const OtSide<T>& side, const OtSide<T>& other, std::int64_t padded,
                             const T* given, T* wanted) {
    double* total = sums.data();
    plan_sums(side, other, given, total, total + padded, total + 2 * padded);
    double change = 0;
    double largest = 0;
    for (std::int64_t i = 0; i < side.cloud.count; ++i) {
      const double x = (total[padded + i] - total[2 * padded + i]) / total[i];
      change = std::max(change, std::abs(x - static_cast<double>(wanted[i])));
      largest = std::max(largest, std::abs(x));
      wanted[i] = static_cast<T>(x);
    }
    return change <= kClose * largest;
  };
  for (std::int64_t pair = 0; pair < options_.ot_iterations; ++pair) {
    const bool close = solve_for(queries_, keys_, n, col_values_.data(), row_values_.data());
    (void)solve_for(keys_, queries_, m, row_values_.data(), col_values_.data());
    if (close) {
      break;
    }
  }
}

// From sum_j w_ij (y_j, 1) to the gradient of the points: for half squared distances
// w_i x_i - sum_j w_ij y_j, for cosines the second term through the unit vector.
template <std::floating_point T>
void OtSolver<T>::hand_over(OtSide<T>& side, const T* sums, double factor) const {
  const std::int64_t channels = side.cloud.channels;
  if (side.cloud.grad == nullptr) {
    return;
  }
  for (std::int64_t i = 0; i < side.cloud.count; ++i) {
    const T* x = side.rows.data() + i * side.width;
    const T* sum = sums + i * side.width;
    T* grad = side.cloud.grad + i * side.cloud.stride;
    const auto length = static_cast<double>(side.lengths.data()[i]);
    const bool cosine = options_.ot_cost == OtCost::cosine;
    const double scale = cosine ? factor / std::max(length, kNormFloor) : factor;
    T along = sum[channels];
    if (cosine) {
      along = length > kNormFloor ? std::inner_product(x, x + channels, sum, T(0)) : T(0);
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      grad[c] += static_cast<T>(scale) * (along * x[c] - sum[c]);
    }
  }
}

template <std::floating_point T>
void OtSolver<T>::add_gradients(double factor, OtGradient gradient) {
  const bool through = gradient == OtGradient::exact;
  if (through) {
    solve_adjoint();
  }
  const std::int64_t channels = queries_.cloud.channels;
  const std::int64_t width = queries_.width;
  const std::int64_t tiles = num_tiles(queries_.cloud.count);
  const std::int64_t parts = num_parts(queries_.cloud.count);
  const std::int64_t m = num_tiles(keys_.cloud.count) * kTile;
  core::PoolArray<T> row_sums(tiles * kTile * width);
  core::PoolArray<T> col_sums(parts * m * (channels + 1));
  std::ranges::fill(row_sums.span(), T(0));
  const OtPoints<T> points = points_of(queries_, keys_);
  const OtPotentials<T> potentials = potentials_of(queries_, keys_, eps_);
  const OtNorms<T> norms = norms_of(queries_, keys_);
  core::parallel_tasks(parts, [&](std::int64_t part) {
    T* columns = col_sums.data() + part * m * (channels + 1);
    std::fill(columns, columns + m * (channels + 1), T(0));
    for (std::int64_t tile = part; tile < tiles; tile += parts) {
      kernels<T>().ot_backward(points, potentials, norms, through ? row_values_.data() : nullptr,
                               through ? col_values_.data() : nullptr, keys_.rows.data(), tile,
                               row_sums.data() + tile * kTile * width, columns);
    }
  });
  hand_over(queries_, row_sums.data(), factor);
  hand_over_keys(col_sums.data(), factor);
}

// The panels that each part made, added in their order.
template <std::floating_point T>
void OtSolver<T>::hand_over_keys(const T* col_sums, double factor) {
  const std::int64_t channels = keys_.cloud.channels;
  const std::int64_t width = keys_.width;
  const std::int64_t parts = num_parts(queries_.cloud.count);
  const std::int64_t m = num_tiles(keys_.cloud.count) * kTile;
  core::PoolArray<T> merged(m * width);
  for (std::int64_t j = 0; j < keys_.cloud.count; ++j) {
    const std::int64_t at = j / kTile * kTile * (channels + 1) + j % kTile;
    for (std::int64_t c = 0; c <= channels; ++c) {
      T sum = 0;
      for (std::int64_t part = 0; part < parts; ++part) {
        sum += col_sums[part * m * (channels + 1) + at + c * kTile];
      }
      merged.data()[j * width + c] = sum;
    }
  }
  hand_over(keys_, merged.data(), factor);
}

template struct OtSide<float>;
template struct OtSide<double>;
template class OtSolver<float>;
template class OtSolver<double>;

}  // namespace attune::align
