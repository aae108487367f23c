#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <attune/align/network.hpp>
#include <attune/core/gemm.hpp>

namespace attune::testing {

/// The alignment losses of one head by their definitions, with every [n, m] matrix written out:
/// what the streamed ones are checked and timed against. Points are rows [n, channels].
///
/// Exponentials go through `exp_all`, so that a benchmark can pass a vectorised one.
template <std::floating_point T>
using ExpAll = std::function<void(T*, std::int64_t)>;

template <std::floating_point T>
void exp_one_by_one(T* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    x[i] = std::exp(x[i]);
  }
}

template <std::floating_point T>
struct DenseMatrix {
  DenseMatrix(std::int64_t n, std::int64_t m)
      : rows(n), columns(m), values(static_cast<std::size_t>(n * m)) {}

  [[nodiscard]] T* row(std::int64_t i) { return values.data() + i * columns; }
  [[nodiscard]] const T* row(std::int64_t i) const { return values.data() + i * columns; }

  std::int64_t rows;
  std::int64_t columns;
  std::vector<T> values;
};

/// x y^T
template <std::floating_point T>
DenseMatrix<T> products(const DenseMatrix<T>& x, const DenseMatrix<T>& y) {
  DenseMatrix<T> out(x.rows, y.rows);
  core::gemm<T>({.m = x.rows, .n = y.rows, .k = x.columns, .transpose_b = true}, x.values, y.values,
                out.values);
  return out;
}

/// w y, or w^T y
template <std::floating_point T>
DenseMatrix<T> weighted(const DenseMatrix<T>& w, const DenseMatrix<T>& y, bool transposed) {
  DenseMatrix<T> out(transposed ? w.columns : w.rows, y.columns);
  core::gemm<T>({.m = out.rows, .n = y.columns, .k = y.rows, .transpose_a = transposed}, w.values,
                y.values, out.values);
  return out;
}

/// Softmax of each row; returned transposed: of each column.
template <std::floating_point T>
DenseMatrix<T> row_softmax(DenseMatrix<T> s, const ExpAll<T>& exp_all) {
  for (std::int64_t i = 0; i < s.rows; ++i) {
    T* row = s.row(i);
    const T most = *std::max_element(row, row + s.columns);
    for (std::int64_t j = 0; j < s.columns; ++j) {
      row[j] -= most;
    }
    exp_all(row, s.columns);
    double sum = 0;
    for (std::int64_t j = 0; j < s.columns; ++j) {
      sum += static_cast<double>(row[j]);
    }
    const T scale = static_cast<T>(1 / sum);
    for (std::int64_t j = 0; j < s.columns; ++j) {
      row[j] *= scale;
    }
  }
  return s;
}

template <std::floating_point T>
DenseMatrix<T> column_softmax(DenseMatrix<T> s, const ExpAll<T>& exp_all) {
  std::vector<T> most(s.row(0), s.row(0) + s.columns);
  for (std::int64_t i = 1; i < s.rows; ++i) {
    for (std::int64_t j = 0; j < s.columns; ++j) {
      most[j] = std::max(most[j], s.row(i)[j]);
    }
  }
  std::vector<T> sums(static_cast<std::size_t>(s.columns));
  for (std::int64_t i = 0; i < s.rows; ++i) {
    T* row = s.row(i);
    for (std::int64_t j = 0; j < s.columns; ++j) {
      row[j] -= most[j];
    }
    exp_all(row, s.columns);
    for (std::int64_t j = 0; j < s.columns; ++j) {
      sums[j] += row[j];
    }
  }
  for (std::int64_t i = 0; i < s.rows; ++i) {
    for (std::int64_t j = 0; j < s.columns; ++j) {
      s.row(i)[j] /= sums[j];
    }
  }
  return s;
}

template <std::floating_point T>
struct DenseCt {
  double loss = 0;
  std::vector<DenseMatrix<T>> grads;  // of the queries' unit and navigator vectors, then the keys'
};

