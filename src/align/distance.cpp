#include <algorithm>
#include <utility>

#include "align/ct_networks.hpp"
#include <attune/align/ct_edges.hpp>
#include <attune/align/distance.hpp>
#include <attune/align/gan.hpp>
#include <attune/align/mmd.hpp>
#include <attune/align/sampling.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/heads.hpp>

namespace attune::align {

namespace {

Variable multiplied(const Variable& points, const Variable& scale) {
  return scale.defined() ? ops::head_scale(points, scale) : points;
}

// Clouds over the heads: every position becomes a sample of its own whose points are its heads.
class HeadAxis {
 public:
  explicit HeadAxis(const Clouds& clouds) {
    if (num_queries(clouds) != clouds.queries.shape()[0]) {
      throw InvalidArgument("align: axis heads takes no num_queries");
    }
    const core::Shape& q = clouds.queries.shape();
    if (clouds.keys.shape() != q) {
      throw ShapeError(core::text("align: axis heads needs keys of the shape of the queries ",
                                  q.to_string(), ", got ", clouds.keys.shape().to_string()));
    }
    for (std::int64_t i = 0; i <= q[0]; ++i) {
      segments_.push_back(i * q[1]);
    }
    query_mask_ = repeated(clouds.query_mask, clouds.query_positions, q[0], q[1]);
    key_mask_ = repeated(clouds.key_mask, clouds.key_positions, q[0], q[1]);
    const core::Shape turned{q[0] * q[1], 1, q[2]};
    clouds_ = {.queries = ops::reshape(multiplied(clouds.queries, clouds.query_scale), turned),
               .keys = ops::reshape(multiplied(clouds.keys, clouds.key_scale), turned),
               .query_mask = query_mask_,
               .key_mask = key_mask_,
               .query_segments = segments_,
               .key_segments = segments_};
  }

  [[nodiscard]] const Clouds& clouds() const noexcept { return clouds_; }

 private:
  // A mask of `count` positions, each `times` times over; empty where all take part.
  static std::vector<std::uint8_t> repeated(std::span<const std::uint8_t> mask,
                                            std::span<const std::int32_t> positions,
                                            std::int64_t count, std::int64_t times) {
    std::vector<std::uint8_t> out;
    for (const std::uint8_t valid : mask) {
      out.insert(out.end(), static_cast<std::size_t>(times), valid);
    }
    if (!positions.empty()) {
      out.assign(static_cast<std::size_t>(count * times), 0);
    }
    for (const std::int32_t position : positions) {
      std::fill_n(out.begin() + position * times, times, std::uint8_t{1});
    }
    return out;
  }

  std::vector<std::uint8_t> query_mask_;
  std::vector<std::uint8_t> key_mask_;
  std::vector<std::int64_t> segments_;
  Clouds clouds_;
};

// A distance between the clouds that sampling leaves; the first stream is the sampler's.
class SampledDistance : public Distance {
 public:
  SampledDistance(const Options& options, ParameterList parameters)
      : Distance(std::move(parameters)), options_(options) {}

  [[nodiscard]] Variable loss(const Clouds& clouds, const core::RandomStream& random,
                              core::Tensor* per_head) const final {
    const SampledClouds sampled(clouds, num_samples(options_), random);
    const core::RandomStream rest = random.with_stream(random.stream() + 1);
    if (options_.axis == Axis::positions) {
      return distance(sampled.clouds(), rest, per_head);
    }
    check_head_axis(clouds);
    const HeadAxis turned(sampled.clouds());
    return distance(turned.clouds(), rest, per_head);
  }

 protected:
  [[nodiscard]] const Options& options() const noexcept { return options_; }

 private:
  [[nodiscard]] virtual Variable distance(const Clouds& clouds, const core::RandomStream& random,
                                          core::Tensor* per_head) const = 0;

  static void check_head_axis(const Clouds& clouds) {
    if (!clouds.query_segments.empty() || !clouds.key_segments.empty()) {
      throw InvalidArgument("align: axis heads takes no segments: each position is a sample");
    }
  }

  Options options_;
};

CtOptions ct_options(const Options& options) {
  return {.rho = options.rho,
          .cost = options.cost,
          .nav_unit = options.nav_unit,
          .navigator_ascends = options.navigator_ascends,
          .reversal = options.reversal};
}

class GanDistance final : public SampledDistance {
 public:
  GanDistance(const Options& options, Network discriminator)
      : SampledDistance(options, named_parameters(discriminator, true)),
        discriminator_(std::move(discriminator)) {}

 private:
  [[nodiscard]] Variable distance(const Clouds& clouds, const core::RandomStream& random,
                                  core::Tensor* per_head) const override {
    return gan(clouds, discriminator_, random,
               {.detach_query = options().detach_query,
                .reversal = options().reversal,
                .bounded = options().bounded},
               per_head);
  }

