#include <cmath>
#include <utility>

#include <attune/align/mmd.hpp>
#include <attune/align/sampling.hpp>
#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/train/alignment.hpp>

namespace attune::train {

namespace {

// Streams of Purpose::alignment: those of the steps first, then those of the parameters.
constexpr std::uint32_t kFirstInitStream = 1U << 20;

void require_at_least_zero(double value, const char* option) {
  if (!(value >= 0) || !std::isfinite(value)) {
    throw InvalidArgument(
        core::text("alignment: ", option, " must be finite and at least 0, got ", value));
  }
}

}  // namespace

AlignmentRegularizer::AlignmentRegularizer(const AlignmentOptions& options) : options_(options) {
  require_at_least_zero(options.weight, "weight");
  require_at_least_zero(options.weight_decay, "weight_decay");
  require_at_least_zero(options.learning_rate_scale, "learning_rate_scale");
  if (options.warmup_steps < 0) {
    throw InvalidArgument(
        core::text("alignment: warmup_steps must be at least 0, got ", options.warmup_steps));
  }
  if (options.every < 1) {
    throw InvalidArgument(core::text("alignment: every must be at least 1, got ", options.every));
  }
  align::validate(options.distance);
  if (options.distance.support == align::Support::edges && !options.graph) {
    throw InvalidArgument("alignment: support edges needs a graph, got none");
  }
  if (options.distance.support == align::Support::edges && !options.all_nodes) {
    throw InvalidArgument("alignment: support edges needs all nodes, got all_nodes = false");
  }
}

align::Clouds AlignmentRegularizer::Report::clouds() const {
  return {.queries = queries,
          .keys = keys,
          .num_queries = num_queries,
          .query_scale = query_scale,
          .key_scale = key_scale,
          .query_mask = query_mask,
          .key_mask = key_mask,
          .query_segments = query_segments,
          .key_segments = key_segments};
}

void AlignmentRegularizer::receive(const nn::AttentionHeads& heads) {
  if (!due_ || (heads.cross && !options_.cross)) {
    return;
  }
  Report report{.queries = heads.queries,
                .keys = heads.keys,
                .num_queries = {},
                .query_scale = {},
                .key_scale = {},
                .query_mask = {},
                .key_mask = {},
                .query_segments = {heads.query_segments.begin(), heads.query_segments.end()},
                .key_segments = {heads.key_segments.begin(), heads.key_segments.end()},
                .layer = heads.layer};
  if (options_.mask_padding) {
    report.query_mask.assign(heads.query_mask.begin(), heads.query_mask.end());
    report.key_mask.assign(heads.key_mask.begin(), heads.key_mask.end());
  }
  reports_.push_back(std::move(report));
}

void AlignmentRegularizer::receive_scaled(const nn::ScaledHeads& heads) {
  if (!due_) {
    return;
  }
  reports_.push_back({.queries = heads.points,
                      .keys = heads.points,
                      .num_queries = heads.num_queries,
                      .query_scale = heads.query_scale,
                      .key_scale = heads.key_scale,
                      .query_mask = {},
                      .key_mask = {},
                      .query_segments = {},
                      .key_segments = {}});
}

std::int64_t AlignmentRegularizer::num_aligned(std::size_t reported) const {
  const auto layers = static_cast<std::int64_t>(reported);
  return options_.layers == AlignedLayers::hidden ? layers - 1 : layers;
}

// That of an earlier report of the same layer, or a new one.
std::size_t AlignmentRegularizer::distance_for(std::size_t report, std::uint64_t seed) {
  for (std::size_t earlier = 0; earlier < report; ++earlier) {
    if (reports_[report].layer != nullptr && reports_[report].layer == reports_[earlier].layer) {
      return distance_of_[earlier];
    }
  }
  const std::size_t made = distances_.size();
  const auto first = static_cast<std::uint32_t>(made) * align::Distance::kInitStreams;
  const core::RandomStream random(seed, core::Purpose::alignment, kFirstInitStream + first);
  distances_.push_back(align::make_distance(options_.distance, reports_[report].clouds(), random,
                                            options_.graph ? &*options_.graph : nullptr));
  return made;
}

void AlignmentRegularizer::initialize(std::uint64_t seed) {
  num_layers_ = reports_.size();
  if (num_layers_ == 0) {
    throw InvalidArgument("alignment: the model has no attention layer that reports its heads");
  }
  const std::int64_t aligned = num_aligned(num_layers_);
  if (aligned == 0) {
    throw InvalidArgument(
        "alignment: layers hidden leaves nothing to align in a model of one attention layer");
  }
  distances_.clear();
  distance_of_.clear();
  for (std::int64_t report = 0; report < aligned; ++report) {
    distance_of_.push_back(distance_for(static_cast<std::size_t>(report), seed));
  }
  reports_.clear();
}

std::vector<nn::NamedParameter> AlignmentRegularizer::parameters() {
  std::vector<nn::NamedParameter> all;
  for (std::size_t layer = 0; layer < distances_.size(); ++layer) {
    for (const align::Parameter& parameter : distances_[layer]->parameters()) {
      all.push_back({core::text("layers.", layer, ".", parameter.name), parameter.variable});
    }
  }
  return all;
}

void AlignmentRegularizer::begin_step(std::uint64_t seed, std::uint32_t step) {
  reports_.clear();
  seed_ = seed;
  step_ = step;
  due_ = (static_cast<std::int64_t>(step) - 1) % options_.every == 0;  // the first step is 1
}

double AlignmentRegularizer::weight_at(std::uint32_t step) const {
  const auto done = static_cast<double>(step);
  const auto all = static_cast<double>(options_.warmup_steps);
  return done < all ? options_.weight * done / all : options_.weight;
}

Variable AlignmentRegularizer::sum_of_layers() {
  Variable sum;
  std::int64_t heads = 0;
  per_head_.clear();
  for (std::size_t report = 0; report < distance_of_.size(); ++report) {
    const auto stream = static_cast<std::uint32_t>(report) * align::Distance::kStreams;
    const core::RandomStream random(seed_, core::Purpose::alignment, stream, step_);
    core::Tensor per_head;
    const align::Distance& distance = *distances_[distance_of_[report]];
    const Variable term = distance.loss(reports_[report].clouds(), random, &per_head);
    sum = sum.defined() ? ops::add(sum, term) : term;
    heads += reports_[report].queries.shape()[1];
    per_head_.push_back(std::move(per_head));
  }
  if (options_.reduction == AlignmentReduction::mean) {
    sum = ops::scale(sum, 1.0 / static_cast<double>(heads));
  }
  return sum;
}

Variable AlignmentRegularizer::loss() {
  if (!due_) {
    return {};
  }
  if (reports_.size() != num_layers_) {
    throw ShapeError(core::text("alignment: expected ", num_layers_,
                                " attention layers to report, as in the first pass, got ",
                                reports_.size()));
  }
  const double weight = weight_at(step_);
  if (weight == 0) {
    reports_.clear();
    value_ = 0;
    return {};
  }
  const Variable sum = sum_of_layers();
  reports_.clear();
  value_ = sum.value().item();
  return ops::scale(sum, weight * static_cast<double>(options_.every));
}

void HeadMmd::receive(const nn::AttentionHeads& heads) {
  if (heads.cross && !options_.cross) {
    return;
  }
  add({.queries = heads.queries,
       .keys = heads.keys,
       .query_mask = heads.query_mask,
       .key_mask = heads.key_mask,
       .query_segments = heads.query_segments,
       .key_segments = heads.key_segments});
}

void HeadMmd::receive_scaled(const nn::ScaledHeads& heads) {
  add({.queries = heads.points,
       .keys = heads.points,
       .num_queries = heads.num_queries,
       .query_scale = heads.query_scale,
       .key_scale = heads.key_scale});
}

namespace {

// Of points that all coincide, which no width tells apart, 1 is as good as any.
double width_of(const align::Clouds& clouds) {
  try {
    return align::median_distance(clouds);
  } catch (const InvalidArgument&) {
    return 1;
  }
}

}  // namespace

void HeadMmd::add(const align::Clouds& clouds) {
  const autograd::NoGradScope no_grad;
  const align::SampledClouds sampled(clouds, options_.samples,
                                     core::RandomStream(0, core::Purpose::alignment));
  const double sigma = options_.median ? width_of(sampled.clouds()) : 1;
  value_ += align::mmd(sampled.clouds(), {.sigma = sigma}).value().item();
}

}  // namespace attune::train