/// Conditional transport, rho = 1/2, cosine cost, from unit vectors and navigator vectors.
template <std::floating_point T>
DenseCt<T> dense_ct(const DenseMatrix<T>& query_unit, const DenseMatrix<T>& query_nav,
                    const DenseMatrix<T>& key_unit, const DenseMatrix<T>& key_nav, bool gradients,
                    const ExpAll<T>& exp_all = exp_one_by_one<T>) {
  const std::int64_t n = query_unit.rows;
  const std::int64_t m = key_unit.rows;
  DenseMatrix<T> s = products(query_nav, key_nav);
  DenseMatrix<T> c = products(query_unit, key_unit);
  DenseMatrix<T> p = row_softmax(s, exp_all);
  DenseMatrix<T> r = column_softmax(std::move(s), exp_all);
  const T of_row = static_cast<T>(0.5 / static_cast<double>(n));
  const T of_col = static_cast<T>(0.5 / static_cast<double>(m));
  std::vector<T> row_mean(static_cast<std::size_t>(n));
  std::vector<T> col_mean(static_cast<std::size_t>(m));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < m; ++j) {
      row_mean[i] += p.row(i)[j] * c.row(i)[j];
      col_mean[j] += r.row(i)[j] * c.row(i)[j];
    }
  }
  DenseCt<T> result;
  result.loss = 1;
  for (const T mean : row_mean) {
    result.loss -= static_cast<double>(of_row * mean);
  }
  for (const T mean : col_mean) {
    result.loss -= static_cast<double>(of_col * mean);
  }
  if (!gradients) {
    return result;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    T* plan = p.row(i);
    T* slope = r.row(i);
    const T* cosine = c.row(i);
    for (std::int64_t j = 0; j < m; ++j) {
      const T a = of_row * plan[j];
      const T b = of_col * slope[j];
      plan[j] = -(a + b);
      slope[j] = -(a * (cosine[j] - row_mean[i]) + b * (cosine[j] - col_mean[j]));
    }
  }
  result.grads = {weighted(p, key_unit, false), weighted(r, key_nav, false),
                  weighted(p, query_unit, true), weighted(r, query_nav, true)};
  return result;
}

template <std::floating_point T>
struct DenseMmd {
  double loss = 0;
  std::vector<DenseMatrix<T>> grads;  // of the queries and the keys
};

/// sign / (n m) sum of exp(-|x - y|^2 / 2), and its derivative with respect to x, and to y where
/// that is another cloud.
template <std::floating_point T>
double dense_kernel(const DenseMatrix<T>& x, const DenseMatrix<T>& y, double sign,
                    DenseMatrix<T>* grad_x, DenseMatrix<T>* grad_y, const ExpAll<T>& exp_all) {
  const auto half_norms = [](const DenseMatrix<T>& points) {
    std::vector<T> norms;
    for (std::int64_t i = 0; i < points.rows; ++i) {
      T sum = 0;
      for (std::int64_t c = 0; c < points.columns; ++c) {
        sum += points.row(i)[c] * points.row(i)[c];
      }
      norms.push_back(sum / 2);
    }
    return norms;
  };
  const std::vector<T> of_x = half_norms(x);
  const std::vector<T> of_y = half_norms(y);
  DenseMatrix<T> k = products(x, y);
  const T share = static_cast<T>(sign / static_cast<double>(x.rows * y.rows));
  double total = 0;
  std::vector<T> row_sums(static_cast<std::size_t>(x.rows));
  std::vector<T> col_sums(static_cast<std::size_t>(y.rows));
  for (std::int64_t i = 0; i < x.rows; ++i) {
    T* row = k.row(i);
    for (std::int64_t j = 0; j < y.rows; ++j) {
      row[j] = std::min(T(0), row[j] - of_x[i] - of_y[j]);
    }
    exp_all(row, y.rows);
    for (std::int64_t j = 0; j < y.rows; ++j) {
      row[j] *= share;
      row_sums[i] += row[j];
      col_sums[j] += row[j];
    }
    total += static_cast<double>(row_sums[i]);
  }
  const auto add = [](DenseMatrix<T>& grad, const std::vector<T>& sums, const DenseMatrix<T>& own,
                      const DenseMatrix<T>& other) {
    for (std::int64_t i = 0; i < own.rows; ++i) {
      for (std::int64_t c = 0; c < own.columns; ++c) {
        grad.row(i)[c] -= sums[i] * own.row(i)[c] - other.row(i)[c];
      }
    }
  };
  if (grad_x != nullptr) {
    add(*grad_x, row_sums, x, weighted(k, y, false));
  }
  if (grad_y != nullptr) {
    add(*grad_y, col_sums, y, weighted(k, x, true));
  }
  return total;
}

