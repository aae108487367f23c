#include "parity/align/align_fixture.hpp"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/text.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

std::vector<std::uint8_t> bytes_of(const Tensor& mask) {
  std::vector<std::uint8_t> bytes;
  for (const double valid : values(mask)) {
    bytes.push_back(valid != 0 ? 1 : 0);
  }
  return bytes;
}

std::vector<std::int64_t> even_segments(std::int64_t samples, std::int64_t positions) {
  std::vector<std::int64_t> segments;
  for (std::int64_t s = 0; s <= samples; ++s) {
    segments.push_back(s * positions);
  }
  return segments;
}

}  // namespace

Tensor positions_first(const Tensor& x) {
  const std::int64_t samples = x.size(0);
  const std::int64_t heads = x.size(1);
  const std::int64_t positions = x.size(2);
  const std::int64_t channels = x.size(3);
  Tensor out = Tensor::empty({samples * positions, heads, channels}, x.dtype());
  const std::span<const double> from = x.data<double>();
  const std::span<double> to = out.mutable_data<double>();
  for (std::int64_t s = 0; s < samples; ++s) {
    for (std::int64_t h = 0; h < heads; ++h) {
      for (std::int64_t i = 0; i < positions; ++i) {
        for (std::int64_t c = 0; c < channels; ++c) {
          to[((s * positions + i) * heads + h) * channels + c] =
              from[((s * heads + h) * positions + i) * channels + c];
        }
      }
    }
  }
  return out;
}

// A fixture on edges has one sample and leaves out that dimension.
Tensor AlignFixture::samples(std::string_view name) const {
  const Tensor x = fixture_.tensor(name);
  return x.shape().rank() == 4 ? x : x.reshape({1, x.size(0), x.size(1), x.size(2)});
}

Tensor AlignFixture::per_head() const {
  return fixture_.has("loss_bh")
             ? fixture_.tensor("loss_bh")
             : fixture_.tensor("loss_h").reshape({1, clouds_.queries.shape()[1]});
}

AlignFixture::AlignFixture(std::string_view name, core::DType dtype)
    : fixture_(name), dtype_(dtype) {
  const Tensor q = samples("Q");
  const Tensor k = samples("K");
  if (fixture_.has("mask_q")) {
    query_mask_ = bytes_of(fixture_.tensor("mask_q"));
    key_mask_ = bytes_of(fixture_.tensor("mask_k"));
  }
  query_segments_ = even_segments(q.size(0), q.size(2));
  key_segments_ = even_segments(k.size(0), k.size(2));
  clouds_ = {.queries = Variable(positions_first(q).to(dtype), true),
             .keys = Variable(positions_first(k).to(dtype), true),
             .query_mask = query_mask_,
             .key_mask = key_mask_,
             .query_segments = query_segments_,
             .key_segments = key_segments_};
}

Variable AlignFixture::parameter(std::string_view name) const {
  return Variable(fixture_.tensor(core::text("param_", name), dtype_), true);
}

align::Network AlignFixture::highway_network() const {
  align::Network network;
  network.gate_w = parameter("gate_w");
  network.gate_b = parameter("gate_b");
  network.trans_w = parameter("trans_w");
  network.trans_b = parameter("trans_b");
  network.fc1_w = parameter("fc1_w");
  network.fc1_b = parameter("fc1_b");
  network.fc2_w = parameter("fc2_w");
  network.fc2_b = parameter("fc2_b");
  network.options.channels = network.fc1_w.shape()[1];
  network.options.hidden = network.fc1_w.shape()[0];
  return network;
}

align::Network AlignFixture::navigator() const {
  align::Network network;
  network.fc1_w = parameter("nav1_w");
  network.fc1_b = parameter("nav1_b");
  network.fc2_w = parameter("nav2_w");
  network.fc2_b = parameter("nav2_b");
  network.options.channels = network.fc1_w.shape()[1];
  network.options.hidden = network.fc1_w.shape()[0];
  return network;
}

void AlignFixture::require_parameter_gradients(const align::ParameterList& parameters,
                                               double tolerance) const {
  for (const align::Parameter& parameter : parameters) {
    Tensor expected = fixture_.tensor(core::text("grad_", parameter.name)).clone();
    if (parameter.ascends) {
      for (double& value : expected.mutable_data<double>()) {
        value = -value;
      }
    }
    require_close(parameter.variable.grad(), expected, tolerance, parameter.name);
  }
}

void AlignFixture::require_cloud_gradients(double tolerance, std::string_view prefix) const {
  const Tensor q = positions_first(samples(core::text(prefix, "Q")));
  const Tensor k = positions_first(samples(core::text(prefix, "K")));
  require_close(clouds_.queries.grad(), q, tolerance, "gradient of the queries");
  require_close(clouds_.keys.grad(), k, tolerance, "gradient of the keys");
}

void require_close(const Tensor& actual, const Tensor& expected, double tolerance,
                   std::string_view what) {
  INFO(what);
  REQUIRE(actual.defined());
  REQUIRE(actual.shape() == expected.shape());
  double largest = 0.01;  // a derivative that cancels to zero is left with rounding
  for (const double value : values(expected)) {
    largest = std::max(largest, std::abs(value));
  }
  CAPTURE(largest);
  REQUIRE(max_difference(actual.to(core::DType::f64), expected) <= tolerance * largest);
}

}  // namespace attune::testing
