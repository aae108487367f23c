#include "cli/report/examined_run.hpp"

#include <algorithm>
#include <variant>

#include "cli/recorders.hpp"
#include <attune/align/mmd.hpp>
#include <attune/align/sampling.hpp>
#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {

using core::Tensor;

namespace {

// Figures about other data under the name of the run would mislead.
void require_same_data(const SavedModel& saved) {
  const train::Settings& about = saved.checkpoint().description.dataset;
  const auto found = about.find("sha256");
  const std::string* const sha256 =
      found == about.end() ? nullptr : std::get_if<std::string>(&found->second);
  if (sha256 == nullptr || *sha256 != saved.dataset().sha256) {
    throw FileError(saved.checkpoint().path,
                    core::text("trained on ", saved.dataset().name, " with SHA-256 ",
                               sha256 == nullptr ? "(none)" : *sha256, ", found it with ",
                               saved.dataset().sha256));
  }
}

// By which nodes are coloured and neighbours marked.
void require_one_class(const data::NodeDataset& dataset) {
  if (dataset.multi_label()) {
    throw InvalidArgument(core::text("report: expected nodes of one class each, got ", dataset.name,
                                     ", whose nodes have several labels"));
  }
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) {
    total += value;
  }
  return total;
}

std::vector<double> mmd_of_heads(const align::Clouds& clouds, double sigma) {
  Tensor per_head;
  (void)align::mmd(clouds, {.sigma = sigma}, &per_head);
  const std::span<const double> values = per_head.data<double>();
  return {values.begin(), values.end()};
}

// None where the clouds have no extent to compare with.
std::optional<double> relative_mmd_of(const align::Clouds& clouds) {
  try {
    return sum(mmd_of_heads(clouds, align::median_distance(clouds)));
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

}  // namespace

ExaminedRun::ExaminedRun(const std::string& folder, const std::string& data_dir)
    : folder_(folder), saved_(folder, "", data_dir) {
  require_same_data(saved_);
  require_one_class(saved_.dataset());
  AttentionRecorder attention;
  HeadRecorder heads;
  logits_ = saved_.logits(&attention, &heads);
  measure(logits_);
  relative_mmd_ = heads.layers().empty() ? std::nullopt : std::optional(0.0);
  const std::size_t layers = std::min(heads.layers().size(), attention.layers().size());
  for (std::size_t i = 0; i < layers; ++i) {
    examine_layer(heads.layers()[i].queries.value(), heads.layers()[i].keys.value(),
                  attention.layers()[i]);
  }
}

void ExaminedRun::measure(const Tensor& logits) {
  const auto part = [&](const std::vector<std::int64_t>& rows) -> std::optional<PartMetrics> {
    if (rows.empty()) {
      return std::nullopt;
    }
    return PartMetrics{.nodes = static_cast<std::int64_t>(rows.size()),
                       .metrics = saved_.problem().measure(logits, rows, {.ece_bins = kEceBins})};
  };
  const data::NodeSplit& split = dataset().split;
  train_ = part(split.train);
  validation_ = part(split.validation);
  test_ = part(split.test);
}

void ExaminedRun::examine_layer(const Tensor& queries, const Tensor& keys, const Tensor& alpha) {
  const autograd::NoGradScope no_grad;
  const align::Clouds all{.queries = Variable(queries), .keys = Variable(keys)};
  const std::int64_t count = dataset().num_nodes() > kMostMmdNodes ? kMostMmdNodes : 0;
  // The sample that train::HeadMmd takes.
  const align::SampledClouds sampled(all, count, core::RandomStream(0, core::Purpose::alignment));
  layers_.push_back(
      {.queries = queries, .keys = keys, .alpha = alpha, .mmd = mmd_of_heads(sampled.clouds(), 1)});
  const std::optional<double> relative = relative_mmd_of(sampled.clouds());
  relative_mmd_ =
      relative && relative_mmd_ ? std::optional(*relative_mmd_ + *relative) : std::nullopt;
}

std::optional<double> ExaminedRun::mmd() const {
  if (layers_.empty()) {
    return std::nullopt;
  }
  double total = 0;
  for (const ExaminedLayer& layer : layers_) {
    total += sum(layer.mmd);
  }
  return total;
}

std::int32_t ExaminedRun::predicted_class(std::int64_t node) const {
  const std::vector<std::int64_t> rows{node};
  return train::predict_rows(logits_, rows).front().predicted;
}

}  // namespace attune::cli
