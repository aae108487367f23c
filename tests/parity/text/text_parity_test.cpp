#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/fixture.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/models/text_heads.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/train/pretrained_text.hpp>
#include <attune/train/safetensors.hpp>

// The fixtures are computed in float64 on padded batches by make_fixtures.py, which knows nothing
// of attune; here the same texts are packed.

using namespace attune;
using core::DType;
using core::Tensor;
using testing::Fixture;

namespace {

struct Reference {
  std::string family;
  Fixture fixture;
  models::TextBatch batch;

  explicit Reference(const std::string& name) : family(name), fixture("text/" + name) {
    const std::vector<std::int64_t> ids = fixture.ints("ids");
    const std::vector<std::int64_t> types = fixture.ints("types");
    const std::vector<std::int64_t> mask = fixture.ints("mask");
    const Tensor shape = fixture.tensor("ids");
    const std::vector<std::int32_t> tokens(ids.begin(), ids.end());
    const std::vector<std::int32_t> kinds(types.begin(), types.end());
    const std::vector<std::uint8_t> valid(mask.begin(), mask.end());
    batch = models::pack_texts({.num_texts = shape.size(0),
                                .length = shape.size(1),
                                .tokens = tokens,
                                .types = kinds,
                                .mask = valid});
  }

  [[nodiscard]] std::string folder(const std::string& suffix = "") const {
    return std::string(ATTUNE_FIXTURES) + "/text/" + family + suffix;
  }
  [[nodiscard]] train::TextConfig config() const {
    return train::read_text_config(folder() + "/config.json");
  }
};

// The parameters' gradients under the names and in the layout of the checkpoint.
std::map<std::string, Tensor> foreign_gradients(const nn::Module& model,
                                                const train::TextConfig& config) {
  for (nn::NamedParameter& parameter : model.parameters()) {
    if (parameter.variable.grad().defined()) {
      parameter.variable.set_value(parameter.variable.grad().clone());
    } else {
      parameter.variable.mutable_value().fill(0);
    }
  }
  const testing::TemporaryFolder folder;
  train::save_pretrained(model, config, folder.path());
  return train::read_safetensors(folder.path("model.safetensors")).tensors;
}

using Forward = std::function<Variable(nn::ForwardContext&)>;

void require_parity(const Reference& reference, const std::string& head, nn::Module& model,
                    const std::string& folder, DType dtype, const Forward& forward) {
  CAPTURE(reference.family, head);
  // float64: rounding of both sides; float32: what was promised.
  const double tolerance = dtype == DType::f64 ? 1e-9 : 1e-4;
  const train::TextConfig config = reference.config();
  const train::PretrainedReport report = train::load_pretrained(model, config.encoder, folder);
  REQUIRE(report.missing.empty());
  model.to(dtype);
  nn::ForwardContext ctx;
  const Variable y = forward(ctx);
  const Tensor out = reference.fixture.tensor(head + ".out");
  CHECK(testing::max_difference(y.value().to(DType::f64).reshape(out.shape()), out) < tolerance);
  const Variable upstream(reference.fixture.tensor(head + ".upstream", dtype).reshape(y.shape()));
  backward(ops::sum(ops::mul(y, upstream)));
  const std::string prefix = head + ".grad.";
  std::size_t compared = 0;
  for (const auto& [name, gradient] : foreign_gradients(model, config)) {
    CAPTURE(name);
    std::string there = name;
    if (head == "choice" && name.starts_with("classifier.")) {
      there.replace(0, 10, "choice");
    }
    REQUIRE(reference.fixture.has(prefix + there));
    const Tensor expected = reference.fixture.tensor(prefix + there);
    // Gradients are sums over tokens of numbers of order one.
    CHECK(testing::max_difference(gradient.to(DType::f64), expected) < tolerance);
    ++compared;
  }
  CHECK(compared == model.parameters().size());
}

}  // namespace

