#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/align/mmd.hpp>
#include <attune/models/text_encoder.hpp>
#include <attune/optim/adam.hpp>
#include <attune/train/alignment.hpp>

namespace attune::testing {

using align::Kind;
using models::TextEncoder;
using models::TextFamily;

namespace {

models::TextEncoderOptions small(TextFamily family) {
  return {.family = family,
          .vocabulary = 30,
          .embedding_channels = family == TextFamily::albert ? 8 : 16,
          .channels = 16,
          .layers = 3,
          .heads = 2,
          .intermediate_channels = 32,
          .max_positions = 20,
          .layer_groups = family == TextFamily::albert ? 1 : 0,
          .deviation = 0.4};
}

models::TextBatch batch_of(const std::vector<std::vector<std::int32_t>>& tokens) {
  return models::pack_texts(tokens);
}

// Runs an evaluation pass that reports to `sink`.
void evaluate(const TextEncoder& encoder, const models::TextBatch& batch, nn::HeadSink* sink) {
  nn::ForwardContext ctx;
  ctx.head_sink = sink;
  (void)encoder.forward(batch, ctx);
}

const std::vector<std::vector<std::int32_t>> kTexts = {{2, 3, 4, 5, 6}, {7}, {8, 9, 10}};

}  // namespace

TEST_CASE("alignment of texts: the clouds of a text are its own", "[train][align]") {
  nn::Initializer init(1);
  const TextEncoder encoder(small(TextFamily::bert), init);
  double apart = 0;
  for (const std::vector<std::int32_t>& tokens : kTexts) {
    train::HeadMmd mmd;
    evaluate(encoder, batch_of({tokens}), &mmd);
    apart += mmd.value() / static_cast<double>(kTexts.size());
  }
  train::HeadMmd together;
  evaluate(encoder, batch_of(kTexts), &together);
  CHECK(together.value() == Approx(apart).epsilon(1e-5));
  CHECK(together.value() > 0.01);
}

TEST_CASE("alignment of texts: ot and mmd bring queries and keys together", "[train][align]") {
  const Kind kind = GENERATE(Kind::ot, Kind::mmd);
  const TextFamily family = GENERATE(TextFamily::bert, TextFamily::roberta, TextFamily::albert);
  CAPTURE(static_cast<int>(kind), static_cast<int>(family));
  nn::Initializer init(1);
  const TextEncoder encoder(small(family), init);
  train::AlignmentRegularizer alignment({.distance = {.kind = kind}, .weight = 1});
  const models::TextBatch batch = batch_of(kTexts);
  evaluate(encoder, batch, alignment.head_sink());
  alignment.initialize(3);
  std::vector<nn::NamedParameter> parameters = encoder.parameters();
  for (nn::NamedParameter& parameter : alignment.parameters()) {
    parameter.name = "alignment." + parameter.name;
    parameters.push_back(parameter);
  }
  train::HeadMmd before;
  evaluate(encoder, batch, &before);
  optim::Adam adam(parameters, {.learning_rate = 0.01});
  for (std::uint32_t step = 1; step <= 100; ++step) {
    alignment.begin_step(3, step);
    nn::ForwardContext ctx(core::RandomStream(3, core::Purpose::dropout, 0, step));
    ctx.head_sink = alignment.head_sink();
    (void)encoder.forward(batch, ctx);
    adam.zero_grad();
    backward(alignment.loss());
    adam.step();
  }
  train::HeadMmd after;
  evaluate(encoder, batch, &after);
  CHECK(after.value() < 0.8 * before.value());
}

TEST_CASE("alignment of texts: every distance reaches the queries and keys of every layer",
          "[train][align]") {
  const Kind kind = GENERATE(Kind::ct, Kind::ot, Kind::mmd, Kind::gan);
  CAPTURE(static_cast<int>(kind));
  nn::Initializer init(1);
  const TextEncoder encoder(small(TextFamily::bert), init);
  train::AlignmentRegularizer alignment({.distance = {.kind = kind}, .weight = 1});
  evaluate(encoder, batch_of(kTexts), alignment.head_sink());
  alignment.initialize(3);
  alignment.begin_step(3, 1);
  evaluate(encoder, batch_of(kTexts), alignment.head_sink());
  backward(alignment.loss());
  for (const nn::NamedParameter& parameter : encoder.parameters()) {
    const bool projects = parameter.name.find("query.weight") != std::string::npos ||
                          parameter.name.find("key.weight") != std::string::npos;
    if (!projects) {
      continue;
    }
    CAPTURE(parameter.name);
    REQUIRE(parameter.variable.grad().defined());
    CHECK(max_difference(parameter.variable.grad(),
                         core::Tensor::zeros(parameter.variable.shape())) > 1e-6);
  }
}

TEST_CASE("alignment of texts: layers that share weights share the networks", "[train][align]") {
  const auto num_networks = [](TextFamily family) {
    nn::Initializer init(1);
    const TextEncoder encoder(small(family), init);
    train::AlignmentRegularizer alignment({.distance = {.kind = Kind::ct}, .weight = 1});
    evaluate(encoder, batch_of(kTexts), alignment.head_sink());
    alignment.initialize(3);
    alignment.begin_step(3, 1);
    evaluate(encoder, batch_of(kTexts), alignment.head_sink());
    backward(alignment.loss());
    CHECK(alignment.per_head().size() == 3);  // a term each time
    CHECK(alignment.per_head()[0].shape() == core::Shape{3, 2});
    return alignment.parameters().size();
  };
  CHECK(num_networks(TextFamily::bert) == 3 * num_networks(TextFamily::albert));
}

TEST_CASE("alignment of texts: a text of one token adds what its pair costs", "[train][align]") {
  nn::Initializer init(1);
  const TextEncoder encoder(small(TextFamily::bert), init);
  train::AlignmentRegularizer alignment({.distance = {.kind = Kind::mmd}, .weight = 1});
  evaluate(encoder, batch_of(kTexts), alignment.head_sink());
  alignment.initialize(3);
  alignment.begin_step(3, 1);
  evaluate(encoder, batch_of(kTexts), alignment.head_sink());
  const Variable loss = alignment.loss();
  double sum = 0;
  for (const core::Tensor& terms : alignment.per_head()) {
    for (const double term : values(terms)) {
      CHECK(term > 0);
      sum += term / 3;
    }
  }
  CHECK(loss.value().item() == Approx(sum).epsilon(1e-5));
}

}  // namespace attune::testing
