#include "support/dense_alignment.hpp"

#include "support/tensors.hpp"

namespace attune::testing {

namespace {

std::vector<double> linear(const Variable& weight, const Variable& bias,
                           std::span<const double> x) {
  const std::vector<double> w = values(weight.value());
  std::vector<double> y = values(bias.value());
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t c = 0; c < x.size(); ++c) {
      y[o] += w[o * x.size() + c] * x[c];
    }
  }
  return y;
}

}  // namespace

std::vector<double> dense_network(const align::Network& network, std::span<const double> point) {
  std::vector<double> x(point.begin(), point.end());
  if (network.has_highway()) {
    const bool tied = !network.trans_w.defined();
    const std::vector<double> z = linear(network.gate_w, network.gate_b, point);
    const std::vector<double> h = linear(tied ? network.gate_w : network.trans_w,
                                         tied ? network.gate_b : network.trans_b, point);
    for (std::size_t c = 0; c < x.size(); ++c) {
      const double t = 1 / (1 + std::exp(-z[c]));
      x[c] = t * std::max(h[c], 0.0) + (1 - t) * x[c];
    }
  }
  std::vector<double> hidden = linear(network.fc1_w, network.fc1_b, x);
  for (double& value : hidden) {
    value = value > 0 ? value : 0.1 * value;
  }
  return linear(network.fc2_w, network.fc2_b, hidden);
}

DenseMatrix<double> dense_embedding(const align::Network& network,
                                    const DenseMatrix<double>& points, bool unit) {
  DenseMatrix<double> out(points.rows, network.out_channels());
  for (std::int64_t i = 0; i < points.rows; ++i) {
    const std::vector<double> v =
        dense_network(network, {points.row(i), static_cast<std::size_t>(points.columns)});
    double square = 0;
    for (const double value : v) {
      square += value * value;
    }
    const double scale = unit ? 1 / std::max(std::sqrt(square), 1e-6) : 1;
    for (std::size_t c = 0; c < v.size(); ++c) {
      out.row(i)[c] = scale * v[c];
    }
  }
  return out;
}

}  // namespace attune::testing