/// Maximum mean discrepancy with sigma 1.
template <std::floating_point T>
DenseMmd<T> dense_mmd(const DenseMatrix<T>& queries, const DenseMatrix<T>& keys, bool gradients,
                      const ExpAll<T>& exp_all = exp_one_by_one<T>) {
  DenseMmd<T> result;
  result.grads = {DenseMatrix<T>(queries.rows, queries.columns),
                  DenseMatrix<T>(keys.rows, keys.columns)};
  DenseMatrix<T>* q = gradients ? result.grads.data() : nullptr;
  DenseMatrix<T>* k = gradients ? result.grads.data() + 1 : nullptr;
  result.loss = dense_kernel(queries, queries, 1.0, q, q, exp_all) +
                dense_kernel(keys, keys, 1.0, k, k, exp_all) +
                dense_kernel(queries, keys, -2.0, q, k, exp_all);
  return result;
}

/// |x_i - y_j|^2 / 2
template <std::floating_point T>
DenseMatrix<T> half_squared_distances(const DenseMatrix<T>& x, const DenseMatrix<T>& y) {
  DenseMatrix<T> cost(x.rows, y.rows);
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < y.rows; ++j) {
      T sum = 0;
      for (std::int64_t c = 0; c < x.columns; ++c) {
        const T difference = x.row(i)[c] - y.row(j)[c];
        sum += difference * difference;
      }
      cost.row(i)[j] = sum / 2;
    }
  }
  return cost;
}

/// Entropic transport with half squared distances: `pairs` Sinkhorn pairs at eps on the kernel
/// matrix of scaled points, the plain way. Stays in range for costs up to some tens of eps.
template <std::floating_point T>
double dense_scaling_ot(const DenseMatrix<T>& x, const DenseMatrix<T>& y, double eps,
                        std::int64_t pairs, DenseMatrix<T>& plan,
                        const ExpAll<T>& exp_all = exp_one_by_one<T>) {
  const DenseMatrix<T> cost = half_squared_distances(x, y);
  plan = cost;
  for (T& value : plan.values) {
    value /= static_cast<T>(-eps);
  }
  exp_all(plan.values.data(), x.rows * y.rows);
  std::vector<T> u(static_cast<std::size_t>(x.rows), T(1));
  std::vector<T> v(static_cast<std::size_t>(y.rows), T(1));
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    for (std::int64_t i = 0; i < x.rows; ++i) {
      T sum = 0;
      for (std::int64_t j = 0; j < y.rows; ++j) {
        sum += plan.row(i)[j] * v[j];
      }
      u[i] = 1 / (sum * static_cast<T>(x.rows));
    }
    std::vector<T> sums(static_cast<std::size_t>(y.rows));
    for (std::int64_t i = 0; i < x.rows; ++i) {
      for (std::int64_t j = 0; j < y.rows; ++j) {
        sums[j] += plan.row(i)[j] * u[i];
      }
    }
    for (std::int64_t j = 0; j < y.rows; ++j) {
      v[j] = 1 / (sums[j] * static_cast<T>(y.rows));
    }
  }
  double total = 0;
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < y.rows; ++j) {
      plan.row(i)[j] *= u[i] * v[j];
      total += static_cast<double>(plan.row(i)[j]) * static_cast<double>(cost.row(i)[j]);
    }
  }
  return total;
}

