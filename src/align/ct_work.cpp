#include "align/ct_work.hpp"

#include <functional>

namespace attune::align {

namespace {

// exp of a logit up to this size, and a sum of 2^31 of them, stay far from the ends of float32; so
// do the quotients of such sums.
constexpr double kBoundedLogit = 30;

// A panel as rows [64, width]; the padding of the rows and the rows beyond `count` are zero.
template <class T>
void store_rows(const T* panel, std::int64_t channels, std::int64_t count, std::int64_t width,
                T* rows) {
  if (count < kTile || channels < width) {
    std::fill(rows, rows + kTile * width, T(0));
  }
  kernels<T>().store_panel(panel, count, channels, {rows, width});
}

// Zeroes the points of a panel from `count` on.
template <class T>
void clear_padding(std::int64_t channels, std::int64_t count, T* panel) {
  for (std::int64_t c = 0; count < kTile && c < channels; ++c) {
    std::fill(panel + c * kTile + count, panel + (c + 1) * kTile, T(0));
  }
}

template <class T>
void store_panel(const T* panel, std::int64_t channels, std::int64_t count, T* to) {
  std::copy(panel, panel + channels * kTile, to);
  clear_padding(channels, count, to);
}

// Rows [count, width] as a panel, zero beyond.
template <class T>
void load_rows(const T* rows, std::int64_t channels, std::int64_t count, std::int64_t width,
               T* panel) {
  kernels<T>().load_panel({rows, width}, count, channels, panel);
}

// The sum of the panels that each part made, zero beyond `count`.
template <class T>
void add_parts(const T* first, std::int64_t stride, std::int64_t parts, std::int64_t channels,
               std::int64_t count, T* panel) {
  std::copy(first, first + channels * kTile, panel);
  for (std::int64_t part = 1; part < parts; ++part) {
    std::transform(panel, panel + channels * kTile, first + part * stride, panel, std::plus<>());
  }
  clear_padding(channels, count, panel);
}

template <class T>
T longest(const T* panel, std::int64_t channels, std::int64_t count) {
  T squares[kTile] = {};
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t r = 0; r < kTile; ++r) {
      squares[r] += panel[c * kTile + r] * panel[c * kTile + r];
    }
  }
  T most = 0;
  for (std::int64_t r = 0; r < count; ++r) {
    most = squares[r] <= most ? most : squares[r];  // NaN is kept: then nothing is bounded
  }
  return std::sqrt(most);
}

}  // namespace

template <std::floating_point T>
CtWork<T>::CtWork(const Problem<T>& problem, const CtSetup& setup, std::int64_t first_panel)
    : problem_(problem),
      setup_(setup),
      first_panel_(first_panel),
      query_tiles_(num_tiles(problem.queries.count)),
      key_tiles_(num_tiles(problem.keys.count)),
      unit_width_(row_width(setup.unit_channels())),
      nav_width_(row_width(setup.nav_channels())),
      query_unit_(query_tiles_ * kTile * unit_width_),
      query_nav_(query_tiles_ * kTile * nav_width_),
      key_unit_(key_tiles_ * kTile * unit_width_),
      key_nav_(key_tiles_ * kTile * nav_width_),
      key_unit_panels_(key_tiles_ * unit_panel_size()),
      key_nav_panels_(key_tiles_ * nav_panel_size()),
      kept_(setup.gradients && is_small(problem) ? query_tiles_ * key_tiles_ * 2 * kTile * kTile
                                                 : 0),
      nav_norms_(num_panels()),
      row_sums_(3 * query_tiles_ * kTile),
      col_sums_(parts() * 3 * key_tiles_ * kTile) {}

template <std::floating_point T>
std::int64_t CtWork<T>::bytes(const Problem<T>& problem, const CtSetup& setup) {
  const std::int64_t n = num_tiles(problem.queries.count) * kTile;
  const std::int64_t m = num_tiles(problem.keys.count) * kTile;
  const std::int64_t width = row_width(setup.unit_channels()) + row_width(setup.nav_channels());
  const std::int64_t channels = setup.unit_channels() + setup.nav_channels();
  const std::int64_t parts = num_parts(problem.queries.count);
  const std::int64_t numbers = (setup.gradients ? 2 : 1) * n * width + m * (width + channels) +
                               (setup.gradients ? parts * m * channels : 0);
  const std::int64_t kept = is_small(problem) ? 2 * n * m : 0;
  return static_cast<std::int64_t>(sizeof(T)) * (numbers + kept) + 24 * (n + parts * m);
}

