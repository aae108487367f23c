#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/attention_reduction.hpp>
#include <attune/nn/guided_attention_layer.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using Starts = std::vector<std::int64_t>;

namespace {

constexpr nn::TransformerEncoderLayerOptions kSmall{.channels = 6,
                                                    .heads = 2,
                                                    .intermediate_channels = 5,
                                                    .activation = nn::HiddenActivation::gelu,
                                                    .dropout = 0.2,
                                                    .feed_forward_dropout = 0.2,
                                                    .hidden_dropout = 0.3,
                                                    .attention_dropout = 0.1,
                                                    .layer_norm_epsilon = 1e-3};

}  // namespace

TEST_CASE("GuidedAttentionLayer: derivatives agree with central differences", "[nn][gradient]") {
  nn::Initializer init(1);
  nn::GuidedAttentionLayer layer(kSmall, init);
  testing::randomize(layer, 2);
  layer.to(DType::f64);
  const Variable x = random_leaf({6, 6}, 3);
  const Variable z = random_leaf({4, 6}, 4);
  const Starts xs = {0, 4, 6};
  const Starts zs = {0, 1, 4};
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(layer);
  inputs.push_back({"x", x});
  inputs.push_back({"z", z});
  testing::require_gradients(
      [&] {
        nn::ForwardContext ctx(core::RandomStream(5, core::Purpose::dropout));
        return testing::weighted_sum(layer.forward({x, xs}, {z, zs}, ctx));
      },
      inputs);
}

TEST_CASE("GuidedAttentionLayer: reports heads of self-attention then of cross-attention", "[nn]") {
  struct Sink final : nn::HeadSink {
    void receive(const nn::AttentionHeads& heads) override {
      cross.push_back(heads.cross);
      keys.push_back(heads.keys.shape()[0]);
    }
    std::vector<bool> cross;
    std::vector<std::int64_t> keys;
  };
  nn::Initializer init(1);
  const nn::GuidedAttentionLayer layer(kSmall, init);
  Sink sink;
  nn::ForwardContext ctx;
  ctx.head_sink = &sink;
  const Starts xs = {0, 4, 6};
  const Starts zs = {0, 1, 4};
  (void)layer.forward({random_leaf({6, 6}, 3, DType::f32), xs},
                      {random_leaf({4, 6}, 4, DType::f32), zs}, ctx);
  CHECK(sink.cross == std::vector<bool>{false, true});
  CHECK(sink.keys == std::vector<std::int64_t>{6, 4});
}

TEST_CASE("AttentionReduction: derivatives agree with central differences", "[nn][gradient]") {
  nn::Initializer init(1);
  nn::AttentionReduction reduction(
      {.in_channels = 4, .hidden_channels = 5, .out_channels = 3, .glimpses = 2, .dropout = 0.2},
      init);
  testing::randomize(reduction, 2);
  reduction.to(DType::f64);
  const Variable x = random_leaf({5, 4}, 3);
  const Starts starts = {0, 2, 5};
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(reduction);
  inputs.push_back({"x", x});
  testing::require_gradients(
      [&] {
        nn::ForwardContext ctx(core::RandomStream(5, core::Purpose::dropout));
        return testing::weighted_sum(reduction.forward({x, starts}, ctx));
      },
      inputs);
}

TEST_CASE("AttentionReduction: coefficients of a sample sum to one", "[nn][property]") {
  nn::Initializer init(1);
  const nn::AttentionReduction reduction(
      {.in_channels = 4, .hidden_channels = 5, .out_channels = 3}, init);
  nn::ForwardContext ctx;
  Tensor alpha;
  const Starts starts = {0, 2, 5};
  (void)reduction.forward({random_leaf({5, 4}, 3, DType::f32), starts}, ctx, &alpha);
  const std::vector<double> a = testing::values(alpha);
  REQUIRE(a.size() == 5);
  CHECK(a[0] + a[1] == Approx(1));
  CHECK(a[2] + a[3] + a[4] == Approx(1));
}

TEST_CASE("guided attention and reduction: say what is wrong", "[nn]") {
  nn::Initializer init(1);
  CHECK(message_of<InvalidArgument>([&] {
          nn::TransformerEncoderLayerOptions options = kSmall;
          options.hidden_dropout = 1;
          const nn::GuidedAttentionLayer layer(options, init);
        }) == "GuidedAttentionLayer: hidden_dropout must be in [0, 1), got 1");
  CHECK(message_of<InvalidArgument>([&] {
          const nn::AttentionReduction reduction(
              {.in_channels = 4, .hidden_channels = 5, .out_channels = 3, .glimpses = 0}, init);
        }) == "AttentionReduction: glimpses must be 1 to 2147483647, got 0");
}