  Network discriminator_;
};

class CtDistance final : public SampledDistance {
 public:
  CtDistance(const Options& options, Network critic, Network navigator)
      : SampledDistance(options, ct_parameters(critic, navigator, ct_options(options))),
        critic_(std::move(critic)),
        navigator_(std::move(navigator)) {}

 private:
  [[nodiscard]] Variable distance(const Clouds& clouds, const core::RandomStream& random,
                                  core::Tensor* per_head) const override {
    return ct(clouds, critic_, navigator_, random, ct_options(options()), per_head);
  }

  Network critic_;
  Network navigator_;
};

class EdgeCtDistance final : public Distance {
 public:
  EdgeCtDistance(const Options& options, Network critic, Network navigator, graph::Graph graph)
      : Distance(ct_parameters(critic, navigator, ct_options(options))),
        options_(ct_options(options)),
        critic_(std::move(critic)),
        navigator_(std::move(navigator)),
        graph_(std::move(graph)) {}

  [[nodiscard]] Variable loss(const Clouds& clouds, const core::RandomStream& random,
                              core::Tensor* per_head) const override {
    if (!clouds.query_mask.empty() || !clouds.key_mask.empty() || !clouds.query_segments.empty() ||
        !clouds.key_segments.empty() || !clouds.query_positions.empty() ||
        !clouds.key_positions.empty() || num_queries(clouds) != clouds.queries.shape()[0]) {
      throw InvalidArgument(
          "align: support edges takes all nodes: no masks, positions or segments");
    }
    return ct_on_edges(graph_, multiplied(clouds.queries, clouds.query_scale),
                       multiplied(clouds.keys, clouds.key_scale), critic_, navigator_,
                       random.with_stream(random.stream() + 1), options_, per_head);
  }

 private:
  CtOptions options_;
  Network critic_;
  Network navigator_;
  graph::Graph graph_;
};

class OtDistance final : public SampledDistance {
 public:
  explicit OtDistance(const Options& options) : SampledDistance(options, {}) {}

 private:
  [[nodiscard]] Variable distance(const Clouds& clouds, const core::RandomStream& /*random*/,
                                  core::Tensor* per_head) const override {
    const Options& o = options();
    OtReport report;
    Variable value = ot(clouds,
                        {.eps = o.eps,
                         .ot_cost = o.ot_cost,
                         .eps_relative = o.eps_relative,
                         .ot_iterations = o.ot_iterations,
                         .ot_tolerance = o.ot_tolerance,
                         .ot_gradient = o.ot_gradient,
                         .ot_debias = o.ot_debias},
                        &report);
    if (per_head != nullptr) {
      *per_head = report.per_head;
    }
    return value;
  }
};

class MmdDistance final : public SampledDistance {
 public:
  MmdDistance(const Options& options, double sigma) : SampledDistance(options, {}), sigma_(sigma) {}

 private:
  [[nodiscard]] Variable distance(const Clouds& clouds, const core::RandomStream& /*random*/,
                                  core::Tensor* per_head) const override {
    return mmd(clouds, {.sigma = sigma_}, per_head);
  }

  double sigma_;
};

}  // namespace

std::unique_ptr<Distance> make_distance(const Options& options, const Clouds& first,
                                        const core::RandomStream& random,
                                        const graph::Graph* graph) {
  validate(options);
  const core::Shape& shape = first.queries.shape();
  if (shape.rank() != 3) {
    throw ShapeError(
        core::text("align: queries must be [positions, heads, channels], got ", shape.to_string()));
  }
  const core::DType dtype = first.queries.dtype();
  const NetworkOptions networks{.channels = shape[2],
                                .hidden = options.hidden,
                                .init = options.init,
                                .tie_highway = options.tie_highway,
                                .dropout = options.dropout};
  const core::RandomStream second = random.with_stream(random.stream() + 4);
  switch (options.kind) {
    case Kind::gan:
      return std::make_unique<GanDistance>(options, make_discriminator(networks, random, dtype));
    case Kind::ot:
      return std::make_unique<OtDistance>(options);
    case Kind::mmd:
      return std::make_unique<MmdDistance>(
          options, options.mmd_sigma_median ? median_distance(first) : options.mmd_sigma);
    case Kind::ct:
      break;
  }
  Network critic = make_critic(networks, random, dtype);
  Network navigator = make_navigator(networks, second, dtype);
  if (options.support == Support::nodes) {
    return std::make_unique<CtDistance>(options, std::move(critic), std::move(navigator));
  }
  if (graph == nullptr) {
    throw InvalidArgument("align: support edges needs a graph, got none");
  }
  return std::make_unique<EdgeCtDistance>(options, std::move(critic), std::move(navigator), *graph);
}

}  // namespace attune::align