template <std::floating_point T>
Panel CtWork<T>::panel_at(std::int64_t panel) const {
  const bool queries = panel < query_tiles_;
  const std::int64_t first = (queries ? panel : panel - query_tiles_) * kTile;
  const std::int64_t count = queries ? problem_.queries.count : problem_.keys.count;
  return {0, queries, first, std::min(kTile, count - first)};
}

// By Cauchy and Schwarz.
template <std::floating_point T>
bool CtWork<T>::is_bounded() const {
  const T* norms = nav_norms_.data();
  const T of_queries = *std::max_element(norms, norms + query_tiles_);
  const T of_keys = *std::max_element(norms + query_tiles_, norms + num_panels());
  return static_cast<double>(of_queries) * static_cast<double>(of_keys) < kBoundedLogit;
}

template <std::floating_point T>
CtPoints<T> CtWork<T>::points() const {
  return {problem_.queries.count,  problem_.keys.count,
          setup_.unit_channels(),  unit_width_,
          setup_.nav_channels(),   nav_width_,
          setup_.chord(),          is_bounded(),
          query_unit_.data(),      query_nav_.data(),
          key_unit_.data(),        key_nav_.data(),
          key_unit_panels_.data(), key_nav_panels_.data()};
}

template <std::floating_point T>
void CtWork<T>::embed(std::int64_t panel, CtNetworks<T>& networks) {
  const Panel which = panel_at(panel);
  networks.forward(cloud_of(which), which.first, which.count, first_panel_ + panel);
  const std::int64_t units = setup_.unit_channels();
  const std::int64_t navs = setup_.nav_channels();
  const T* unit = networks.unit.data();
  const T* nav = networks.nav.data();
  nav_norms_.data()[panel] = longest(nav, navs, which.count);
  T* unit_rows = (which.queries ? query_unit_ : key_unit_).data() + which.first * unit_width_;
  T* nav_rows = (which.queries ? query_nav_ : key_nav_).data() + which.first * nav_width_;
  store_rows(unit, units, which.count, unit_width_, unit_rows);
  store_rows(nav, navs, which.count, nav_width_, nav_rows);
  if (!which.queries) {
    store_panel(unit, units, which.count, key_unit_panels_.data() + which.first * units);
    store_panel(nav, navs, which.count, key_nav_panels_.data() + which.first * navs);
  }
}

template <std::floating_point T>
void CtWork<T>::sweep(std::int64_t part) {
  const CtPoints<T> points = this->points();
  const std::int64_t n = query_tiles_ * kTile;
  const std::int64_t m = key_tiles_ * kTile;
  double* columns = col_sums_.data() + part * 3 * m;
  const double lowest = points.bounded ? 0 : -std::numeric_limits<double>::infinity();
  std::fill(columns, columns + m, lowest);
  std::fill(columns + m, columns + 3 * m, 0.0);
  for (std::int64_t tile = part; tile < query_tiles_; tile += parts()) {
    double* rows = row_sums_.data() + tile * kTile;
    std::fill(rows, rows + kTile, lowest);
    std::fill(rows + n, rows + n + kTile, 0.0);
    std::fill(rows + 2 * n, rows + 2 * n + kTile, 0.0);
    kernels<T>().ct_forward(points, tile,
                            {rows, rows + n, rows + 2 * n, columns, columns + m, columns + 2 * m},
                            kept(tile));
  }
}

// The sums of all parts into those of the first.
template <std::floating_point T>
void CtWork<T>::merge_columns() {
  const std::int64_t m = key_tiles_ * kTile;
  double* first = col_sums_.data();
  for (std::int64_t part = 1; part < parts(); ++part) {
    const double* from = first + part * 3 * m;
    for (std::int64_t j = 0; j < problem_.keys.count; ++j) {
      const double max = std::max(first[j], from[j]);
      const double before = first[j] == max ? 1 : std::exp(first[j] - max);
      const double added = from[j] == max ? 1 : std::exp(from[j] - max);
      first[j] = max;
      first[m + j] = before * first[m + j] + added * from[m + j];
      first[2 * m + j] = before * first[2 * m + j] + added * from[2 * m + j];
    }
  }
}

