#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/models/mcan.hpp>
#include <attune/ops/binary_cross_entropy.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using models::McanOptions;
using testing::message_of;
using testing::random_tensor;
using Texts = std::vector<std::vector<std::int32_t>>;

namespace {

McanOptions small() {
  return {.vocabulary = 9,
          .answers = 4,
          .word_channels = 3,
          .region_channels = 5,
          .channels = 4,
          .layers = 2,
          .heads = 2,
          .intermediate_channels = 6,
          .reduction_channels = 3,
          .fused_channels = 5,
          .layer_norm_epsilon = 1e-3};
}

// In float64, with no parameter at its first value.
struct SmallModel {
  nn::Initializer init{1};
  models::Mcan model{small(), init};

  SmallModel() {
    testing::randomize(model, 2);
    model.to(DType::f64);
  }

  [[nodiscard]] Tensor answer(const Texts& questions, const std::vector<Tensor>& images) const {
    nn::ForwardContext ctx;
    return model.forward(models::pack_texts(questions), models::pack_regions(images), ctx).value();
  }
};

Tensor reversed_rows(const Tensor& x) {
  Tensor out = x.clone();
  const std::int64_t width = x.size(1);
  for (std::int64_t r = 0; r < x.size(0); ++r) {
    std::copy_n(x.data<double>().data() + r * width, width,
                out.mutable_data<double>().data() + (x.size(0) - 1 - r) * width);
  }
  return out;
}

}  // namespace

TEST_CASE("Mcan: derivatives agree with central differences", "[models][gradient]") {
  SmallModel small_model;
  const models::Mcan& model = small_model.model;
  const Texts texts = {{1, 2, 3}, {4}, {2, 8}};
  const models::TextBatch questions = models::pack_texts(texts);
  const std::vector<Tensor> features = {random_tensor({2, 5}, 3), random_tensor({3, 5}, 4),
                                        random_tensor({1, 5}, 5)};
  const models::RegionBatch images = models::pack_regions(features);
  const Tensor targets = Tensor::from<double>({0, 1, 0, 0, 0.3, 0, 0.6, 0, 0, 0, 0, 1}, {3, 4});
  testing::require_gradients(
      [&] {
        nn::ForwardContext ctx(core::RandomStream(5, core::Purpose::dropout));
        return ops::binary_cross_entropy(model.forward(questions, images, ctx), targets);
      },
      testing::all_parameters(model));
}

TEST_CASE("Mcan: the order of the regions does not matter and that of the words does",
          "[models][property]") {
  const SmallModel model;
  const Tensor image = random_tensor({4, 5}, 3);
  const Tensor logits = model.answer({{1, 2, 3}}, {image});
  CHECK(testing::max_difference(model.answer({{1, 2, 3}}, {reversed_rows(image)}), logits) < 1e-12);
  CHECK(testing::max_difference(model.answer({{3, 2, 1}}, {image}), logits) > 1e-6);
}

TEST_CASE("Mcan: a question alone is answered as it is among others", "[models][property]") {
  const SmallModel model;
  const Tensor first = random_tensor({4, 5}, 3);
  const Tensor second = random_tensor({2, 5}, 4);
  const std::vector<double> both =
      testing::values(model.answer({{1, 2, 3}, {5, 6}}, {first, second}));
  const std::vector<double> alone = testing::values(model.answer({{5, 6}}, {second}));
  for (std::size_t i = 0; i < alone.size(); ++i) {
    CHECK(both[4 + i] == Approx(alone[i]).margin(1e-12));
  }
}

TEST_CASE("Mcan: padded words and regions change nothing whatever they hold",
          "[models][property]") {
  const SmallModel model;
  const Tensor image = random_tensor({2, 5}, 3);
  const Tensor logits = model.answer({{1, 2, 3}}, {image});
  const std::vector<std::int32_t> tokens = {1, 2, 3, 7};
  const std::vector<std::uint8_t> word_mask = {1, 1, 1, 0};
  const std::vector<std::uint8_t> region_mask = {1, 0, 1};
  Tensor padded = random_tensor({1, 3, 5}, 9);
  std::copy_n(image.data<double>().data(), 5, padded.mutable_data<double>().data());
  std::copy_n(image.data<double>().data() + 5, 5, padded.mutable_data<double>().data() + 10);
  nn::ForwardContext ctx;
  const Variable found = model.model.forward(
      models::pack_texts(
          {.num_texts = 1, .length = 4, .tokens = tokens, .types = {}, .mask = word_mask}),
      models::pack_regions(padded, region_mask), ctx);
  CHECK(testing::same_bits(found.value(), logits));
}

