#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/models/text_heads.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using models::TextEncoderOptions;
using models::TextFamily;
using testing::message_of;
using Texts = std::vector<std::vector<std::int32_t>>;

namespace {

TextEncoderOptions small(TextFamily family = TextFamily::bert) {
  return {.family = family,
          .vocabulary = 11,
          .embedding_channels = family == TextFamily::albert ? 4 : 6,
          .channels = 6,
          .layers = 2,
          .heads = 2,
          .intermediate_channels = 8,
          .max_positions = 9,
          .padding_token = family == TextFamily::roberta ? 1 : 0,
          .layer_groups = family == TextFamily::albert ? 1 : 0,
          .layer_norm_epsilon = 1e-3};
}

}  // namespace

TEST_CASE("pack_texts: puts texts side by side and counts their positions", "[models]") {
  const Texts tokens = {{5, 6}, {7, 8, 9}};
  const Texts types = {{0, 1}, {0, 0, 1}};
  const models::TextBatch batch = models::pack_texts(tokens, types);
  CHECK(batch.tokens == std::vector<std::int32_t>{5, 6, 7, 8, 9});
  CHECK(batch.types == std::vector<std::int32_t>{0, 1, 0, 0, 1});
  CHECK(batch.positions == std::vector<std::int32_t>{0, 1, 0, 1, 2});
  CHECK(batch.starts == std::vector<std::int64_t>{0, 2, 5});
  CHECK(batch.num_texts() == 2);
}

TEST_CASE("pack_texts: leaves padding out", "[models]") {
  const std::vector<std::int32_t> tokens = {5, 6, 0, 7, 0, 0};
  const std::vector<std::uint8_t> mask = {1, 1, 0, 1, 0, 0};
  const models::TextBatch batch = models::pack_texts(
      {.num_texts = 2, .length = 3, .tokens = tokens, .types = {}, .mask = mask});
  CHECK(batch.tokens == std::vector<std::int32_t>{5, 6, 7});
  CHECK(batch.positions == std::vector<std::int32_t>{0, 1, 0});
  CHECK(batch.starts == std::vector<std::int64_t>{0, 2, 3});
}

TEST_CASE("pack_texts: says what does not fit", "[models]") {
  const Texts empty = {{1}, {}};
  CHECK(message_of<InvalidArgument>([&] { (void)models::pack_texts(empty); }) ==
        "pack_texts: text 1 must have a token, got none");
  const Texts tokens = {{1, 2}};
  const Texts types = {{0}};
  CHECK(message_of<InvalidArgument>([&] { (void)models::pack_texts(tokens, types); }) ==
        "pack_texts: text 0 must have 2 types, got 1");
  const std::vector<std::int32_t> three = {1, 2, 3};
  const std::vector<std::uint8_t> mask = {1, 1};
  CHECK(message_of<InvalidArgument>([&] {
          (void)models::pack_texts(
              {.num_texts = 1, .length = 3, .tokens = three, .types = {}, .mask = mask});
        }) == "pack_texts: expected 1 times 3 tokens, types and mask, got 3, 0 and 2");
}

TEST_CASE("TextEncoder: a text alone has the hidden states that it has in a batch", "[models]") {
  const TextFamily family = GENERATE(TextFamily::bert, TextFamily::roberta, TextFamily::albert);
  nn::Initializer init(1);
  models::TextEncoder encoder(small(family), init);
  testing::randomize(encoder, 2);
  encoder.to(DType::f64);
  nn::ForwardContext ctx;
  const Texts both = {{2, 3, 4}, {5, 6, 7, 8, 9}};
  const Texts second = {both[1]};
  const std::vector<double> together =
      testing::values(encoder.forward(models::pack_texts(both), ctx).value());
  const std::vector<double> alone =
      testing::values(encoder.forward(models::pack_texts(second), ctx).value());
  for (std::size_t i = 0; i < alone.size(); ++i) {
    CHECK(together[together.size() - alone.size() + i] == Approx(alone[i]).margin(1e-12));
  }
}

TEST_CASE("TextEncoder: derivatives agree with central differences", "[models][gradient]") {
  const TextFamily family = GENERATE(TextFamily::bert, TextFamily::roberta, TextFamily::albert);
  nn::Initializer init(1);
  models::TextClassifier model({.encoder = small(family), .num_labels = 3}, init);
  testing::randomize(model, 2);
  model.to(DType::f64);
  const Texts texts = {{2, 3}, {5, 2, 7}};
  const models::TextBatch batch = models::pack_texts(texts);
  testing::require_gradients(
      [&] {
        nn::ForwardContext ctx(core::RandomStream(5, core::Purpose::dropout));
        return testing::weighted_sum(model.forward(batch, ctx));
      },
      testing::all_parameters(model));
}