TEST_CASE("text encoders: outputs and gradients of a classifier agree with the reference",
          "[parity]") {
  const std::string family = GENERATE("bert", "roberta", "albert");
  const DType dtype = GENERATE(DType::f64, DType::f32);
  const Reference reference(family);
  const train::TextConfig config = reference.config();
  nn::Initializer init(1);
  models::TextClassifier model({.encoder = config.encoder,
                                .num_labels = static_cast<std::int64_t>(config.labels.size()),
                                .dropout = config.classifier_dropout},
                               init);
  require_parity(reference, "classifier", model, reference.folder(), dtype,
                 [&](nn::ForwardContext& ctx) { return model.forward(reference.batch, ctx); });
}

TEST_CASE("text encoders: outputs and gradients of multiple choice agree with the reference",
          "[parity]") {
  const std::string family = GENERATE("bert", "roberta", "albert");
  const DType dtype = GENERATE(DType::f64, DType::f32);
  const Reference reference(family);
  nn::Initializer init(1);
  models::TextClassifier model({.encoder = reference.config().encoder,
                                .num_labels = 1,
                                .pooling = models::TextPooling::pooler},
                               init);
  require_parity(reference, "choice", model, reference.folder("_choice"), dtype,
                 [&](nn::ForwardContext& ctx) { return model.forward(reference.batch, ctx); });
}

TEST_CASE("text encoders: outputs and gradients of spans agree with the reference", "[parity]") {
  const std::string family = GENERATE("bert", "roberta", "albert");
  const DType dtype = GENERATE(DType::f64, DType::f32);
  const Reference reference(family);
  nn::Initializer init(1);
  models::SpanPredictor model(reference.config().encoder, init);
  require_parity(reference, "span", model, reference.folder(), dtype,
                 [&](nn::ForwardContext& ctx) { return model.forward(reference.batch, ctx); });
}

TEST_CASE("text encoders: outputs and gradients of masked words agree with the reference",
          "[parity]") {
  const std::string family = GENERATE("bert", "roberta", "albert");
  const DType dtype = GENERATE(DType::f64, DType::f32);
  const Reference reference(family);
  nn::Initializer init(1);
  models::MaskedLanguageModel model(reference.config().encoder, init);
  std::vector<std::int32_t> all(reference.batch.tokens.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<std::int32_t>(i);
  }
  require_parity(reference, "guess", model, reference.folder(), dtype,
                 [&](nn::ForwardContext& ctx) { return model.forward(reference.batch, all, ctx); });
}

TEST_CASE("text encoders: hidden states, queries and keys of every layer agree with the reference",
          "[parity]") {
  class Heads final : public nn::HeadSink {
   public:
    void receive(const nn::AttentionHeads& heads) override {
      queries.push_back(heads.queries.value());
      keys.push_back(heads.keys.value());
      layers.insert(heads.layer);
      starts.assign(heads.query_segments.begin(), heads.query_segments.end());
    }
    std::vector<Tensor> queries;
    std::vector<Tensor> keys;
    std::set<const void*> layers;
    std::vector<std::int64_t> starts;
  };
  const std::string family = GENERATE("bert", "roberta", "albert");
  CAPTURE(family);
  const Reference reference(family);
  const models::TextEncoderOptions options = reference.config().encoder;
  nn::Initializer init(1);
  models::TextEncoder encoder(options, init);
  (void)train::load_pretrained(encoder, options, reference.folder());
  encoder.to(DType::f64);
  Heads heads;
  nn::ForwardContext ctx;
  ctx.head_sink = &heads;
  const Variable hidden = encoder.forward(reference.batch, ctx);
  CHECK(testing::max_difference(hidden.value(), reference.fixture.tensor("hidden")) < 1e-9);
  REQUIRE(heads.queries.size() == static_cast<std::size_t>(options.layers));
  for (std::size_t i = 0; i < heads.queries.size(); ++i) {
    const std::string layer = std::to_string(i);
    CHECK(testing::max_difference(heads.queries[i], reference.fixture.tensor("queries." + layer)) <
          1e-9);
    CHECK(testing::max_difference(heads.keys[i], reference.fixture.tensor("keys." + layer)) < 1e-9);
  }
  CHECK(heads.starts == reference.batch.starts);
  // ALBERT applies one layer again and again.
  CHECK(heads.layers.size() == (family == "albert" ? 1U : heads.queries.size()));
}