// The plan of one side from its sums; adds share * mean cost to `cost`.
template <std::floating_point T>
void CtWork<T>::settle_side(std::int64_t count, double share, const double* max, const double* z,
                            const double* y, T* factor, T* mean, T* log, double& cost) const {
  const bool bounded = is_bounded();
  double sum = 0;
  const double each = share / static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const double average = y[i] / z[i];
    sum += average;
    if (setup_.gradients) {
      factor[i] = static_cast<T>(-problem_.weight * (bounded ? each / z[i] : each));
      mean[i] = static_cast<T>(average);
      log[i] = static_cast<T>(bounded ? 0 : max[i] + std::log(z[i]));
    }
  }
  if (setup_.gradients) {
    const std::int64_t padded = num_tiles(count) * kTile;
    std::fill(factor + count, factor + padded, T(0));
    std::fill(mean + count, mean + padded, T(0));
    std::fill(log + count, log + padded, T(0));
  }
  cost += each * sum;
}

template <std::floating_point T>
void CtWork<T>::settle() {
  merge_columns();
  const std::int64_t n = query_tiles_ * kTile;
  const std::int64_t m = key_tiles_ * kTile;
  if (setup_.gradients) {
    row_plan_ = core::PoolArray<T>(3 * n);
    col_plan_ = core::PoolArray<T>(3 * m);
    grad_query_unit_ = core::PoolArray<T>(n * unit_width_);
    grad_query_nav_ = core::PoolArray<T>(n * nav_width_);
    grad_key_unit_ = core::PoolArray<T>(parts() * key_tiles_ * unit_panel_size());
    grad_key_nav_ = core::PoolArray<T>(parts() * key_tiles_ * nav_panel_size());
  }
  const double* rows = row_sums_.data();
  const double* columns = col_sums_.data();
  T* row_plan = row_plan_.data();
  T* col_plan = col_plan_.data();
  const double rho = setup_.options.rho;
  double cost = 0;
  settle_side(problem_.queries.count, 1 - rho, rows, rows + n, rows + 2 * n, row_plan, row_plan + n,
              row_plan + 2 * n, cost);
  settle_side(problem_.keys.count, rho, columns, columns + m, columns + 2 * m, col_plan,
              col_plan + m, col_plan + 2 * m, cost);
  loss_ = setup_.chord() ? cost : 1 - cost;
}

template <std::floating_point T>
void CtWork<T>::sweep_back(std::int64_t part) {
  const CtPoints<T> points = this->points();
  const std::int64_t n = query_tiles_ * kTile;
  const std::int64_t m = key_tiles_ * kTile;
  const CtPlan<T> plan{row_plan_.data(), row_plan_.data() + n, row_plan_.data() + 2 * n,
                       col_plan_.data(), col_plan_.data() + m, col_plan_.data() + 2 * m};
  const std::int64_t units = key_tiles_ * unit_panel_size();
  const std::int64_t navs = key_tiles_ * nav_panel_size();
  T* key_unit = grad_key_unit_.data() + part * units;
  T* key_nav = grad_key_nav_.data() + part * navs;
  std::fill(key_unit, key_unit + units, T(0));
  std::fill(key_nav, key_nav + navs, T(0));
  for (std::int64_t tile = part; tile < query_tiles_; tile += parts()) {
    T* query_unit = grad_query_unit_.data() + tile * kTile * unit_width_;
    T* query_nav = grad_query_nav_.data() + tile * kTile * nav_width_;
    std::fill(query_unit, query_unit + kTile * unit_width_, T(0));
    std::fill(query_nav, query_nav + kTile * nav_width_, T(0));
    kernels<T>().ct_backward(points, plan, tile, {query_unit, query_nav, key_unit, key_nav},
                             kept(tile));
  }
}

template <std::floating_point T>
void CtWork<T>::finish(std::int64_t panel, CtNetworks<T>& networks, bool embedded) {
  const Panel which = panel_at(panel);
  const std::int64_t units = setup_.unit_channels();
  const std::int64_t navs = setup_.nav_channels();
  T* grad_unit = networks.grad_unit.data();
  T* grad_nav = networks.grad_nav.data();
  if (which.queries) {
    load_rows(grad_query_unit_.data() + which.first * unit_width_, units, which.count, unit_width_,
              grad_unit);
    load_rows(grad_query_nav_.data() + which.first * nav_width_, navs, which.count, nav_width_,
              grad_nav);
  } else {
    add_parts(grad_key_unit_.data() + which.first * units, key_tiles_ * unit_panel_size(), parts(),
              units, which.count, grad_unit);
    add_parts(grad_key_nav_.data() + which.first * navs, key_tiles_ * nav_panel_size(), parts(),
              navs, which.count, grad_nav);
  }
  if (!embedded) {
    networks.forward(cloud_of(which), which.first, which.count, first_panel_ + panel);
  }
  networks.backward(cloud_of(which), which.first, which.count);
}

template class CtWork<float>;
template class CtWork<double>;

}  // namespace attune::align
