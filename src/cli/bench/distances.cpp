#include "cli/bench/distances.hpp"

#include <algorithm>
#include <memory>

#include "cli/bench/kernel_work.hpp"
#include "cli/bench/random_tensor.hpp"
#include "cli/bench/timing.hpp"
#include <attune/align/distance.hpp>
#include <attune/autograd/variable.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/core/text.hpp>

namespace attune::cli::bench {

namespace {

constexpr std::int64_t kHeads = 8;
constexpr std::int64_t kChannels = 8;
constexpr std::int64_t kHidden = 16;

// Columns of the matrix products of one pair of positions, forward and backward together, as
// section 10 of the method's cost table counts them: products of w x w x columns. Unknown where the
// products are not with pairs, or their number depends on the clouds.
std::int64_t product_columns(align::Kind kind) {
  switch (kind) {
    case align::Kind::ct:
      return 8 * kHidden;
    case align::Kind::mmd:
      return 6 * kChannels;
    default:
      return 0;
  }
}

class Pairing {
 public:
  Pairing(align::Options options, std::int64_t positions)
      : clouds_{.queries = cloud(positions, 1), .keys = cloud(positions, 2)},
        random_(0, core::Purpose::alignment) {
    options.samples = 0;  // all positions
    options.hidden = kHidden;
    distance_ = align::make_distance(options, clouds_, random_);
  }

  void step() const {
    autograd::backward(distance_->loss(clouds_, random_));
    Variable(clouds_.queries).zero_grad();
    Variable(clouds_.keys).zero_grad();
    for (const align::Parameter& parameter : distance_->parameters()) {
      Variable(parameter.variable).zero_grad();
    }
  }

 private:
  static Variable cloud(std::int64_t positions, std::uint64_t seed) {
    return Variable(normal({positions, kHeads, kChannels}, seed, 0.3), true);
  }

  align::Clouds clouds_;
  core::RandomStream random_;
  std::unique_ptr<align::Distance> distance_;
};

DistanceTime time_distance(const std::string& name, std::int64_t positions,
                           const DistancePlan& plan) {
  align::Options options;
  options.kind = align::kind_of(name);
  options.ot_iterations = plan.ot_iterations;
  const Pairing pairing(options, positions);
  core::reset_pool_peak();
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  const double seconds = median_seconds(plan.repeat, [&] { pairing.step(); });
  const std::int64_t gradients = 2 * 4 * positions * kHeads * kChannels;
  DistanceTime time{.distance = name, .positions = positions, .ms = 1e3 * seconds};
  time.peak_mb =
      static_cast<double>(core::pool_statistics().peak_bytes_in_use - before - gradients) / 1e6;
  const auto w = static_cast<double>(positions);
  time.flops = 2 * w * w * static_cast<double>(kHeads * product_columns(options.kind)) / seconds;
  return time;
}

// Beyond the square of the clouds' diameter: no annealing.
constexpr double kSoftest = 100;
constexpr std::int64_t kPairs = 10;
constexpr double kNever = 1e-30;  // a tolerance out of reach

}  // namespace

std::vector<DistanceTime> time_distances(const DistancePlan& plan) {
  std::vector<DistanceTime> times;
  core::with_threads(core::num_threads(), [&] {
    for (const std::int64_t positions : plan.positions) {
      for (const std::string& name : plan.distances) {
        times.push_back(time_distance(name, positions, plan));
      }
    }
  });
  return times;
}

DistanceStep fixed_distance_step(const std::string& name, std::int64_t positions) {
  const CloudSize size{
      .positions = positions, .heads = kHeads, .channels = kChannels, .hidden = kHidden};
  align::Options options;
  options.kind = align::kind_of(name);
  options.eps = kSoftest;
  options.ot_iterations = kPairs;
  options.ot_tolerance = kNever;
  DistanceStep step;
  switch (options.kind) {
    case align::Kind::gan:
      step.work = gan_work(size);
      break;
    case align::Kind::ct:
      step.work = ct_work(size);
      break;
    case align::Kind::mmd:
      step.work = mmd_work(size);
      break;
    case align::Kind::ot:
      step.work = ot_work(size, kPairs);
      break;
  }
  step.label = options.kind == align::Kind::ot ? core::text("distance ot, ", kPairs, " pairs")
                                               : "distance " + name;
  const auto pairing = std::make_shared<const Pairing>(options, positions);
  step.run = [pairing] { pairing->step(); };
  return step;
}

}  // namespace attune::cli::bench
