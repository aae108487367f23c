#include "dense_attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/tensors.hpp"

namespace attune::testing {

Matrix matrix(const core::Tensor& tensor) {
  const std::vector<double> flat = values(tensor);
  const auto rows = static_cast<std::size_t>(tensor.size(0));
  const std::size_t columns = rows == 0 ? 0 : flat.size() / rows;
  Matrix result(rows, std::vector<double>(columns));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < columns; ++c) {
      result[i][c] = flat[i * columns + c];
    }
  }
  return result;
}

Matrix product(const Matrix& x, const Matrix& w, const std::vector<double>& bias) {
  const std::size_t columns = w.empty() ? 0 : w.front().size();
  Matrix out(x.size(), std::vector<double>(columns, 0));
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t c = 0; c < columns; ++c) {
      out[i][c] = bias.empty() ? 0 : bias[c];
      for (std::size_t k = 0; k < w.size(); ++k) {
        out[i][c] += x[i][k] * w[k][c];
      }
    }
  }
  return out;
}

namespace {

// adjacency[i][j] counts the edges j -> i.
Matrix adjacency_of(const graph::Graph& graph) {
  const auto n = static_cast<std::size_t>(graph.num_nodes());
  const graph::CsrView rows = graph.in_edges();
  Matrix adjacency(n, std::vector<double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) {
    for (auto e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e) {
      adjacency[i][static_cast<std::size_t>(rows.col_idx[static_cast<std::size_t>(e)])] += 1;
    }
  }
  return adjacency;
}

}  // namespace

Matrix dense_attention(const graph::Graph& graph, std::size_t heads,
                       const std::function<double(std::size_t, std::size_t, std::size_t)>& logit,
                       const Matrix& values, bool concat) {
  const Matrix adjacency = adjacency_of(graph);
  const std::size_t n = adjacency.size();
  const std::size_t channels = n == 0 ? 0 : values.front().size() / heads;
  const double share = concat ? 1 : 1 / static_cast<double>(heads);
  Matrix out(n, std::vector<double>(concat ? heads * channels : channels, 0));
  for (std::size_t h = 0; h < heads; ++h) {
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<double> weight(n, 0);
      double total = 0;
      for (std::size_t j = 0; j < n; ++j) {
        weight[j] = adjacency[i][j] == 0 ? 0 : adjacency[i][j] * std::exp(logit(i, j, h));
        total += weight[j];
      }
      for (std::size_t j = 0; j < n && total > 0; ++j) {
        for (std::size_t c = 0; c < channels; ++c) {
          out[i][concat ? h * channels + c : c] +=
              share * weight[j] / total * values[j][h * channels + c];
        }
      }
    }
  }
  return out;
}

Matrix sum(Matrix x, const Matrix& y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t c = 0; c < x[i].size(); ++c) {
      x[i][c] += y[i][c];
    }
  }
  return x;
}

Matrix plus_row(Matrix x, const std::vector<double>& row) {
  for (std::vector<double>& of : x) {
    for (std::size_t c = 0; c < of.size(); ++c) {
      of[c] += row[c];
    }
  }
  return x;
}

double max_difference(const Matrix& a, const Matrix& b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a.size() != b.size()) {
    return kInfinity;
  }
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) {
      return kInfinity;
    }
    for (std::size_t c = 0; c < a[i].size(); ++c) {
      const double difference = std::abs(a[i][c] - b[i][c]);
      worst = std::isfinite(difference) ? std::max(worst, difference) : kInfinity;
    }
  }
  return worst;
}

}  // namespace attune::testing