TEST_CASE("TextEncoder: ALBERT has one layer however deep it is", "[models]") {
  nn::Initializer init(1);
  TextEncoderOptions deep = small(TextFamily::albert);
  deep.layers = 12;
  CHECK(models::TextEncoder(deep, init).num_parameters() ==
        models::TextEncoder(small(TextFamily::albert), init).num_parameters());
  // Table 1 of the ALBERT paper: base has 12 million parameters, BERT-base 108 million.
  const models::TextEncoder base({.family = TextFamily::albert,
                                  .vocabulary = 30000,
                                  .embedding_channels = 128,
                                  .layer_groups = 1},
                                 init);
  CHECK(base.num_parameters() / 100000 == 110);
}

TEST_CASE("TextEncoder: names what has no embedding", "[models]") {
  nn::Initializer init(1);
  const models::TextEncoder encoder(small(TextFamily::roberta), init);
  nn::ForwardContext ctx;
  const auto error = [&](const Texts& tokens, const Texts& types) {
    return message_of<InvalidArgument>(
        [&] { (void)encoder.forward(models::pack_texts(tokens, types), ctx); });
  };
  CHECK(error({{2, 11}}, {}) ==
        "TextEncoder::forward: number of token 1 of the batch must be in [0, 11), got 11");
  CHECK(error({{2, -1}}, {}) ==
        "TextEncoder::forward: number of token 1 of the batch must be in [0, 11), got -1");
  CHECK(error({{2}}, {{2}}) ==
        "TextEncoder::forward: type of token 0 of the batch must be in [0, 2), got 2");
  // Two of nine positions are kept by RoBERTa.
  CHECK(error({{2, 2, 2, 2, 2, 2, 2, 2}}, {}) ==
        "TextEncoder::forward: position of token 7 of the batch must be in [0, 7), got 7");
}

TEST_CASE("TextEncoder: names an option that is out of range", "[models]") {
  const auto error = [](auto change) {
    TextEncoderOptions options = small();
    change(options);
    nn::Initializer init(1);
    return message_of<InvalidArgument>([&] { const models::TextEncoder encoder(options, init); });
  };
  CHECK(error([](TextEncoderOptions& o) { o.layers = 0; }) ==
        "TextEncoder: layers must be at least 1, got 0");
  CHECK(error([](TextEncoderOptions& o) { o.layer_groups = 3; }) ==
        "TextEncoder: layer_groups must divide layers=2, got 3");
  CHECK(error([](TextEncoderOptions& o) { o.padding_token = 11; }) ==
        "TextEncoder: padding_token must be in [0, 11), got 11");
  CHECK(error([](TextEncoderOptions& o) { o.layer_norm_epsilon = 0; }) ==
        "TextEncoder: layer_norm_epsilon must be finite and above 0, got 0");
  CHECK(error([](TextEncoderOptions& o) { o.deviation = -1; }) ==
        "TextEncoder: deviation must be finite and at least 0, got -1");
  CHECK(error([](TextEncoderOptions& o) { o.heads = 4; }) ==
        "MultiHeadAttention: channels must be a multiple of heads=4, got 6");
  CHECK(error([](TextEncoderOptions& o) { o.dropout = 1; }) ==
        "TransformerEncoderLayer: dropout must be in [0, 1), got 1");
}

TEST_CASE("MaskedLanguageModel: computes the rows that it is asked for", "[models]") {
  nn::Initializer init(1);
  models::MaskedLanguageModel model(small(), init);
  testing::randomize(model, 2);
  nn::ForwardContext ctx;
  const Texts texts = {{2, 3, 4}, {5, 6}};
  const models::TextBatch batch = models::pack_texts(texts);
  const std::vector<std::int32_t> all = {0, 1, 2, 3, 4};
  const std::vector<std::int32_t> some = {4, 1};
  const std::vector<double> every = testing::values(model.forward(batch, all, ctx).value());
  const std::vector<double> two = testing::values(model.forward(batch, some, ctx).value());
  for (std::size_t c = 0; c < 11; ++c) {
    CHECK(two[c] == Approx(every[4 * 11 + c]).margin(1e-5));
    CHECK(two[11 + c] == Approx(every[11 + c]).margin(1e-5));
  }
}
