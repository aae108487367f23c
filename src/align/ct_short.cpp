#include "align/ct_short.hpp"

#include <cmath>

#include <attune/core/parallel.hpp>

namespace attune::align {

using core::PoolArray;
using core::Tensor;

template <std::floating_point T>
CtSide<T>::CtSide(const Tensor& points, Tensor& grad, const CtSetup& setup)
    : cloud_{points.data<T>().data(), points.size(0) * points.size(1), points.size(2),
             points.size(2), grad.defined() ? grad.mutable_data<T>().data() : nullptr},
      heads_(points.size(1)),
      units_(setup.unit_channels()),
      navs_(setup.nav_channels()),
      vectors_(cloud_.count * width()),
      gradients_(setup.gradients ? vectors_.size() : 0) {
  std::ranges::fill(gradients_.span(), T(0));
}

template <std::floating_point T>
void CtSide<T>::embed(std::int64_t panel, std::int64_t number, CtNetworks<T>& networks) {
  const std::int64_t first = panel * kTile;
  const std::int64_t count = std::min(kTile, cloud_.count - first);
  networks.forward(cloud_, first, count, number);
  T* const to = vectors_.data() + first * width();
  kernels<T>().store_panel(networks.unit.data(), count, units_, {to, width()});
  kernels<T>().store_panel(networks.nav.data(), count, navs_, {to + units_, width()});
}

template <std::floating_point T>
void CtSide<T>::finish(std::int64_t panel, std::int64_t number, CtNetworks<T>& networks) {
  const std::int64_t first = panel * kTile;
  const std::int64_t count = std::min(kTile, cloud_.count - first);
  networks.forward(cloud_, first, count, number);
  const T* const from = gradients_.data() + first * width();
  kernels<T>().load_panel({from, width()}, count, units_, networks.grad_unit.data());
  kernels<T>().load_panel({from + units_, width()}, count, navs_, networks.grad_nav.data());
  networks.backward(cloud_, first, count);
}

namespace {

constexpr double kChordFloor = 1e-12;

/// Room for one problem, [kShort, kShort] or less.
template <class T>
using Square = T[kShort][kShort];

/// One problem at a time.
template <class T>
class ShortWork {
 public:
  ShortWork(const CtSetup& setup, CtSide<T>& queries, CtSide<T>& keys)
      : setup_(setup),
        queries_(queries),
        keys_(keys),
        units_(setup.unit_channels()),
        navs_(setup.nav_channels()),
        transposed_((units_ + navs_) * kShort) {}

  /// @return  the loss; gradients of the vectors are added where they are wanted
  double run(const Problem<T>& problem) {
    q_ = queries_.vectors_of(problem.queries);
    k_ = keys_.vectors_of(problem.keys);
    n_ = problem.queries.count;
    m_ = problem.keys.count;
    transpose_keys();
    multiply(q_, units_, transposed_.data(), cosines_);
    multiply(q_ + units_, navs_, transposed_.data() + units_ * kShort, logits_);
    costs();
    row_plan();
    col_plan();
    double loss = 0;
    const double rho = setup_.options.rho;
    for (std::int64_t i = 0; i < n_; ++i) {
      loss += (1 - rho) / static_cast<double>(n_) * static_cast<double>(row_mean_[i]);
    }
    for (std::int64_t j = 0; j < m_; ++j) {
      loss += rho / static_cast<double>(m_) * static_cast<double>(col_mean_[j]);
    }
    if (setup_.gradients) {
      differentiate(problem);
    }
    return setup_.chord() ? loss : 1 - loss;
  }

 private:
  void transpose_keys() {
    for (std::int64_t j = 0; j < m_; ++j) {
      for (std::int64_t c = 0; c < units_ + navs_; ++c) {
        transposed_.data()[c * kShort + j] = k_[j * keys_.stride() + c];
      }
    }
  }

  // out[i][j] = row i of the queries times column j of the keys
  void multiply(const T* rows, std::int64_t channels, const T* columns, Square<T>& out) const {
    for (std::int64_t i = 0; i < n_; ++i) {
      std::fill_n(out[i], m_, T(0));
      for (std::int64_t c = 0; c < channels; ++c) {
        const T factor = rows[i * queries_.stride() + c];
        const T* const column = columns + c * kShort;
        for (std::int64_t j = 0; j < m_; ++j) {
          out[i][j] += factor * column[j];
        }
      }
    }
  }

  // What the plans average: distances, or cosines, of which 1 - cosine is the cost.
  void costs() {
    for (std::int64_t i = 0; i < n_; ++i) {
      for (std::int64_t j = 0; j < m_; ++j) {
        const T cosine = cosines_[i][j];
        costs_[i][j] =
            setup_.chord() ? std::sqrt(std::max(2 - 2 * cosine, T(kChordFloor))) : cosine;
      }
    }
  }

  // Key given query, and the mean cost of each query.
  void row_plan() {
    for (std::int64_t i = 0; i < n_; ++i) {
      const T most = *std::max_element(logits_[i], logits_[i] + m_);
      double sum = 0;
      double cost = 0;
      for (std::int64_t j = 0; j < m_; ++j) {
        rows_[i][j] = std::exp(logits_[i][j] - most);
        sum += static_cast<double>(rows_[i][j]);
        cost += static_cast<double>(rows_[i][j]) * static_cast<double>(costs_[i][j]);
      }
      row_mean_[i] = static_cast<T>(cost / sum);
      for (std::int64_t j = 0; j < m_; ++j) {
        rows_[i][j] /= static_cast<T>(sum);
      }
    }
  }

