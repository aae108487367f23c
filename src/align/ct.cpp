#include <algorithm>
#include <utility>

#include "align/ct_short.hpp"
#include "align/ct_work.hpp"
#include "align/recorded.hpp"
#include <attune/align/ct.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using core::PoolArray;
using core::Tensor;

namespace {

// Problems that are worked on side by side.
template <class T>
class CtGroup {
 public:
  CtGroup(const PoolVector<Problem<T>>& problems, std::int64_t first, std::int64_t last,
          const CtSetup& setup, std::int64_t first_panel)
      : setup_(setup) {
    works_.reserve(static_cast<std::size_t>(last - first));
    for (std::int64_t p = first; p < last; ++p) {
      works_.emplace_back(problems[p], setup, first_panel + num_panels());
      for (std::int64_t panel = 0; panel < works_.back().num_panels(); ++panel) {
        panels_.push_back({&works_.back(), panel});
      }
    }
  }

  [[nodiscard]] std::int64_t num_panels() const {
    return static_cast<std::int64_t>(panels_.size());
  }

  void run(Evaluated& evaluated) {
    if (setup_.gradients && std::ranges::all_of(works_, [](const CtWork<T>& work) {
          return CtWork<T>::is_small(work.problem());
        })) {
      run_whole(evaluated);
    } else {
      run_in_stages(evaluated);
    }
    collect(evaluated);
  }

 private:
  struct PanelOfWork {
    CtWork<T>* work;
    std::int64_t number;
  };

  // Large problems: each stage over the blocks of all of them.
  void run_in_stages(Evaluated& evaluated) {
    const auto parts = [](const CtWork<T>& work) { return work.parts(); };
    visit_forward<T>(setup_, num_panels(), [&](std::int64_t p, CtNetworks<T>& networks) {
      panels_[p].work->embed(panels_[p].number, networks);
    });
    for_each_block(works_, parts, [](CtWork<T>& work, std::int64_t part) { work.sweep(part); });
    core::parallel_tasks(static_cast<std::int64_t>(works_.size()),
                         [&](std::int64_t w) { works_[w].settle(); });
    if (setup_.gradients) {
      for_each_block(works_, parts,
                     [](CtWork<T>& work, std::int64_t part) { work.sweep_back(part); });
      visit_backward<T>(setup_, num_panels(), evaluated.grads,
                        [&](std::int64_t p, CtNetworks<T>& networks) {
                          panels_[p].work->finish(panels_[p].number, networks);
                        });
    }
  }

  // Small problems, some a task: all stages of one while it is in the caches, and the networks of
  // its panels as they were for the backward pass.
  void run_whole(Evaluated& evaluated) {
    constexpr std::int64_t kWorksATask = 4;
    const auto count = static_cast<std::int64_t>(works_.size());
    CtParameterSums<T> parameters(setup_, (count + kWorksATask - 1) / kWorksATask);
    core::parallel_for(count, kWorksATask, [&](std::int64_t begin, std::int64_t end) {
      CtNetworkSums<T> sums(setup_, true);
      PoolVector<CtNetworks<T>> networks;
      networks.reserve(4);
      for (std::int64_t w = begin; w < end; ++w) {
        CtWork<T>& work = works_[w];
        for (std::int64_t panel = 0; panel < work.num_panels(); ++panel) {
          if (panel == static_cast<std::int64_t>(networks.size())) {
            networks.emplace_back(setup_, sums);
          }
          work.embed(panel, networks[panel]);
        }
        for (std::int64_t part = 0; part < work.parts(); ++part) {
          work.sweep(part);
        }
        work.settle();
        for (std::int64_t part = 0; part < work.parts(); ++part) {
          work.sweep_back(part);
        }
        for (std::int64_t panel = 0; panel < work.num_panels(); ++panel) {
          work.finish(panel, networks[panel], true);
        }
      }
      parameters.store(begin / kWorksATask, sums);
    });
    parameters.add_to(evaluated.grads);
  }

  void collect(Evaluated& evaluated) const {
    const std::span<double> per_head = evaluated.per_head.mutable_data<double>();
    for (const CtWork<T>& work : works_) {
      per_head[work.problem().slot] = work.loss();
      evaluated.loss += work.problem().weight * work.loss();
    }
  }

  const CtSetup& setup_;
  PoolVector<CtWork<T>> works_;
  PoolVector<PanelOfWork> panels_;
};

template <class T>
void evaluate(const PoolVector<Problem<T>>& problems, const CtSetup& setup, Evaluated& evaluated) {
  const auto bytes = [&](std::int64_t p) { return CtWork<T>::bytes(problems[p], setup); };
  std::int64_t panels = 0;
  for_each_group(static_cast<std::int64_t>(problems.size()), bytes,
                 [&](std::int64_t first, std::int64_t last) {
                   CtGroup<T> group(problems, first, last, setup, panels);
                   group.run(evaluated);
                   panels += group.num_panels();
                 });
}

}  // namespace

void check_ct(const Clouds& clouds, const Network& critic, const Network& navigator,
              const CtOptions& options, const char* who) {
  check_clouds(clouds, who);
  if (!(options.rho >= 0 && options.rho <= 1)) {
    throw InvalidArgument(core::text(who, ": rho must be in [0, 1], got ", options.rho));
  }
  const core::Shape& shape = clouds.queries.shape();
  check_network(critic, shape[2], clouds.queries.dtype(), who);
  check_network(navigator, shape[2], clouds.queries.dtype(), who);
}

ParameterList ct_parameters(const Network& critic, const Network& navigator,
                            const CtOptions& options) {
  ParameterList parameters = named_parameters(critic, true);
  for (Parameter& parameter : named_parameters(navigator, options.navigator_ascends)) {
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

Variable ct(const Clouds& clouds, const Network& critic, const Network& navigator,
            const core::RandomStream& random, const CtOptions& options, Tensor* per_head) {
  constexpr const char* kWho = "align::ct";
  check_ct(clouds, critic, navigator, options, kWho);
  Points points = gather_points(clouds, kWho);
  const ParameterList parameters = ct_parameters(critic, navigator, options);
  Evaluated evaluated = make_evaluated(clouds, points.selection, parameters);
  const PanelDropout critic_dropout(critic.options.dropout, random);
  const PanelDropout navigator_dropout(navigator.options.dropout,
                                       random.with_stream(random.stream() + 1));
  const CtSetup setup{
      critic, navigator, critic_dropout, navigator_dropout, options, evaluated.grads.any()};
  core::dispatch(clouds.queries.dtype(), [&]<class T>() {
    const PoolVector<Problem<T>> problems = head_problems<T>(points, evaluated.grads.clouds);
    if (std::ranges::all_of(problems, is_short<T>)) {
      evaluate_short_ct<T>(points, problems, setup, evaluated);
    } else {
      evaluate<T>(problems, setup, evaluated);
    }
  });
  if (per_head != nullptr) {
    *per_head = evaluated.per_head;
  }
  return record_loss(kWho, clouds, std::move(points.selection), parameters, options.reversal,
                     std::move(evaluated));
}

}  // namespace attune::align
