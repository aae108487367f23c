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

template <class T>
class GanSweep {
 public:
  GanSweep(const PoolVector<Problem<T>>& problems, const Network& discriminator,
           const PanelDropout& dropout, bool gradients)
      : problems_(problems),
        discriminator_(discriminator),
        dropout_(dropout),
        gradients_(gradients),
        panels_(panels_of(problems)),
        grain_(panels_a_task(num_panels())),
        num_parameters_(num_parameters(discriminator)),
        losses_(num_panels()),
        sums_(gradients ? num_tasks() * num_parameters_ : 0) {}

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
    const std::span<double> per_head = evaluated.per_head.mutable_data<double>();
    for (std::int64_t p = 0; p < num_panels(); ++p) {
      const Panel& panel = panels_[p];
      const Problem<T>& problem = problems_[panel.problem];
      const double term =
          losses_.data()[p] / static_cast<double>(side(problem, panel.queries).count);
      per_head[problem.slot] += term;
      evaluated.loss += problem.weight * term;
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
  [[nodiscard]] static const Cloud<T>& side(const Problem<T>& problem, bool queries) {
    return queries ? problem.queries : problem.keys;
  }

  void visit(std::int64_t number, NetworkRun<T>& network, T* points, T* grads) {
    const Panel& panel = panels_[number];
    const Problem<T>& problem = problems_[panel.problem];
    const Cloud<T>& cloud = side(problem, panel.queries);
    T logits[kTile];
    load_points(cloud, panel.first, panel.count, points);
    network.forward(number, points, logits);
    const double weight = problem.weight / static_cast<double>(cloud.count);
    losses_.data()[number] =
        kernels<T>().gan_logits(panel.queries, panel.count, static_cast<T>(weight), logits);
    if (gradients_) {
      network.backward(points, logits, grads);
      store_point_gradients(cloud, panel.first, panel.count, grads);
    }
  }

  const PoolVector<Problem<T>>& problems_;
  const Network& discriminator_;
  const PanelDropout& dropout_;
  bool gradients_;
  PoolVector<Panel> panels_;
  std::int64_t grain_;
  std::int64_t num_parameters_;
  PoolArray<double> losses_;  // [panels]
  PoolArray<double> sums_;    // [tasks, parameters]
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
    const auto problems = head_problems<T>(points, evaluated.grads.clouds);
    GanSweep<T> sweep(problems, discriminator, dropout, evaluated.grads.any());
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
