#include <cmath>
#include <utility>

#include "align/ot_solver.hpp"
#include "align/problems.hpp"
#include "align/recorded.hpp"
#include <attune/align/ot.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using core::Tensor;

namespace {

struct Outcome {
  double loss;
  std::int64_t pairs;
  double marginal_error;
};

template <class T>
Outcome sharp(const Problem<T>& problem, const OtOptions& options, bool gradients) {
  OtSolver<T> solver(problem.queries, problem.keys, options);
  solver.solve();
  const double cost = solver.transport_cost();
  if (gradients) {
    solver.add_gradients(problem.weight, options.ot_gradient);
  }
  return {cost, solver.pairs(), solver.marginal_error()};
}

// The regularised optimum between two clouds, times share; its gradient is that of the plan.
template <class T>
Outcome regularised(const Cloud<T>& a, const Cloud<T>& b, double share, double weight,
                    const OtOptions& options, bool gradients) {
  OtSolver<T> solver(a, b, options);
  solver.solve();
  (void)solver.transport_cost();
  if (gradients) {
    solver.add_gradients(share * weight, OtGradient::plan);
  }
  return {share * solver.dual_value(), solver.pairs(), solver.marginal_error()};
}

template <class T>
Outcome debiased(const Problem<T>& problem, const OtOptions& options, bool gradients) {
  const Cloud<T>& q = problem.queries;
  const Cloud<T>& k = problem.keys;
  Outcome outcome = regularised(q, k, 1, problem.weight, options, gradients);
  // A cloud stands on both sides of the transport to itself and gets the gradients of both.
  outcome.loss += regularised(q, q, -0.5, problem.weight, options, gradients).loss;
  outcome.loss += regularised(k, k, -0.5, problem.weight, options, gradients).loss;
  return outcome;
}

void check(const OtOptions& options, const char* who) {
  const auto require_positive = [who](double value, const char* what) {
    if (!(value > 0) || !std::isfinite(value)) {
      throw InvalidArgument(
          core::text(who, ": ", what, " must be positive and finite, got ", value));
    }
  };
  require_positive(options.eps, "eps");
  require_positive(options.ot_tolerance, "ot_tolerance");
  if (options.ot_iterations < 1) {
    throw InvalidArgument(
        core::text(who, ": ot_iterations must be at least 1, got ", options.ot_iterations));
  }
}

template <class T>
void evaluate(const PoolVector<Problem<T>>& problems, const OtOptions& options,
              Evaluated& evaluated, OtReport& report) {
  const bool gradients = evaluated.grads.any();
  evaluated.grads.clouds.fill(0);  // a cloud may stand on both sides of a transport
  PoolVector<Outcome> outcomes(problems.size());
  const auto bytes = [&](std::int64_t p) {
    return OtSolver<T>::bytes(problems[p].queries.count, problems[p].keys.count,
                              problems[p].queries.channels);
  };
  // A head is one task; large ones start loops of their own inside.
  for_each_group(static_cast<std::int64_t>(problems.size()), bytes,
                 [&](std::int64_t first, std::int64_t last) {
                   core::parallel_tasks(last - first, [&](std::int64_t task) {
                     const std::int64_t p = first + task;
                     outcomes[p] = options.ot_debias ? debiased(problems[p], options, gradients)
                                                     : sharp(problems[p], options, gradients);
                   });
                 });
  for (std::size_t p = 0; p < problems.size(); ++p) {
    const std::int64_t slot = problems[p].slot;
    evaluated.per_head.mutable_data<double>()[slot] = outcomes[p].loss;
    report.pairs.mutable_data<double>()[slot] = static_cast<double>(outcomes[p].pairs);
    report.marginal_error.mutable_data<double>()[slot] = outcomes[p].marginal_error;
    evaluated.loss += problems[p].weight * outcomes[p].loss;
  }
}

}  // namespace

Variable ot(const Clouds& clouds, const OtOptions& options, OtReport* report) {
  constexpr const char* kWho = "align::ot";
  check(options, kWho);
  check_clouds(clouds, kWho);
  Points points = gather_points(clouds, kWho);
  Evaluated evaluated = make_evaluated(clouds, points.selection, {});
  OtReport found{evaluated.per_head, Tensor::zeros(evaluated.per_head.shape(), core::DType::f64),
                 Tensor::zeros(evaluated.per_head.shape(), core::DType::f64)};
  core::dispatch(clouds.queries.dtype(), [&]<class T>() {
    evaluate<T>(head_problems<T>(points, evaluated.grads.clouds), options, evaluated, found);
  });
  if (report != nullptr) {
    *report = std::move(found);
  }
  return record_loss(kWho, clouds, std::move(points.selection), {}, 1, std::move(evaluated));
}

}  // namespace attune::align
