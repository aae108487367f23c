#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "align/kernels.hpp"
#include "align/problems.hpp"
#include "align/recorded.hpp"
#include <attune/align/mmd.hpp>
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using core::PoolArray;
using core::Tensor;

namespace {

template <class T>
void add_rows(const Cloud<T>& cloud, double share, PoolVector<double>& sum) {
  for (std::int64_t i = 0; i < cloud.count; ++i) {
    const T* row = cloud.row(i);
    for (std::int64_t c = 0; c < cloud.channels; ++c) {
      sum[c] += share * static_cast<double>(row[c]);
    }
  }
}

constexpr std::int64_t kPairedChannels = 8;  // MmdPoints::pairs

// One problem. Queries and keys are one set of points with weights 1/n and -1/m: the loss is the
// symmetric sum of weight_i weight_j k(z_i, z_j), of which the tiles on and above the diagonal are
// visited.
template <class T>
class MmdWork {
 public:
  MmdWork(const Problem<T>& problem, double sigma)
      : problem_(problem),
        sigma_(sigma),
        count_(problem.queries.count + problem.keys.count),
        channels_(problem.queries.channels),
        width_(row_width(channels_ + 1)),
        wanted_(problem.queries.grad != nullptr || problem.keys.grad != nullptr),
        rows_(tiles() * kTile * width_),
        panels_(tiles() * kTile * channels_),
        pairs_(wanted_ && channels_ == kPairedChannels ? tiles() * kTile * channels_ : 0),
        half_norms_(tiles() * kTile),
        weights_(tiles() * kTile),
        row_sums_(wanted_ ? tiles() * kTile * width_ : 0),
        col_sums_(wanted_ ? parts() * panel_size() : 0),
        totals_(parts()),
        centre_(static_cast<std::size_t>(channels_)) {
    // The distances do not change, and the squares below lose less.
    add_rows(problem.queries, 0.5 / static_cast<double>(problem.queries.count), centre_);
    add_rows(problem.keys, 0.5 / static_cast<double>(problem.keys.count), centre_);
  }

  [[nodiscard]] static std::int64_t bytes(const Problem<T>& problem) {
    const std::int64_t points = num_tiles(problem.queries.count + problem.keys.count) * kTile;
    const std::int64_t channels = problem.queries.channels;
    return static_cast<std::int64_t>(sizeof(T)) * points *
           (2 * row_width(channels + 1) + 2 * channels + num_parts(points) * (channels + 1));
  }

  [[nodiscard]] std::int64_t tiles() const { return num_tiles(count_); }
  [[nodiscard]] std::int64_t parts() const { return num_parts(count_); }
  [[nodiscard]] std::int64_t slot() const { return problem_.slot; }
  [[nodiscard]] double weight() const { return problem_.weight; }
  [[nodiscard]] bool gradients_wanted() const { return wanted_; }

  void pack(std::int64_t tile) {
    T* rows = rows_.data() + tile * kTile * width_;
    T* panel = panels_.data() + tile * kTile * channels_;
    std::fill(rows, rows + kTile * width_, T(0));
    std::fill(panel, panel + kTile * channels_, T(0));
    std::fill(pairs_.data() + std::min(pairs_.size(), tile * kTile * channels_),
              pairs_.data() + std::min(pairs_.size(), (tile + 1) * kTile * channels_), T(0));
    for (std::int64_t r = 0; r < kTile; ++r) {
      const std::int64_t i = tile * kTile + r;
      weights_.data()[i] = static_cast<T>(weight_of(i));
      half_norms_.data()[i] = 0;
      if (i < count_) {
        half_norms_.data()[i] = pack_point(i, rows + r * width_, panel + r);
        pack_pair(i, rows + r * width_);
      }
    }
  }

  void sweep(std::int64_t part) {
    const MmdPoints<T> points{channels_,
                              width_,
                              rows_.data(),
                              panels_.data(),
                              pairs_.size() > 0 ? pairs_.data() : nullptr,
                              half_norms_.data(),
                              weights_.data()};
    T* columns = wanted_ ? col_sums_.data() + part * panel_size() : nullptr;
    if (wanted_) {
      std::fill(columns, columns + panel_size(), T(0));
    }
    double total = 0;
    for (std::int64_t i = part; i < tiles(); i += parts()) {
      T* sums = wanted_ ? row_sums_.data() + i * kTile * width_ : nullptr;
      if (wanted_) {
        std::fill(sums, sums + kTile * width_, T(0));
      }
      total += kernels<T>().mmd_tile(points, i, i, sums, nullptr);
      for (std::int64_t j = i + 1; j < tiles(); ++j) {
        T* panel = wanted_ ? columns + j * kTile * (channels_ + 1) : nullptr;
        total += 2 * kernels<T>().mmd_tile(points, i, j, sums, panel);
      }
    }
    totals_.data()[part] = total;
  }

