#include <vector>

#include <catch2/catch.hpp>

#include "support/fixture.hpp"
#include "support/tensors.hpp"
#include <attune/models/mcan.hpp>
#include <attune/ops/binary_cross_entropy.hpp>

// The fixture is computed in float64 on padded batches by make_fixtures.py, which knows nothing of
// attune; here the same questions and images are packed.

using namespace attune;
using core::DType;
using core::Tensor;
using testing::Fixture;

namespace {

std::vector<std::uint8_t> bytes(const std::vector<std::int64_t>& flags) {
  return {flags.begin(), flags.end()};
}

models::McanOptions options_of(const Fixture& fixture) {
  const Tensor inner = fixture.tensor("encoder.0.intermediate.weight");
  return {.vocabulary = fixture.tensor("words.weight").size(0),
          .answers = fixture.tensor("classifier.bias").size(0),
          .word_channels = fixture.tensor("words.weight").size(1),
          .region_channels = fixture.tensor("regions.weight").size(0),
          .channels = inner.size(0),
          .layers = 2,
          .heads = 2,
          .intermediate_channels = inner.size(1),
          .reduction_channels = fixture.tensor("question_reduction.hidden.bias").size(0),
          .fused_channels = fixture.tensor("norm.gamma").size(0)};
}

models::TextBatch questions_of(const Fixture& fixture) {
  const std::vector<std::int64_t> ids = fixture.ints("ids");
  const std::vector<std::int32_t> tokens(ids.begin(), ids.end());
  const std::vector<std::uint8_t> mask = bytes(fixture.ints("word_mask"));
  const Tensor shape = fixture.tensor("ids");
  return models::pack_texts({.num_texts = shape.size(0),
                             .length = shape.size(1),
                             .tokens = tokens,
                             .types = {},
                             .mask = mask});
}

}  // namespace

TEST_CASE("Mcan: logits loss and gradients are those of the padded reference", "[models][parity]") {
  const Fixture fixture("vqa/mcan");
  nn::Initializer init(1);
  models::Mcan model(options_of(fixture), init);
  model.to(DType::f64);
  for (nn::NamedParameter& parameter : model.parameters()) {
    parameter.variable.set_value(fixture.tensor(parameter.name));
  }
  const models::RegionBatch images =
      models::pack_regions(fixture.tensor("regions"), bytes(fixture.ints("region_mask")));
  nn::ForwardContext ctx;
  const Variable logits = model.forward(questions_of(fixture), images, ctx);
  const Variable loss = ops::binary_cross_entropy(logits, fixture.tensor("scores"));
  backward(loss);
  // Both sides compute in float64; sums of tens of numbers in another order.
  CHECK(testing::max_difference(logits.value(), fixture.tensor("logits")) < 1e-11);
  CHECK(loss.value().item() == Approx(fixture.number("loss")).epsilon(1e-12));
  for (const nn::NamedParameter& parameter : model.parameters()) {
    CAPTURE(parameter.name);
    CHECK(testing::max_difference(parameter.variable.grad(),
                                  fixture.tensor("grad." + parameter.name)) < 1e-11);
  }
}
