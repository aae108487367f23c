#include "cli/bench/distances.hpp"

#include <algorithm>
#include <array>

#include "cli/bench/timing.hpp"
#include <attune/align/distance.hpp>
#include <attune/autograd/variable.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>

namespace attune::cli::bench {

namespace {

constexpr std::int64_t kHeads = 8;
constexpr std::int64_t kChannels = 8;

Variable cloud(std::int64_t positions, std::uint64_t seed) {
  core::Tensor x = core::Tensor::empty({positions, kHeads, kChannels});
  const core::RandomStream random(seed, core::Purpose::sampling);
  std::uint64_t i = 0;
  for (float& value : x.mutable_data<float>()) {
    value = static_cast<float>(0.3 * random.normal(i++));
  }
  return Variable(x, true);
}

struct Kind {
  const char* name;
  align::Kind kind;
  // Columns of the matrix products of one pair of positions, forward and backward together, as
  // section 10 of the method's cost table counts them: products of w x w x columns. OT's depend on
  // how many sweeps it takes.
  std::int64_t columns;
};

constexpr std::int64_t kHidden = 16;
constexpr std::array<Kind, 4> kKinds{{{"gan", align::Kind::gan, 0},
                                      {"ct", align::Kind::ct, 8 * kHidden},
                                      {"mmd", align::Kind::mmd, 6 * kChannels},
                                      {"ot", align::Kind::ot, 0}}};

DistanceTime time_distance(const Kind& kind, std::int64_t positions, std::int64_t repeat) {
  const align::Clouds clouds{.queries = cloud(positions, 1), .keys = cloud(positions, 2)};
  const core::RandomStream random(0, core::Purpose::alignment);
  align::Options options;
  options.kind = kind.kind;
  options.samples = 0;  // all positions
  options.hidden = kHidden;
  const auto distance = align::make_distance(options, clouds, random);
  const auto step = [&] {
    autograd::backward(distance->loss(clouds, random));
    Variable(clouds.queries).zero_grad();
    Variable(clouds.keys).zero_grad();
    for (const align::Parameter& parameter : distance->parameters()) {
      Variable(parameter.variable).zero_grad();
    }
  };
  step();
  core::reset_pool_peak();
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  step();
  const std::int64_t gradients = 2 * 4 * positions * kHeads * kChannels;
  DistanceTime time{.distance = kind.name, .positions = positions};
  time.peak_mb =
      static_cast<double>(core::pool_statistics().peak_bytes_in_use - before - gradients) / 1e6;
  const double seconds = median_seconds(repeat, step);
  time.ms = 1e3 * seconds;
  const auto w = static_cast<double>(positions);
  time.flops = 2 * w * w * static_cast<double>(kHeads * kind.columns) / seconds;
  return time;
}

}  // namespace

std::vector<DistanceTime> time_distances(const std::vector<std::string>& distances,
                                         const std::vector<std::int64_t>& positions,
                                         std::int64_t repeat) {
  std::vector<DistanceTime> times;
  core::with_threads(core::num_threads(), [&] {
    for (const std::int64_t w : positions) {
      for (const Kind& kind : kKinds) {
        if (std::find(distances.begin(), distances.end(), kind.name) != distances.end()) {
          times.push_back(time_distance(kind, w, repeat));
        }
      }
    }
  });
  return times;
}

}  // namespace attune::cli::bench
