#include <algorithm>
#include <cmath>
#include <utility>

#include "align/network_run.hpp"
#include "align/panels.hpp"
#include "align/problems.hpp"
#include "align/recorded.hpp"
#include <attune/align/gan.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using core::PoolArray;
using core::Tensor;

namespace {

/// One side of one head, the points of all samples one after another.
template <class T>
struct Strip {
  Cloud<T> cloud;
  bool queries;
  std::int64_t head;
};

/// Points [first, first + count) of a strip, at most 64: of one sample or of several, since the
/// discriminator sees each point alone. Texts are much shorter than a panel.
struct StripPanel {
  std::int64_t strip;
  std::int64_t first;
  std::int64_t count;
};

template <class T>
class GanSweep {
 public:
  GanSweep(const Points& points, CloudGradients& grads, const Network& discriminator,
           const PanelDropout& dropout, bool gradients)
      : selection_(points.selection),
        discriminator_(discriminator),
        dropout_(dropout),
        gradients_(gradients) {
    for (std::int64_t head = 0; head < points.queries.shape()[1]; ++head) {
      add_strip(points.queries, selection_.queries, grads.queries, true, head);
      add_strip(points.keys, selection_.keys, grads.keys, false, head);
    }
    weights_[0] = weights_of(selection_.queries, selection_.keys);
    weights_[1] = weights_of(selection_.keys, selection_.queries);
    grain_ = panels_a_task(num_panels());
    num_parameters_ = num_parameters(discriminator);
    losses_ = PoolArray<T>(num_panels() * kTile);
    sums_ = PoolArray<double>(gradients ? num_tasks() * num_parameters_ : 0);
  }

  void run() {
    core::parallel_for(num_panels(), grain_, [&](std::int64_t begin, std::int64_t end) {
      NetworkSums<T> sums = gradients_ ? NetworkSums<T>(discriminator_) : NetworkSums<T>();
      NetworkRun<T> network(discriminator_, dropout_, sums);
      PoolArray<T> points(discriminator_.options.channels * kTile);
      PoolArray<T> grads(gradients_ ? points.size() : 0);
      for (std::int64_t p = begin; p < end; ++p) {
        visit(p, network, points.data(), grads.data());
      }
      if (gradients_) {
        sums.store(sums_.data() + begin / grain_ * num_parameters_);
      }
    });
  }

  void collect(Evaluated& evaluated) const {
    for (std::int64_t p = 0; p < num_panels(); ++p) {
      collect_panel(p, evaluated);
    }
    if (gradients_) {
      add_parameter_gradients(discriminator_, sums_.span(), num_tasks(), evaluated.grads.parameters,
                              0);
    }
  }

 private:
  [[nodiscard]] std::int64_t num_panels() const {
    return static_cast<std::int64_t>(panels_.size());
  }
  [[nodiscard]] std::int64_t num_tasks() const { return (num_panels() + grain_ - 1) / grain_; }
  [[nodiscard]] const Rows& rows(bool queries) const {
    return queries ? selection_.queries : selection_.keys;
  }

  void add_strip(const Tensor& all, const Rows& rows, Tensor& grad, bool queries,
                 std::int64_t head) {
    const std::int64_t channels = all.size(2);
    const std::int64_t first = head * channels;
    T* const to = grad.defined() ? grad.mutable_data<T>().data() + first : nullptr;
    const auto strip = static_cast<std::int64_t>(strips_.size());
    strips_.push_back(
        {{all.data<T>().data() + first, rows.total(), all.size(1) * channels, channels, to},
         queries,
         head});
    for (std::int64_t at = 0; at < rows.total(); at += kTile) {
      panels_.push_back({strip, at, std::min(kTile, rows.total() - at)});
    }
  }

  // Of every row in the mean; 0 in samples that lack the other side.
  static PoolArray<T> weights_of(const Rows& rows, const Rows& others) {
    PoolArray<T> weights(rows.total());
    const auto samples = static_cast<std::int64_t>(rows.starts.size()) - 1;
    for (std::int64_t s = 0; s < samples; ++s) {
      const double weight = 1.0 / static_cast<double>(samples) / static_cast<double>(rows.count(s));
      std::fill(weights.data() + rows.starts[s], weights.data() + rows.starts[s + 1],
                others.count(s) > 0 ? static_cast<T>(weight) : T(0));
    }
    return weights;
  }

  void visit(std::int64_t number, NetworkRun<T>& network, T* points, T* grads) {
    const StripPanel& panel = panels_[number];
    const Strip<T>& strip = strips_[panel.strip];
    T logits[kTile];
    load_points(strip.cloud, panel.first, panel.count, points);
    network.forward(number, points, logits);
    kernels<T>().gan_logits(strip.queries, logits, losses_.data() + number * kTile);
    if (!gradients_) {
      return;
    }
    const T* const weights = weights_[strip.queries ? 0 : 1].data() + panel.first;
    for (std::int64_t i = 0; i < kTile; ++i) {
      logits[i] = i < panel.count ? logits[i] * weights[i] : T(0);
    }
    network.backward(points, logits, grads);
    store_point_gradients(strip.cloud, panel.first, panel.count, grads);
  }