TEST_CASE("Mcan: reports the heads of the encoder and the decoder and which are cross",
          "[models]") {
  struct Sink final : nn::HeadSink {
    void receive(const nn::AttentionHeads& heads) override {
      kinds.push_back(heads.cross ? 'c' : 's');
      sizes.push_back(heads.keys.shape()[0]);
    }
    std::string kinds;
    std::vector<std::int64_t> sizes;
  };
  const SmallModel model;
  Sink sink;
  nn::ForwardContext ctx;
  ctx.head_sink = &sink;
  const Texts texts = {{1, 2, 3}};
  const std::vector<Tensor> image = {random_tensor({2, 5}, 3)};
  (void)model.model.forward(models::pack_texts(texts), models::pack_regions(image), ctx);
  CHECK(sink.kinds == "ssscsc");
  CHECK(sink.sizes == std::vector<std::int64_t>{3, 3, 2, 3, 2, 3});
}

TEST_CASE("Mcan: has as many parameters as the weights that its authors released", "[models]") {
  // Drawing all of them would take most of the time of all tests here.
  const auto count = [](std::int64_t layers) {
    nn::Initializer init(1);
    return models::Mcan({.vocabulary = 1, .layers = layers}, init).num_parameters();
  };
  const std::int64_t one = count(1);
  const std::int64_t layer = count(2) - one;
  const McanOptions paper;
  const std::int64_t words = (paper.vocabulary - 1) * paper.word_channels;
  // 57812491 with six layers and 20572 words; of its LSTM's two biases of 2048 we keep one.
  CHECK(one + 5 * layer + words + 2048 == 57812491);
  // The paper that aligns its heads gives 43.3 million with four layers and its own vocabulary.
  CHECK(one + (paper.layers - 1) * layer + words == 43097611);
}

TEST_CASE("Mcan: says what does not fit", "[models]") {
  const SmallModel model;
  const Tensor image = random_tensor({2, 5}, 3);
  CHECK(message_of<InvalidArgument>([&] {
          (void)model.answer({{1}, {2}}, {image});
        }) == "Mcan::forward: expected an image a question, got 1 images and 2 questions");
  CHECK(message_of<InvalidArgument>([&] {
          (void)model.answer({{1, 9}}, {image});
        }) == "Mcan::forward: word 1 of the batch must be in [0, 9), got 9");
  CHECK(message_of<ShapeError>([&] {
          (void)model.answer({{1}}, {random_tensor({2, 4}, 3)});
        }) == "Linear::forward: x must be [num_nodes=2, in_channels=5], got [2, 4]");
  McanOptions options = small();
  options.layers = 0;
  nn::Initializer init(1);
  CHECK(message_of<InvalidArgument>([&] { const models::Mcan none(options, init); }) ==
        "Mcan: layers must be 1 to 1000000000, got 0");
}

TEST_CASE("pack_regions: says what does not fit", "[models]") {
  const std::vector<Tensor> empty = {random_tensor({2, 3}, 1), random_tensor({0, 3}, 1)};
  CHECK(message_of<InvalidArgument>([&] { (void)models::pack_regions(empty); }) ==
        "pack_regions: image 1 must have a region, got none");
  const std::vector<Tensor> narrow = {random_tensor({2, 3}, 1), random_tensor({2, 2}, 1)};
  CHECK(message_of<ShapeError>([&] { (void)models::pack_regions(narrow); }) ==
        "pack_regions: image 1 must be float64 [regions, 3], got float64 [2, 2]");
  CHECK(message_of<InvalidArgument>([&] { (void)models::pack_regions(std::vector<Tensor>()); }) ==
        "pack_regions: expected an image, got none");
  const std::vector<std::uint8_t> mask = {1, 0, 0, 0};
  CHECK(message_of<InvalidArgument>([&] {
          (void)models::pack_regions(random_tensor({2, 2, 3}, 1), mask);
        }) == "pack_regions: image 1 must have a region, got none");
}
