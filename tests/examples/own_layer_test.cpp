#include <cmath>

#include <catch2/catch.hpp>

#include "cosine_conv.hpp"
#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/train/alignment.hpp>

using namespace attune;
using core::Tensor;
using nn::ForwardContext;

namespace {

constexpr std::int64_t kIn = 5;
constexpr std::int64_t kHeads = 2;
constexpr std::int64_t kChannels = 3;

class Layer {
 public:
  Layer()
      : init_(3), conv_({.in_channels = kIn, .out_channels = kChannels, .heads = kHeads}, init_) {
    conv_.to(core::DType::f64);
    testing::randomize(conv_, 5);
  }
  [[nodiscard]] const CosineConv& conv() const { return conv_; }

  // x_i W of one head.
  [[nodiscard]] std::vector<double> projected(const char* name, const Tensor& x, std::int64_t i,
                                              std::int64_t head) const {
    const Tensor weight = testing::parameter(conv_, name).value();
    std::vector<double> out(kChannels);
    for (std::int64_t c = 0; c < kChannels; ++c) {
      for (std::int64_t k = 0; k < kIn; ++k) {
        out[c] += x.data<double>()[i * kIn + k] *
                  weight.data<double>()[k * kHeads * kChannels + head * kChannels + c];
      }
    }
    return out;
  }

  // e_ij as the header defines it.
  [[nodiscard]] double logit(const Tensor& x, std::int64_t i, std::int64_t j,
                             std::int64_t head) const {
    const std::vector<double> q = projected("query_weight", x, i, head);
    const std::vector<double> k = projected("key_weight", x, j, head);
    const Tensor scale = testing::parameter(conv_, "scale").value();
    double sum = 0;
    double qq = 0;
    double kk = 0;
    for (std::int64_t c = 0; c < kChannels; ++c) {
      sum += scale.data<double>()[head * kChannels + c] * q[c] * k[c];
      qq += q[c] * q[c];
      kk += k[c] * k[c];
    }
    return sum / std::sqrt(qq * kk);
  }

 private:
  nn::Initializer init_;
  CosineConv conv_;
};

// Every head of node i by the formulas of the header, edge by edge.
std::vector<double> by_hand(const Layer& layer, const Tensor& x, const graph::CsrView& in,
                            std::int64_t i) {
  std::vector<double> out(kHeads * kChannels);
  for (std::int64_t head = 0; head < kHeads; ++head) {
    double total = 0;
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      total += std::exp(layer.logit(x, i, in.col_idx[e], head));
    }
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      const double alpha = std::exp(layer.logit(x, i, in.col_idx[e], head)) / total;
      const std::vector<double> value = layer.projected("value_weight", x, in.col_idx[e], head);
      for (std::int64_t c = 0; c < kChannels; ++c) {
        out[head * kChannels + c] += alpha * value[c];
      }
    }
  }
  return out;
}

class Listener final : public nn::HeadSink, public nn::AttentionSink {
 public:
  void receive(const nn::AttentionHeads& heads) override { heads_ = heads; }
  void receive(const Tensor& alpha) override { alpha_ = alpha; }
  nn::AttentionHeads heads_;
  Tensor alpha_;
};

}  // namespace

TEST_CASE("unit_heads: directions without lengths, zero for nothing", "[examples]") {
  const Variable x(Tensor::from(std::vector<double>{3, 4, 0, 0, -2, 0, 1e-13, 0}, {2, 2, 2}));
  const std::vector<double> expected{0.6, 0.8, 0, 0, -1, 0, 0, 0};
  const std::vector<double> found = testing::values(unit_heads(x).value());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(found[i] == Approx(expected[i]));
  }
  CHECK_THROWS_AS(unit_heads(Variable(Tensor::zeros({2, 2}))), ShapeError);
}

TEST_CASE("unit_heads: the derivative is that of central differences", "[examples]") {
  const Variable x = testing::random_leaf({3, 2, 4}, 7);
  testing::require_gradients([&] { return testing::weighted_sum(unit_heads(x)); }, {{"x", x}});
}

TEST_CASE("CosineConv: computes its formulas on awkward graphs", "[examples]") {
  const Layer layer;
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    const graph::Graph& graph = awkward.graph;
    const Tensor x = testing::random_tensor({graph.num_nodes(), kIn}, 9);
    ForwardContext ctx;
    const std::vector<double> found =
        testing::values(layer.conv().forward(Variable(x), graph, ctx).value());
    for (std::int64_t i = 0; i < graph.num_nodes(); ++i) {
      const std::vector<double> expected = by_hand(layer, x, graph.in_edges(), i);
      for (std::size_t c = 0; c < expected.size(); ++c) {
        CHECK(found[i * expected.size() + c] == Approx(expected[c]).margin(1e-12));
      }
    }
  }
}