  // With R_i = sum_j W_ij and V_i = sum_j W_ij z_j:  dL/dz_i = -2 (R_i z_i - V_i).
  void finish(std::int64_t tile) {
    const T* panels = col_sums_.data() + tile * kTile * (channels_ + 1);
    T* sums = row_sums_.data() + tile * kTile * width_;
    for (std::int64_t part = 0; part < parts(); ++part) {
      const T* panel = panels + part * panel_size();
      for (std::int64_t c = 0; c <= channels_; ++c) {
        for (std::int64_t r = 0; r < kTile; ++r) {
          sums[r * width_ + c] += panel[c * kTile + r];
        }
      }
    }
    const T factor = static_cast<T>(-2 * problem_.weight / sigma_);
    const std::int64_t first = tile * kTile;
    for (std::int64_t i = first; i < std::min(first + kTile, count_); ++i) {
      T* grad = grad_of(i);
      if (grad == nullptr) {
        continue;
      }
      const T* z = rows_.data() + i * width_;
      const T* sum = sums + (i - first) * width_;
      const T total = std::accumulate(sum + channels_, sum + width_, T(0));
      for (std::int64_t c = 0; c < channels_; ++c) {
        grad[c] = factor * (total * z[c] - sum[c]);
      }
    }
  }

  [[nodiscard]] double loss() const {
    double total = 0;
    for (const double part : totals_.span()) {
      total += part;
    }
    return std::isnan(total) ? total : std::max(total, 0.0);  // below zero by rounding alone
  }

 private:
  [[nodiscard]] std::int64_t panel_size() const { return tiles() * kTile * (channels_ + 1); }

  [[nodiscard]] double weight_of(std::int64_t i) const {
    const std::int64_t n = problem_.queries.count;
    return i < n ? 1.0 / static_cast<double>(n)
                 : (i < count_ ? -1.0 / static_cast<double>(problem_.keys.count) : 0.0);
  }

  [[nodiscard]] T* grad_of(std::int64_t i) const {
    const bool query = i < problem_.queries.count;
    const Cloud<T>& cloud = query ? problem_.queries : problem_.keys;
    const std::int64_t row = query ? i : i - problem_.queries.count;
    return cloud.grad != nullptr ? cloud.grad + row * cloud.stride : nullptr;
  }

  // Point i beside its neighbour, MmdPoints::pairs.
  void pack_pair(std::int64_t i, const T* row) {
    for (std::int64_t c = 0; c < channels_ && pairs_.size() > 0; ++c) {
      pairs_.data()[i / 2 * 2 * channels_ + 2 * c + i % 2] = row[c];
    }
  }

  T pack_point(std::int64_t i, T* row, T* column) const {
    const std::int64_t n = problem_.queries.count;
    const T* x = i < n ? problem_.queries.row(i) : problem_.keys.row(i - n);
    double square = 0;
    for (std::int64_t c = 0; c < channels_; ++c) {
      const T z = static_cast<T>((static_cast<double>(x[c]) - centre_[c]) / sigma_);
      row[c] = z;
      column[c * kTile] = z;
      square += static_cast<double>(z) * static_cast<double>(z);
    }
    row[channels_] = 1;
    return static_cast<T>(-0.5 * square);
  }