/// Of each row, -log of the mean of exp(potentials_j - x_ij).
template <std::floating_point T>
std::vector<T> negative_row_logs(const DenseMatrix<T>& x, const std::vector<T>& potentials,
                                 const ExpAll<T>& exp_all) {
  std::vector<T> logs;
  std::vector<T> row(static_cast<std::size_t>(x.columns));
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < x.columns; ++j) {
      row[j] = potentials[j] - x.row(i)[j];
    }
    const T most = *std::max_element(row.begin(), row.end());
    for (T& value : row) {
      value -= most;
    }
    exp_all(row.data(), x.columns);
    double sum = 0;
    for (const T value : row) {
      sum += static_cast<double>(value);
    }
    logs.push_back(-most - static_cast<T>(std::log(sum / static_cast<double>(x.columns))));
  }
  return logs;
}

/// The same of each column.
template <std::floating_point T>
std::vector<T> negative_column_logs(const DenseMatrix<T>& x, const std::vector<T>& potentials,
                                    const ExpAll<T>& exp_all) {
  std::vector<T> most(static_cast<std::size_t>(x.columns), potentials[0] - x.row(0)[0]);
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < x.columns; ++j) {
      most[j] = std::max(most[j], potentials[i] - x.row(i)[j]);
    }
  }
  std::vector<double> sums(static_cast<std::size_t>(x.columns));
  std::vector<T> row(static_cast<std::size_t>(x.columns));
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < x.columns; ++j) {
      row[j] = potentials[i] - x.row(i)[j] - most[j];
    }
    exp_all(row.data(), x.columns);
    for (std::int64_t j = 0; j < x.columns; ++j) {
      sums[j] += static_cast<double>(row[j]);
    }
  }
  std::vector<T> logs;
  for (std::int64_t j = 0; j < x.columns; ++j) {
    logs.push_back(-most[j] - static_cast<T>(std::log(sums[j] / static_cast<double>(x.rows))));
  }
  return logs;
}

/// The same transport by potentials, in range for any cost.
template <std::floating_point T>
double dense_log_ot(const DenseMatrix<T>& x, const DenseMatrix<T>& y, double eps,
                    std::int64_t pairs, DenseMatrix<T>& plan,
                    const ExpAll<T>& exp_all = exp_one_by_one<T>) {
  DenseMatrix<T> cost = half_squared_distances(x, y);  // over eps
  for (T& value : cost.values) {
    value /= static_cast<T>(eps);
  }
  std::vector<T> f(static_cast<std::size_t>(x.rows));
  std::vector<T> g(static_cast<std::size_t>(y.rows));
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    f = negative_row_logs(cost, g, exp_all);
    g = negative_column_logs(cost, f, exp_all);
  }
  plan = cost;
  const auto share = static_cast<T>(std::log(static_cast<double>(x.rows * y.rows)));
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < y.rows; ++j) {
      plan.row(i)[j] = f[i] + g[j] - cost.row(i)[j] - share;
    }
  }
  exp_all(plan.values.data(), x.rows * y.rows);
  double total = 0;
  for (std::size_t e = 0; e < plan.values.size(); ++e) {
    total += eps * static_cast<double>(plan.values[e]) * static_cast<double>(cost.values[e]);
  }
  return total;
}

/// A small network at one point, by its definition.
std::vector<double> dense_network(const align::Network& network, std::span<const double> point);

/// The network at every point [n, channels]; where `unit`, stretched to length one.
DenseMatrix<double> dense_embedding(const align::Network& network,
                                    const DenseMatrix<double>& points, bool unit);

}  // namespace attune::testing
