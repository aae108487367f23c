#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/nn/transformer_encoder_layer.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using nn::HiddenActivation;
using testing::random_leaf;
using Starts = std::vector<std::int64_t>;

TEST_CASE("TransformerEncoderLayer: derivatives agree with central differences", "[nn][gradient]") {
  const HiddenActivation activation = GENERATE(HiddenActivation::gelu, HiddenActivation::gelu_tanh);
  nn::Initializer init(1);
  nn::TransformerEncoderLayer layer({.channels = 4,
                                     .heads = 2,
                                     .intermediate_channels = 6,
                                     .activation = activation,
                                     .dropout = 0.2,
                                     .feed_forward_dropout = 0.2,
                                     .attention_dropout = 0.2,
                                     .layer_norm_epsilon = 0.1},
                                    init);
  testing::randomize(layer, 2);
  layer.to(DType::f64);
  const Variable x = random_leaf({6, 4}, 3);
  const Starts starts = {0, 4, 6};
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(layer);
  inputs.push_back({"x", x});
  testing::require_gradients(
      [&] {
        nn::ForwardContext ctx(core::RandomStream(5, core::Purpose::dropout));
        return testing::weighted_sum(layer.forward({x, starts}, ctx));
      },
      inputs);
}

TEST_CASE("TransformerEncoderLayer: same bits on 1, 2 and 8 threads", "[nn][property]") {
  testing::require_same_bits_on_any_threads([] {
    nn::Initializer init(1);
    const nn::TransformerEncoderLayer layer({.channels = 64,
                                             .heads = 4,
                                             .intermediate_channels = 256,
                                             .dropout = 0.1,
                                             .feed_forward_dropout = 0.1,
                                             .attention_dropout = 0.1},
                                            init);
    const Variable x = random_leaf({600, 64}, 3, DType::f32);
    const Starts starts = {0, 100, 350, 600};
    nn::ForwardContext ctx(core::RandomStream(5, core::Purpose::dropout));
    const Variable y = layer.forward({x, starts}, ctx);
    backward(testing::weighted_sum(y));
    std::vector<Tensor> all = {y.value(), x.grad()};
    for (const nn::NamedParameter& parameter : layer.parameters()) {
      all.push_back(parameter.variable.grad());
    }
    return all;
  });
}