  Problem<T> problem_;
  double sigma_;
  std::int64_t count_;
  std::int64_t channels_;
  std::int64_t width_;
  bool wanted_;
  PoolArray<T> rows_;        // [tiles * 64, width]
  PoolArray<T> panels_;      // [tiles, channels, 64]
  PoolArray<T> pairs_;       // [tiles, 32, 8, 2]; empty: other channels
  PoolArray<T> half_norms_;  // [tiles * 64]
  PoolArray<T> weights_;     // [tiles * 64]
  PoolArray<T> row_sums_;    // [tiles * 64, width]
  PoolArray<T> col_sums_;    // [parts, tiles, channels + 1, 64]
  PoolArray<double> totals_;
  PoolVector<double> centre_;
};

template <class T>
void evaluate(const PoolVector<Problem<T>>& problems, double sigma, Evaluated& evaluated) {
  const std::span<double> per_head = evaluated.per_head.mutable_data<double>();
  const auto bytes = [&](std::int64_t p) { return MmdWork<T>::bytes(problems[p]); };
  for_each_group(static_cast<std::int64_t>(problems.size()), bytes,
                 [&](std::int64_t first, std::int64_t last) {
                   PoolVector<MmdWork<T>> works;
                   works.reserve(static_cast<std::size_t>(last - first));
                   for (std::int64_t p = first; p < last; ++p) {
                     works.emplace_back(problems[p], sigma);
                   }
                   const auto tiles = [](const MmdWork<T>& work) { return work.tiles(); };
                   for_each_block(works, tiles,
                                  [](MmdWork<T>& work, std::int64_t tile) { work.pack(tile); });
                   for_each_block(
                       works, [](const MmdWork<T>& work) { return work.parts(); },
                       [](MmdWork<T>& work, std::int64_t part) { work.sweep(part); });
                   if (works.front().gradients_wanted()) {
                     for_each_block(works, tiles,
                                    [](MmdWork<T>& work, std::int64_t tile) { work.finish(tile); });
                   }
                   for (const MmdWork<T>& work : works) {
                     per_head[work.slot()] = work.loss();
                     evaluated.loss += work.weight() * work.loss();
                   }
                 });
}

constexpr std::uint64_t kPairsPerHead = 1024;
constexpr std::uint64_t kPairSeed = 0x6d6d64;  // fixed: the width is a constant of the clouds

template <class T>
double distance(const T* x, const T* y, std::int64_t channels) {
  double square = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const double difference = static_cast<double>(x[c]) - static_cast<double>(y[c]);
    square += difference * difference;
  }
  return std::sqrt(square);
}

// Appends the distances of pairs of different points of the union of queries and keys.
template <class T>
void append_distances(const Problem<T>& problem, const core::RandomStream& random,
                      PoolVector<double>& distances) {
  const auto n = static_cast<std::uint64_t>(problem.queries.count);
  const std::uint64_t points = n + static_cast<std::uint64_t>(problem.keys.count);
  const auto row = [&](std::uint64_t i) {
    return i < n ? problem.queries.row(static_cast<std::int64_t>(i))
                 : problem.keys.row(static_cast<std::int64_t>(i - n));
  };
  for (std::uint64_t pair = 0; pair < kPairsPerHead; ++pair) {
    const std::uint64_t i = random.below(2 * pair, points);
    const std::uint64_t j = random.below(2 * pair + 1, points - 1);
    distances.push_back(distance(row(i), row(j < i ? j : j + 1), problem.queries.channels));
  }
}

}  // namespace

double median_distance(const Clouds& clouds) {
  check_clouds(clouds, "align::median_distance");
  const Points points = gather_points(clouds, "align::median_distance");
  PoolVector<double> distances;
  core::dispatch(clouds.queries.dtype(), [&]<class T>() {
    CloudGradients none;
    for (const Problem<T>& problem : head_problems<T>(points, none)) {
      const core::RandomStream random(kPairSeed, core::Purpose::alignment,
                                      static_cast<std::uint32_t>(problem.slot));
      append_distances(problem, random, distances);
    }
  });
  if (distances.empty()) {
    throw InvalidArgument("align::median_distance: no sample has a valid query and a valid key");
  }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::ranges::nth_element(distances, middle);
  if (!(*middle > 0) || !std::isfinite(*middle)) {
    throw InvalidArgument(
        core::text("align::median_distance: expected points that differ, the median is ", *middle));
  }
  return *middle;
}

Variable mmd(const Clouds& clouds, const MmdOptions& options, Tensor* per_head) {
  if (!(options.sigma > 0) || !std::isfinite(options.sigma)) {
    throw InvalidArgument(
        core::text("align::mmd: sigma must be positive and finite, got ", options.sigma));
  }
  check_clouds(clouds, "align::mmd");
  Points points = gather_points(clouds, "align::mmd");
  Evaluated evaluated = make_evaluated(clouds, points.selection, {});
  core::dispatch(clouds.queries.dtype(), [&]<class T>() {
    evaluate<T>(head_problems<T>(points, evaluated.grads.clouds), options.sigma, evaluated);
  });
  if (per_head != nullptr) {
    *per_head = evaluated.per_head;
  }
  return record_loss("align::mmd", clouds, std::move(points.selection), {}, 1,
                     std::move(evaluated));
}

}  // namespace attune::align
