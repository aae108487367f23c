#include <algorithm>
#include <cmath>
#include <numbers>
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
// visited. Queries and keys have tiles of their own, so that a tile has one weight.
template <class T>
class MmdWork {
 public:
  MmdWork(const Problem<T>& problem, double sigma)
      : problem_(problem),
        scale_(std::sqrt(std::numbers::log2e) / sigma),
        query_tiles_(num_tiles(problem.queries.count)),
        tiles_(tiles_of(problem)),
        channels_(problem.queries.channels),
        width_(row_width(channels_)),
        wanted_(problem.queries.grad != nullptr || problem.keys.grad != nullptr),
        rows_(tiles_ * kTile * width_),
        panels_(tiles_ * kTile * channels_),
        half_norms_(tiles_ * kTile),
        weighted_rows_(wanted_ ? tiles_ * kTile * width_ : 0),
        weighted_pairs_(wanted_ && channels_ == kPairedChannels ? tiles_ * kTile * channels_ : 0),
        tile_weights_(tiles_),
        row_sums_(wanted_ ? tiles_ * kTile * width_ : 0),
        row_totals_(wanted_ ? tiles_ * kTile * kTotalLanes : 0),
        col_sums_(wanted_ ? parts() * panel_size() : 0),
        totals_(parts()),
        centre_(static_cast<std::size_t>(channels_)) {
    // The distances do not change, and the squares below lose less.
    add_rows(problem.queries, 0.5 / static_cast<double>(problem.queries.count), centre_);
    add_rows(problem.keys, 0.5 / static_cast<double>(problem.keys.count), centre_);
  }

  [[nodiscard]] static std::int64_t bytes(const Problem<T>& problem) {
    const std::int64_t points = tiles_of(problem) * kTile;
    const std::int64_t channels = problem.queries.channels;
    return static_cast<std::int64_t>(sizeof(T)) * points *
           (3 * row_width(channels) + 2 * channels + kTotalLanes +
            num_parts(points) * (channels + 1));
  }

  [[nodiscard]] std::int64_t tiles() const { return tiles_; }
  [[nodiscard]] std::int64_t parts() const { return num_parts(tiles_ * kTile); }
  [[nodiscard]] std::int64_t slot() const { return problem_.slot; }
  [[nodiscard]] double weight() const { return problem_.weight; }
  [[nodiscard]] bool gradients_wanted() const { return wanted_; }

  void pack(std::int64_t tile) {
    const Side side = side_of(tile);
    const std::int64_t first = tile * kTile;
    std::fill_n(half_norms_.data() + first, kTile, static_cast<T>(kVanishes));
    std::fill_n(rows_.data() + first * width_, kTile * width_, T(0));
    tile_weights_.data()[tile] = side.weight;
    for (std::int64_t r = 0; r < side.count; ++r) {
      half_norms_.data()[first + r] =
          pack_point(side.cloud.row(side.first + r), rows_.data() + (first + r) * width_);
    }
    kernels<T>().load_panel({rows_.data() + first * width_, width_}, kTile, channels_,
                            panels_.data() + first * channels_);
    if (wanted_) {
      pack_weighted(tile, static_cast<T>(side.weight));
    }
  }

  void sweep(std::int64_t part) {
    const MmdPoints<T> points{channels_,
                              width_,
                              rows_.data(),
                              panels_.data(),
                              half_norms_.data(),
                              weighted_rows_.data(),
                              weighted_pairs_.size() > 0 ? weighted_pairs_.data() : nullptr,
                              tile_weights_.data()};
    T* columns = wanted_ ? col_sums_.data() + part * panel_size() : nullptr;
    if (wanted_) {
      const std::int64_t below = (part + 1) * kTile * (channels_ + 1);
      std::fill_n(columns + below, panel_size() - below, T(0));
    }
    const double* weights = tile_weights_.data();
    double total = 0;
    for (std::int64_t i = part; i < tiles_; i += parts()) {
      MmdSums<T> sums = cleared_row_sums(i);
      total += weights[i] * weights[i] * kernels<T>().mmd_tile(points, i, i, sums);
      for (std::int64_t j = i + 1; j < tiles_; ++j) {
        sums.cols = wanted_ ? columns + j * kTile * (channels_ + 1) : nullptr;
        total += 2 * weights[i] * weights[j] * kernels<T>().mmd_tile(points, i, j, sums);
      }
    }
    totals_.data()[part] = total;
  }