  // Adds the points of a panel sample by sample.
  void collect_panel(std::int64_t number, Evaluated& evaluated) const {
    const StripPanel& panel = panels_[number];
    const Strip<T>& strip = strips_[panel.strip];
    const Rows& mine = rows(strip.queries);
    const Rows& others = rows(!strip.queries);
    const std::int64_t heads = evaluated.per_head.size(1);
    const auto samples = static_cast<double>(selection_.num_samples());
    const std::span<double> per_head = evaluated.per_head.mutable_data<double>();
    std::int64_t sample = std::upper_bound(mine.starts.begin(), mine.starts.end(), panel.first) -
                          mine.starts.begin() - 1;
    for (std::int64_t row = panel.first; row < panel.first + panel.count; ++sample) {
      const std::int64_t end = std::min(mine.starts[sample + 1], panel.first + panel.count);
      double sum = 0;
      for (; row < end; ++row) {
        sum += static_cast<double>(losses_.data()[number * kTile + row - panel.first]);
      }
      if (mine.count(sample) > 0 && others.count(sample) > 0) {
        const double term = sum / static_cast<double>(mine.count(sample));
        per_head[sample * heads + strip.head] += term;
        evaluated.loss += 1.0 / samples * term;
      }
    }
  }

  const Selection& selection_;
  const Network& discriminator_;
  const PanelDropout& dropout_;
  bool gradients_;
  PoolVector<Strip<T>> strips_;  // queries and keys of a head, head by head
  PoolVector<StripPanel> panels_;
  PoolArray<T> weights_[2];  // of the rows of queries, of keys
  std::int64_t grain_ = 0;
  std::int64_t num_parameters_ = 0;
  PoolArray<T> losses_;     // [panels, 64]
  PoolArray<double> sums_;  // [tasks, parameters]
};

void clear_head(Tensor& grad, std::int64_t head) {
  if (!grad.defined()) {
    return;
  }
  const std::int64_t channels = grad.size(2);
  const std::int64_t stride = grad.size(1) * channels;
  core::dispatch(grad.dtype(), [&]<class T>() {
    T* const first = grad.mutable_data<T>().data() + head * channels;
    for (std::int64_t i = 0; i < grad.size(0); ++i) {
      std::fill_n(first + i * stride, channels, T(0));
    }
  });
}

// The points of a head stay where the discriminator is worse at it than one that says 1/2.
void apply_bound(Evaluated& evaluated) {
  const std::int64_t samples = evaluated.per_head.size(0);
  const std::int64_t heads = evaluated.per_head.size(1);
  const std::span<const double> terms = evaluated.per_head.data<double>();
  const double least = -2 * std::log(2.0) * static_cast<double>(samples);
  for (std::int64_t h = 0; h < heads; ++h) {
    double sum = 0;
    for (std::int64_t s = 0; s < samples; ++s) {
      sum += terms[s * heads + h];
    }
    if (sum < least) {
      clear_head(evaluated.grads.clouds.queries, h);
      clear_head(evaluated.grads.clouds.keys, h);
    }
  }
}

}  // namespace

Variable gan(const Clouds& clouds, const Network& discriminator, const core::RandomStream& random,
             const GanOptions& options, Tensor* per_head) {
  constexpr const char* kWho = "align::gan";
  check_clouds(clouds, kWho);
  check_network(discriminator, clouds.queries.shape()[2], clouds.queries.dtype(), kWho);
  if (discriminator.out_channels() != 1) {
    throw ShapeError(core::text(kWho, ": the discriminator must yield one number, got ",
                                discriminator.out_channels()));
  }
  Points points = gather_points(clouds, kWho);
  const ParameterList parameters = named_parameters(discriminator, true);
  Clouds routed = clouds;
  if (options.detach_query) {
    routed.queries = clouds.queries.detach();
    routed.query_scale = clouds.query_scale.defined() ? clouds.query_scale.detach() : Variable();
  }
  Evaluated evaluated = make_evaluated(routed, points.selection, parameters);
  const PanelDropout dropout(discriminator.options.dropout, random);
  core::dispatch(clouds.queries.dtype(), [&]<class T>() {
    GanSweep<T> sweep(points, evaluated.grads.clouds, discriminator, dropout,
                      evaluated.grads.any());
    sweep.run();
    sweep.collect(evaluated);
  });
  if (options.bounded) {
    apply_bound(evaluated);
  }
  if (per_head != nullptr) {
    *per_head = evaluated.per_head;
  }
  return record_loss(kWho, routed, std::move(points.selection), parameters, options.reversal,
                     std::move(evaluated));
}

}  // namespace attune::align
