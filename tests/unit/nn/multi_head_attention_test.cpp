#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/multi_head_attention.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using Starts = std::vector<std::int64_t>;

TEST_CASE("MultiHeadAttention: derivatives agree with central differences", "[nn][gradient]") {
  nn::Initializer init(1);
  nn::MultiHeadAttention attention({.channels = 6, .heads = 2, .attention_dropout = 0.3}, init);
  testing::randomize(attention, 2);
  attention.to(DType::f64);
  const Variable x = random_leaf({7, 6}, 3);
  const Variable z = random_leaf({5, 6}, 4);
  const Starts xs = {0, 3, 3, 7};
  const Starts zs = {0, 2, 4, 5};
  const bool itself = GENERATE(true, false);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(attention);
  inputs.push_back({"x", x});
  if (!itself) {
    inputs.push_back({"z", z});
  }
  testing::require_gradients(
      [&] {
        nn::ForwardContext ctx(core::RandomStream(5, core::Purpose::dropout));
        return testing::weighted_sum(itself ? attention.forward({x, xs}, ctx)
                                            : attention.forward({x, xs}, {z, zs}, ctx));
      },
      inputs);
}

TEST_CASE("MultiHeadAttention: reports its heads and its coefficients", "[nn]") {
  struct Sinks final : nn::HeadSink, nn::AttentionSink {
    void receive(const nn::AttentionHeads& heads) override {
      queries = heads.queries.shape();
      keys = heads.keys.shape();
      samples = heads.query_segments.size() - 1;
      layer = heads.layer;
    }
    void receive(const Tensor& coefficients) override { alpha = coefficients; }
    core::Shape queries;
    core::Shape keys;
    std::size_t samples = 0;
    const void* layer = nullptr;
    Tensor alpha;
  };
  nn::Initializer init(1);
  const nn::MultiHeadAttention attention({.channels = 6, .heads = 2}, init);
  Sinks sinks;
  nn::ForwardContext ctx;
  ctx.head_sink = &sinks;
  ctx.attention_sink = &sinks;
  const Starts starts = {0, 3, 4};
  (void)attention.forward({random_leaf({4, 6}, 3, DType::f32), starts}, ctx);
  CHECK(sinks.queries == core::Shape{4, 2, 3});
  CHECK(sinks.keys == core::Shape{4, 2, 3});
  CHECK(sinks.samples == 2);
  CHECK(sinks.layer == &attention);
  const std::vector<double> alpha = testing::values(sinks.alpha);
  REQUIRE(sinks.alpha.shape() == core::Shape{10, 2});  // 3 x 3 pairs and one
  for (std::size_t query = 0; query < 3; ++query) {
    for (std::size_t head = 0; head < 2; ++head) {
      double sum = 0;
      for (std::size_t key = 0; key < 3; ++key) {
        sum += alpha[(query * 3 + key) * 2 + head];
      }
      CHECK(sum == Approx(1));
    }
  }
  CHECK(alpha[18] == Approx(1));
}

TEST_CASE("MultiHeadAttention: says what is wrong", "[nn]") {
  nn::Initializer init(1);
  CHECK(message_of<InvalidArgument>([&] {
          const nn::MultiHeadAttention attention({.channels = 7, .heads = 2}, init);
        }) == "MultiHeadAttention: channels must be a multiple of heads=2, got 7");
  CHECK(message_of<InvalidArgument>([&] {
          const nn::MultiHeadAttention attention({.channels = 4, .attention_dropout = 1}, init);
        }) == "MultiHeadAttention: attention_dropout must be in [0, 1), got 1");
}
