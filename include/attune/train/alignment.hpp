#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <attune/align/distance.hpp>
#include <attune/align/options.hpp>
#include <attune/graph/graph.hpp>
#include <attune/nn/forward_context.hpp>
#include <attune/train/regularizer.hpp>

namespace attune::train {

/// Which of the layers that report heads are aligned.
enum class AlignedLayers : std::uint8_t {
  all,
  hidden,  ///< all but the last
};

/// Over layers and heads; a weight means nothing without it.
enum class AlignmentReduction : std::uint8_t {
  sum,   ///< over layers and heads
  mean,  ///< over the pairs of a layer and a head
};

/// Settings of an AlignmentRegularizer.
struct AlignmentOptions {
  align::Options distance = {};               ///< which distance, and its own settings
  double weight = 0.01;                       ///< lambda, at least 0; quote it with the reduction
  AlignedLayers layers = AlignedLayers::all;  ///< in the order in which they report
  bool cross = false;  ///< heads with queries of one thing and keys of another take part
  AlignmentReduction reduction =
      AlignmentReduction::sum;  ///< mean divides by the number of pairs of a layer and a head
  /// Heads of all nodes are aligned; false: of those that a training step computes anyway, which is
  /// faster where few nodes are trained on. Support edges needs all.
  bool all_nodes = true;
  bool mask_padding = true;  ///< false: padding takes part, as reported
  double weight_decay = 0;   ///< of the networks that the distance learns
  /// Learning rate of these networks in units of the model's. An adversary that is too slow for the
  /// heads it judges loses them: Heusel et al., "GANs trained by a two time-scale update rule
  /// converge to a local Nash equilibrium", NeurIPS 2017, arXiv 1706.08500.
  double learning_rate_scale = 1;
  /// Steps from one in which the term is computed to the next, with `every` times the weight; its
  /// networks learn in these steps alone. 1: every step. Lazy regularisation: Karras et al.,
  /// "Analyzing and improving the image quality of StyleGAN", CVPR 2020, section 3.1.
  std::int64_t every = 1;
  std::int64_t warmup_steps = 0;  ///< lambda grows in proportion to the step up to this one
  std::optional<graph::Graph> graph = std::nullopt;  ///< for align::Support::edges
};

/// Pulls together the distributions of queries and keys inside each attention head:
///
///     lambda * A,   A = sum over aligned layers, sum over heads, mean over samples of the distance
///
/// It serves any model whose attention layers report their heads. Each layer has networks of its
/// own, shared by its heads; a layer that is applied several times in a pass, as in ALBERT, is a
/// term each time with the same networks. With lambda 0 nothing is computed, and training is to the
/// bit what it is without.
///
///     AlignmentRegularizer alignment({.distance = {.kind = align::Kind::ct}, .weight = 0.01});
///     Trainer trainer(model.parameters(), task, options, {&alignment});
class AlignmentRegularizer final : public Regularizer, private nn::HeadSink {
 public:
  /// @throws InvalidArgument  an option out of its range
  explicit AlignmentRegularizer(const AlignmentOptions& options);

  [[nodiscard]] nn::HeadSink* head_sink() noexcept override { return this; }
  [[nodiscard]] bool needs_all_rows() const noexcept override {
    return options_.all_nodes && options_.weight > 0 && due_;
  }

  /// @throws InvalidArgument  no layer reported a head that may be aligned
  void initialize(std::uint64_t seed) override;
  /// `layers.0.gate_w` and so on, numbered as the layers report first.
  [[nodiscard]] std::vector<nn::NamedParameter> parameters() override;
  [[nodiscard]] double weight_decay() const noexcept override { return options_.weight_decay; }
  [[nodiscard]] double learning_rate_scale() const noexcept override {
    return options_.learning_rate_scale;
  }

  void begin_step(std::uint64_t seed, std::uint32_t step) override;
  /// @throws ShapeError  another number of layers reported than at the first pass
  [[nodiscard]] Variable loss() override;
  [[nodiscard]] double value() const noexcept override { return value_; }

  /// The terms of the last loss() by report, each [samples, heads].
  [[nodiscard]] const std::vector<core::Tensor>& per_head() const noexcept { return per_head_; }

 private:
  struct Report {
    Variable queries;
    Variable keys;
    std::optional<std::int64_t> num_queries;  // none: all rows
    Variable query_scale;
    Variable key_scale;
    std::vector<std::uint8_t> query_mask;
    std::vector<std::uint8_t> key_mask;
    std::vector<std::int64_t> query_segments;
    std::vector<std::int64_t> key_segments;
    const void* layer = nullptr;

    [[nodiscard]] align::Clouds clouds() const;
  };

  void receive(const nn::AttentionHeads& heads) override;
  void receive_scaled(const nn::ScaledHeads& heads) override;
  [[nodiscard]] std::size_t distance_for(std::size_t report, std::uint64_t seed);
  [[nodiscard]] std::int64_t num_aligned(std::size_t reported) const;
  [[nodiscard]] double weight_at(std::uint32_t step) const;
  [[nodiscard]] Variable sum_of_layers();

  AlignmentOptions options_;
  std::vector<std::unique_ptr<align::Distance>> distances_;  // one an aligned layer
  std::vector<std::size_t> distance_of_;                     // one a report that is aligned
  std::vector<Report> reports_;
  std::size_t num_layers_ = 0;  // reports of the first pass
  std::uint64_t seed_ = 0;
  std::uint32_t step_ = 0;
  bool due_ = true;  // this step has a term
  double value_ = 0;
  std::vector<core::Tensor> per_head_;
};

/// Settings of HeadMmd.
struct HeadMmdOptions {
  /// Positions of each sample to compare, the same ones every time; 0: all of them, in time that
  /// grows with their square.
  std::int64_t samples = 0;
  /// Sigma is the median distance between the points of a layer, not 1. In many channels all points
  /// are far from one another in units of 1, and what is measured with sigma 1 is their number.
  bool median = false;
  /// Heads with queries of one thing and keys of another count too, as in AlignmentOptions.
  bool cross = false;
};

/// Measures how far apart queries and keys are: maximum mean discrepancy, mean over samples, summed
/// over heads and layers. Hand it to an evaluation pass.
class HeadMmd final : public nn::HeadSink {
 public:
  /// Of nothing yet.
  explicit HeadMmd(const HeadMmdOptions& options = {}) : options_(options) {}

  /// Adds the discrepancy of these heads.
  void receive(const nn::AttentionHeads& heads) override;
  void receive_scaled(const nn::ScaledHeads& heads) override;
  /// Of all heads received so far.
  [[nodiscard]] double value() const noexcept { return value_; }

 private:
  void add(const align::Clouds& clouds);

  HeadMmdOptions options_;
  double value_ = 0;
};

}  // namespace attune::train
