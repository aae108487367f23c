#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/train/masked_language.hpp>

namespace attune::testing {

namespace {

const train::MaskingOptions kOptions{.mask_token = 4, .vocabulary = 50, .special = {0, 1, 2, 3, 4}};

models::TextBatch many_tokens() {
  std::vector<std::vector<std::int32_t>> texts;
  for (std::int32_t i = 0; i < 200; ++i) {
    std::vector<std::int32_t> text = {2};
    for (std::int32_t t = 0; t < 100; ++t) {
      text.push_back(5 + (i * 7 + t * 3) % 45);
    }
    text.push_back(3);
    texts.push_back(text);
  }
  return models::pack_texts(texts);
}

core::RandomStream stream(std::uint32_t step) {
  return {9, core::Purpose::sampling, 0, step};
}

}  // namespace

TEST_CASE("mask_tokens: hides 15 % of the tokens, 80 % of them by the mask", "[train]") {
  const models::TextBatch batch = many_tokens();
  const train::MaskedTexts masked = train::mask_tokens(batch, kOptions, stream(1));
  double by_mask = 0;
  double stayed = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    if (next < masked.places.size() && masked.places[next] == static_cast<std::int32_t>(i)) {
      REQUIRE(masked.labels[next] == batch.tokens[i]);
      REQUIRE(batch.tokens[i] > 4);
      const std::int32_t seen = masked.batch.tokens[i];
      by_mask += seen == 4 ? 1 : 0;
      stayed += seen == batch.tokens[i] ? 1 : 0;
      REQUIRE((seen == 4 || seen > 4));
      ++next;
    } else {
      REQUIRE(masked.batch.tokens[i] == batch.tokens[i]);
    }
  }
  REQUIRE(next == masked.places.size());
  const auto hidden = static_cast<double>(masked.places.size());
  CHECK(hidden / 20000 == Approx(0.15).margin(0.01));
  CHECK(by_mask / hidden == Approx(0.8).margin(0.03));
  // A random token is the true one once in 45.
  CHECK(stayed / hidden == Approx(0.1 + 0.1 / 45).margin(0.025));
}

TEST_CASE("mask_tokens: is a function of the stream", "[train][property]") {
  const models::TextBatch batch = many_tokens();
  const train::MaskedTexts a = train::mask_tokens(batch, kOptions, stream(1));
  const train::MaskedTexts b = train::mask_tokens(batch, kOptions, stream(1));
  const train::MaskedTexts c = train::mask_tokens(batch, kOptions, stream(2));
  CHECK(a.batch.tokens == b.batch.tokens);
  CHECK(a.places == b.places);
  CHECK(a.places != c.places);
}

TEST_CASE("mask_tokens: leaves something to guess wherever it may", "[train]") {
  const std::vector<std::vector<std::int32_t>> one = {{2, 9, 3}};
  const std::vector<std::vector<std::int32_t>> none = {{2, 3}};
  for (std::uint32_t step = 0; step < 20; ++step) {
    CHECK(train::mask_tokens(models::pack_texts(one), kOptions, stream(step)).places ==
          std::vector<std::int32_t>{1});
  }
  CHECK(train::mask_tokens(models::pack_texts(none), kOptions, stream(1)).places.empty());
}

TEST_CASE("mask_tokens: says what is out of range", "[train]") {
  const models::TextBatch batch = many_tokens();
  const auto error = [&](auto change) {
    train::MaskingOptions options = kOptions;
    change(options);
    return message_of<InvalidArgument>(
        [&] { (void)train::mask_tokens(batch, options, stream(1)); });
  };
  CHECK(error([](train::MaskingOptions& o) { o.share = 0; }) ==
        "mask_tokens: share must be in (0, 1), got 0");
  CHECK(error([](train::MaskingOptions& o) { o.replaced = 0.5; }) ==
        "mask_tokens: masked and replaced must be at least 0 and 1 together at most, got 0.8 and "
        "0.5");
  CHECK(error([](train::MaskingOptions& o) { o.vocabulary = 5; }) ==
        "mask_tokens: vocabulary must be above 5 special tokens, got 5");
  CHECK(error([](train::MaskingOptions& o) { o.mask_token = 50; }) ==
        "mask_tokens: mask_token must be in [0, 50), got 50");
}

}  // namespace attune::testing