  // With R_i = sum_j W_ij and V_i = sum_j W_ij z_j:  dL/dz_i = -2 (R_i z_i - V_i).
  void finish(std::int64_t tile) {
    add_column_sums(tile);
    const Side side = side_of(tile);
    if (side.cloud.grad == nullptr) {
      return;
    }
    // W of the sums lacks the weight of the row; z is x times scale, but for the centre.
    const T factor =
        static_cast<T>(-2 * problem_.weight * side.weight * scale_ * std::numbers::ln2);
    for (std::int64_t r = 0; r < side.count; ++r) {
      const std::int64_t i = tile * kTile + r;
      const T* z = rows_.data() + i * width_;
      const T* sum = row_sums_.data() + i * width_;
      const T* totals = row_totals_.data() + i * kTotalLanes;
      const T total = std::accumulate(totals, totals + kTotalLanes, T(0));
      T* grad = side.cloud.grad + (side.first + r) * side.cloud.stride;
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
  // The points of a tile: `count` of a cloud from `first` on.
  struct Side {
    const Cloud<T>& cloud;
    double weight;
    std::int64_t first;
    std::int64_t count;
  };

  [[nodiscard]] static std::int64_t tiles_of(const Problem<T>& problem) {
    return num_tiles(problem.queries.count) + num_tiles(problem.keys.count);
  }

  [[nodiscard]] Side side_of(std::int64_t tile) const {
    const bool query = tile < query_tiles_;
    const Cloud<T>& cloud = query ? problem_.queries : problem_.keys;
    const std::int64_t first = (query ? tile : tile - query_tiles_) * kTile;
    const double weight = (query ? 1.0 : -1.0) / static_cast<double>(cloud.count);
    return {cloud, weight, first, std::min(kTile, cloud.count - first)};
  }

  [[nodiscard]] std::int64_t panel_size() const { return tiles_ * kTile * (channels_ + 1); }

  [[nodiscard]] MmdSums<T> cleared_row_sums(std::int64_t tile) {
    if (!wanted_) {
      return {nullptr, nullptr, nullptr};
    }
    T* sums = row_sums_.data() + tile * kTile * width_;
    T* totals = row_totals_.data() + tile * kTile * kTotalLanes;
    std::fill_n(sums, kTile * width_, T(0));
    std::fill_n(totals, kTile * kTotalLanes, T(0));
    return {sums, totals, nullptr};
  }

  // To the sums of the rows of a tile, what the tiles above it found for them as columns: those of
  // part p are p, p + parts() and so on.
  void add_column_sums(std::int64_t tile) {
    const std::int64_t size = kTile * (channels_ + 1);
    T* panel = col_sums_.data() + tile * size;
    const std::int64_t above = std::min(parts(), tile);
    for (std::int64_t part = 1; part < above; ++part) {
      const T* more = panel + part * panel_size();
      for (std::int64_t e = 0; e < size; ++e) {
        panel[e] += more[e];
      }
    }
    if (above == 0) {
      return;
    }
    T* totals = row_totals_.data() + tile * kTile * kTotalLanes;
    for (std::int64_t r = 0; r < kTile; ++r) {
      totals[r * kTotalLanes] += panel[channels_ * kTile + r];
    }
    // The weighted points have served: their place takes the sums as rows.
    T* as_rows = weighted_rows_.data() + tile * kTile * width_;
    kernels<T>().store_panel(panel, kTile, channels_, {as_rows, width_});
    T* sums = row_sums_.data() + tile * kTile * width_;
    for (std::int64_t e = 0; e < kTile * width_; ++e) {
      sums[e] += as_rows[e];
    }
  }

  // Returns -|z|^2 / 2.
  T pack_point(const T* x, T* row) const {
    for (std::int64_t c = 0; c < channels_; ++c) {
      row[c] = static_cast<T>((static_cast<double>(x[c]) - centre_[c]) * scale_);
    }
    double square = 0;
    for (std::int64_t c = 0; c < channels_; ++c) {
      square += static_cast<double>(row[c]) * static_cast<double>(row[c]);
    }
    return static_cast<T>(-0.5 * square);
  }

  void pack_weighted(std::int64_t tile, T weight) {
    const T* rows = rows_.data() + tile * kTile * width_;
    T* weighted = weighted_rows_.data() + tile * kTile * width_;
    for (std::int64_t e = 0; e < kTile * width_; ++e) {
      weighted[e] = weight * rows[e];
    }
    if (weighted_pairs_.size() == 0) {
      return;
    }
    T* pairs = weighted_pairs_.data() + tile * kTile * kPairedChannels;
    for (std::int64_t r = 0; r < kTile; r += 2) {
      const T* two = weighted + r * kPairedChannels;
      for (std::int64_t c = 0; c < kPairedChannels; ++c) {
        pairs[r * kPairedChannels + 2 * c] = two[c];
        pairs[r * kPairedChannels + 2 * c + 1] = two[kPairedChannels + c];
      }
    }
  }

  Problem<T> problem_;
  double scale_;
  std::int64_t query_tiles_;
  std::int64_t tiles_;
  std::int64_t channels_;
  std::int64_t width_;
  bool wanted_;
  // As in MmdPoints and MmdSums; col_sums_ once a part.
  PoolArray<T> rows_;
  PoolArray<T> panels_;
  PoolArray<T> half_norms_;
  PoolArray<T> weighted_rows_;
  PoolArray<T> weighted_pairs_;
  PoolArray<double> tile_weights_;
  PoolArray<T> row_sums_;
  PoolArray<T> row_totals_;
  PoolArray<T> col_sums_;
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