  // Query given key, and the mean cost of each key.
  void col_plan() {
    for (std::int64_t j = 0; j < m_; ++j) {
      T most = logits_[0][j];
      for (std::int64_t i = 1; i < n_; ++i) {
        most = std::max(most, logits_[i][j]);
      }
      double sum = 0;
      double cost = 0;
      for (std::int64_t i = 0; i < n_; ++i) {
        cols_[i][j] = std::exp(logits_[i][j] - most);
        sum += static_cast<double>(cols_[i][j]);
        cost += static_cast<double>(cols_[i][j]) * static_cast<double>(costs_[i][j]);
      }
      col_mean_[j] = static_cast<T>(cost / sum);
      for (std::int64_t i = 0; i < n_; ++i) {
        cols_[i][j] /= static_cast<T>(sum);
      }
    }
  }

  // With p and t the two halves of the plan, dS = p (C - row mean) + t (C - column mean), and the
  // cosine's derivative is (p + t) dC/dcosine. Where cosines stand for costs, signs are turned.
  void differentiate(const Problem<T>& problem) {
    const double rho = setup_.options.rho;
    const auto of_row = static_cast<T>(problem.weight * (1 - rho) / static_cast<double>(n_));
    const auto of_col = static_cast<T>(problem.weight * rho / static_cast<double>(m_));
    T* const grad_q = queries_.gradients_of(problem.queries);
    T* const grad_k = keys_.gradients_of(problem.keys);
    for (std::int64_t i = 0; i < n_; ++i) {
      for (std::int64_t j = 0; j < m_; ++j) {
        const T p = of_row * rows_[i][j];
        const T t = of_col * cols_[i][j];
        const T cost = costs_[i][j];
        const T from_means = p * (cost - row_mean_[i]) + t * (cost - col_mean_[j]);
        const T to_logit = setup_.chord() ? from_means : -from_means;
        const T to_cosine = (p + t) * slope(cost);
        const std::int64_t qi = i * queries_.stride();
        const std::int64_t kj = j * keys_.stride();
        add_both(to_cosine, units_, q_ + qi, k_ + kj, grad_q + qi, grad_k + kj);
        add_both(to_logit, navs_, q_ + qi + units_, k_ + kj + units_, grad_q + qi + units_,
                 grad_k + kj + units_);
      }
    }
  }

  // dC/dcosine; 0 where the floor acts.
  [[nodiscard]] T slope(T cost) const {
    if (!setup_.chord()) {
      return T(-1);
    }
    return cost > std::sqrt(T(kChordFloor)) ? -1 / cost : T(0);
  }

  // The gradient of a product q . k, `by` times.
  static void add_both(T by, std::int64_t channels, const T* __restrict q, const T* __restrict k,
                       T* __restrict grad_q, T* __restrict grad_k) {
    for (std::int64_t c = 0; c < channels; ++c) {
      grad_q[c] += by * k[c];
      grad_k[c] += by * q[c];
    }
  }

  const CtSetup& setup_;
  CtSide<T>& queries_;
  CtSide<T>& keys_;
  std::int64_t units_;
  std::int64_t navs_;
  PoolArray<T> transposed_;  // [units + navs, kShort]: of the keys
  const T* q_ = nullptr;
  const T* k_ = nullptr;
  std::int64_t n_ = 0;
  std::int64_t m_ = 0;
  Square<T> cosines_;
  Square<T> logits_;
  Square<T> costs_;
  Square<T> rows_;
  Square<T> cols_;
  T row_mean_[kShort];
  T col_mean_[kShort];
};

}  // namespace

template <std::floating_point T>
void evaluate_short_ct(const Points& points, const PoolVector<Problem<T>>& problems,
                       const CtSetup& setup, Evaluated& evaluated) {
  constexpr std::int64_t kProblemsATask = 16;
  CtSide<T> queries(points.queries, evaluated.grads.clouds.queries, setup);
  CtSide<T> keys(points.keys, evaluated.grads.clouds.keys, setup);
  const std::int64_t of_queries = queries.num_panels();
  const std::int64_t panels = of_queries + keys.num_panels();
  visit_forward<T>(setup, panels, [&](std::int64_t panel, CtNetworks<T>& networks) {
    panel < of_queries ? queries.embed(panel, panel, networks)
                       : keys.embed(panel - of_queries, panel, networks);
  });
  const auto count = static_cast<std::int64_t>(problems.size());
  const std::span<double> per_head = evaluated.per_head.mutable_data<double>();
  core::parallel_for(count, kProblemsATask, [&](std::int64_t begin, std::int64_t end) {
    ShortWork<T> work(setup, queries, keys);
    for (std::int64_t p = begin; p < end; ++p) {
      per_head[problems[p].slot] = work.run(problems[p]);
    }
  });
  for (const Problem<T>& problem : problems) {
    evaluated.loss += problem.weight * per_head[problem.slot];
  }
  if (setup.gradients) {
    visit_backward<T>(setup, panels, evaluated.grads,
                      [&](std::int64_t panel, CtNetworks<T>& networks) {
                        panel < of_queries ? queries.finish(panel, panel, networks)
                                           : keys.finish(panel - of_queries, panel, networks);
                      });
  }
}

template class CtSide<float>;
template class CtSide<double>;
template void evaluate_short_ct<float>(const Points&, const PoolVector<Problem<float>>&,
                                       const CtSetup&, Evaluated&);
template void evaluate_short_ct<double>(const Points&, const PoolVector<Problem<double>>&,
                                        const CtSetup&, Evaluated&);

}  // namespace attune::align