TEST_CASE("CosineConv: derivatives of input and parameters are central differences", "[examples]") {
  const Layer layer;
  const std::vector<graph::Edge> edges{{0, 1}, {2, 1}, {1, 0}, {2, 2}, {0, 2}};
  const graph::Graph graph = graph::from_edges(4, edges);
  const Variable x = testing::random_leaf({4, kIn}, 11);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(layer.conv());
  inputs.push_back({"x", x});
  testing::require_gradients(
      [&] {
        ForwardContext ctx;
        return testing::weighted_sum(layer.conv().forward(x, graph, ctx));
      },
      inputs);
}

TEST_CASE("CosineConv: reports unit queries and keys, and its coefficients", "[examples]") {
  const Layer layer;
  const std::vector<graph::Edge> edges{{0, 1}, {2, 1}, {1, 0}};
  const graph::Graph graph = graph::from_edges(3, edges);
  Listener listener;
  ForwardContext ctx;
  ctx.head_sink = &listener;
  ctx.attention_sink = &listener;
  (void)layer.conv().forward(Variable(testing::random_tensor({3, kIn}, 2)), graph, ctx);
  CHECK(listener.heads_.queries.shape() == core::Shape{3, kHeads, kChannels});
  CHECK(listener.heads_.keys.shape() == core::Shape{3, kHeads, kChannels});
  for (const Variable& cloud : {listener.heads_.queries, listener.heads_.keys}) {
    const std::vector<double> points = testing::values(cloud.value());
    CHECK(std::hypot(points[0], points[1], points[2]) == Approx(1));
  }
  REQUIRE(listener.alpha_.shape() == core::Shape{3, kHeads});
  const std::vector<double> alpha = testing::values(listener.alpha_);
  CHECK(alpha[0] == Approx(1));             // 1 -> 0 is alone
  CHECK(alpha[2] + alpha[4] == Approx(1));  // 0 -> 1 and 2 -> 1 share head 0
}

TEST_CASE("CosineConv: every distance aligns it, with no code of its own", "[examples]") {
  const Layer layer;
  const graph::Graph graph =
      graph::with_self_loops(graph::from_edges(6, std::vector<graph::Edge>{{0, 1}, {1, 0}}));
  const Variable x(testing::random_tensor({6, kIn}, 4));
  const align::Kind kind =
      GENERATE(align::Kind::gan, align::Kind::ot, align::Kind::ct, align::Kind::mmd);
  CAPTURE(align::to_string(kind));
  train::AlignmentRegularizer alignment({.distance = {.kind = kind}});
  ForwardContext ctx;
  ctx.head_sink = alignment.head_sink();
  (void)layer.conv().forward(x, graph, ctx);
  alignment.initialize(1);
  alignment.begin_step(1, 1);
  (void)layer.conv().forward(x, graph, ctx);
  testing::zero_grad(layer.conv());
  backward(alignment.loss());
  for (const char* name : {"query_weight", "key_weight"}) {
    CAPTURE(name);
    const Tensor grad = testing::parameter(layer.conv(), name).grad();
    REQUIRE(grad.defined());
    CHECK(testing::max_difference(grad, Tensor::zeros(grad.shape(), grad.dtype())) > 1e-6);
  }
  CHECK_FALSE(testing::parameter(layer.conv(), "value_weight").grad().defined());
}

TEST_CASE("CosineConv: the same bits on 1, 2 and 8 threads", "[examples]") {
  const Layer layer;
  std::vector<graph::Edge> edges;
  for (std::int64_t i = 0; i < 900; ++i) {
    edges.push_back({.src = i * 7 % 900, .dst = i});
    edges.push_back({.src = i * 11 % 900, .dst = i});
  }
  const graph::Graph graph = graph::from_edges(900, edges);
  const Tensor x = testing::random_tensor({900, kIn}, 8);
  testing::require_same_bits_on_any_threads([&] {
    testing::zero_grad(layer.conv());
    ForwardContext ctx;
    const Variable y = layer.conv().forward(Variable(x), graph, ctx);
    backward(testing::weighted_sum(y));
    std::vector<Tensor> results{y.value()};
    for (const nn::NamedParameter& parameter : layer.conv().parameters()) {
      results.push_back(parameter.variable.grad().clone());
    }
    return results;
  });
}

TEST_CASE("CosineConv: refuses features that do not fit", "[examples]") {
  const Layer layer;
  ForwardContext ctx;
  CHECK(testing::message_of<ShapeError>([&] {
          (void)layer.conv().forward(Variable(testing::random_tensor({3, 4}, 1)),
                                     graph::from_edges(3, std::vector<graph::Edge>{}), ctx);
        }) == "CosineConv::forward: x must be [3, 5], got [3, 4]");
  nn::Initializer init(1);
  CHECK_THROWS_AS(CosineConv({.in_channels = 5}, init), InvalidArgument);
}
