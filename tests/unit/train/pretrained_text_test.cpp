#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/models/text_heads.hpp>
#include <attune/train/pretrained_text.hpp>
#include <attune/train/safetensors.hpp>

namespace attune::testing {

using models::TextFamily;

namespace {

train::TextConfig small(TextFamily family) {
  train::TextConfig config;
  config.encoder = {.family = family,
                    .vocabulary = 11,
                    .embedding_channels = family == TextFamily::albert ? 4 : 6,
                    .channels = 6,
                    .layers = 2,
                    .heads = 2,
                    .intermediate_channels = 8,
                    .max_positions = 9,
                    .token_types = 1,
                    .padding_token = 1,
                    .layer_groups = family == TextFamily::albert ? 2 : 0,
                    .activation = nn::HiddenActivation::gelu_tanh,
                    .dropout = 0.25,
                    .attention_dropout = 0.5,
                    .layer_norm_epsilon = 1e-3};
  config.labels = {"no", "yes", "maybe"};
  return config;
}

std::string config_error(const std::string& json) {
  return message_of<FileError>([&] { (void)train::decode_text_config(json, "config.json"); });
}

const std::string kSizes =
    R"("vocab_size": 10, "hidden_size": 6, "num_hidden_layers": 2, "num_attention_heads": 2,
       "intermediate_size": 8)";

}  // namespace

TEST_CASE("pretrained text: a model that was saved is loaded to the bit", "[train]") {
  const TextFamily family = GENERATE(TextFamily::bert, TextFamily::roberta, TextFamily::albert);
  const TemporaryFolder folder;
  const train::TextConfig config = small(family);
  nn::Initializer init(1);
  models::TextClassifier saved({.encoder = config.encoder, .num_labels = 3}, init);
  randomize(saved, 2);
  train::save_pretrained(saved, config, folder.path("model"));

  const train::TextConfig read = train::read_text_config(folder.path("model/config.json"));
  CHECK(read.labels == config.labels);
  CHECK(read.encoder.activation == config.encoder.activation);
  CHECK(read.encoder.dropout == 0.25);
  CHECK(read.encoder.attention_dropout == 0.5);
  CHECK(read.encoder.layer_norm_epsilon == 1e-3);
  models::TextClassifier loaded({.encoder = read.encoder, .num_labels = 3}, init);
  const train::PretrainedReport report =
      train::load_pretrained(loaded, read.encoder, folder.path("model"));
  CHECK(report.missing.empty());
  CHECK(report.unused.empty());
  const std::vector<nn::NamedParameter> a = saved.parameters();
  const std::vector<nn::NamedParameter> b = loaded.parameters();
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(a[i].name);
    CHECK(same_bits(a[i].variable.value(), b[i].variable.value()));
  }
}

TEST_CASE("pretrained text: a head that the checkpoint lacks keeps its first values", "[train]") {
  const TemporaryFolder folder;
  const train::TextConfig config = small(TextFamily::bert);
  nn::Initializer init(1);
  const models::TextEncoder encoder(config.encoder, init);
  train::save_pretrained(encoder, config, folder.path());
  models::SpanPredictor model(config.encoder, init);
  const train::PretrainedReport report =
      train::load_pretrained(model, config.encoder, folder.path());
  CHECK(report.missing == std::vector<std::string>{"qa_outputs.weight", "qa_outputs.bias"});
  CHECK(same_bits(model.encoder().token_embeddings().value(), encoder.token_embeddings().value()));
}

TEST_CASE("pretrained text: an encoder without the prefix of its family is found", "[train]") {
  const TemporaryFolder folder;
  const train::TextConfig config = small(TextFamily::bert);
  nn::Initializer init(1);
  const models::TextEncoder encoder(config.encoder, init);
  train::save_pretrained(encoder, config, folder.path());
  train::Safetensors content = train::read_safetensors(folder.path("model.safetensors"));
  train::Safetensors bare;
  for (const auto& [name, tensor] : content.tensors) {
    std::string other = name.substr(5);
    // and with the names of the first checkpoints
    if (other.ends_with("LayerNorm.weight")) {
      other.replace(other.size() - 6, 6, "gamma");
    }
    bare.tensors.emplace(other, tensor);
  }
  bare.tensors.emplace("pooler.dense.bias", core::Tensor::zeros({6}));
  train::write_safetensors(folder.path("model.safetensors"), bare);
  models::TextEncoder loaded(config.encoder, init);
  const train::PretrainedReport report =
      train::load_pretrained(loaded, config.encoder, folder.path());
  CHECK(report.unused == std::vector<std::string>{"pooler.dense.bias"});
  CHECK(same_bits(loaded.token_embeddings().value(), encoder.token_embeddings().value()));
}

TEST_CASE("pretrained text: names a tensor that is missing or of another shape", "[train]") {
  const TemporaryFolder folder;
  const train::TextConfig config = small(TextFamily::bert);
  nn::Initializer init(1);
  models::TextEncoder encoder(config.encoder, init);
  train::save_pretrained(encoder, config, folder.path());
  const std::string path = folder.path("model.safetensors");
  const train::Safetensors content = train::read_safetensors(path);
  const core::Tensor before = encoder.token_embeddings().value().clone();
  const std::string name = "bert.encoder.layer.1.intermediate.dense.weight";
  const auto error = [&] {
    return message_of<FileError>(
        [&] { (void)train::load_pretrained(encoder, config.encoder, folder.path()); });
  };
  train::Safetensors other = content;
  other.tensors.erase(name);
  for (float& x :
       other.tensors.at("bert.embeddings.word_embeddings.weight").mutable_data<float>()) {
    x = 7;
  }
  train::write_safetensors(path, other);
  CHECK(error() == path + ": " + name + ": expected a tensor [8, 6], found none");
  other.tensors.emplace(name, core::Tensor::zeros({6, 8}));
  train::write_safetensors(path, other);
  CHECK(error() == path + ": " + name + ": expected shape [8, 6], found [6, 8]");
  CHECK(same_bits(encoder.token_embeddings().value(), before));
}

TEST_CASE("text config: what is absent has the default of its family", "[train]") {
  const auto read = [](const std::string& type) {
    return train::decode_text_config(R"({"model_type": ")" + type + R"(", )" + kSizes + "}",
                                     "config.json");
  };
  CHECK(read("bert").encoder.activation == nn::HiddenActivation::gelu);
  CHECK(read("bert").encoder.dropout == 0.1);
  CHECK(read("bert").classifier_dropout == 0.1);
  CHECK(read("bert").encoder.padding_token == 0);
  CHECK(read("roberta").encoder.padding_token == 1);
  CHECK(read("albert").encoder.activation == nn::HiddenActivation::gelu_tanh);
  CHECK(read("albert").encoder.dropout == 0);
  CHECK(read("albert").encoder.embedding_channels == 128);
  CHECK(read("albert").encoder.layer_groups == 1);
}

TEST_CASE("text config: says what is wrong and where", "[train]") {
  CHECK(config_error("{").starts_with("config.json"));
  CHECK(config_error("[]") == "config.json: expected a JSON object");
  CHECK(config_error(R"({"model_type": "gpt2"})") ==
        "config.json: model_type: expected bert, roberta or albert, found \"gpt2\"");
  CHECK(config_error(R"({"model_type": "bert", "vocab_size": "many"})") ==
        "config.json: vocab_size: expected a whole number below 2^63, found \"many\"");
  CHECK(config_error(R"({"model_type": "bert", "vocab_size": 1000000000000})") ==
        "config.json: vocab_size: expected 0 to 16777216, found 1000000000000");
  const std::string head = R"({"model_type": "bert", )" + kSizes + ", ";
  CHECK(config_error(head + R"("hidden_act": "swish"})") ==
        "config.json: hidden_act: expected gelu, gelu_new, gelu_pytorch_tanh or relu, found "
        "\"swish\"");
  CHECK(config_error(head + R"("hidden_dropout_prob": 1.5})") ==
        "config.json: hidden_dropout_prob: expected a number in [0, 1), found 1.5");
  CHECK(config_error(head + R"("position_embedding_type": "relative_key"})") ==
        "config.json: position_embedding_type: expected \"absolute\", which is what is supported, "
        "found \"relative_key\"");
  CHECK(config_error(head + R"("id2label": {"0": "a", "2": "b"}})") ==
        "config.json: id2label: expected an object of names by number from 0");
  CHECK(config_error(R"({"model_type": "bert", "vocab_size": 10, "hidden_size": 7,
                         "num_hidden_layers": 2, "num_attention_heads": 2,
                         "intermediate_size": 8})") ==
        "config.json: num_attention_heads=2 must divide hidden_size=7");
  CHECK(config_error(R"({"model_type": "bert", "vocab_size": 10, "hidden_size": 6,
                         "num_hidden_layers": 2, "num_attention_heads": 0,
                         "intermediate_size": 8})") ==
        "config.json: TextEncoder: heads must be at least 1, got 0");
}

TEST_CASE("text config: two thousand random mutants are refused or well formed", "[train]") {
  const std::string whole = train::encode_text_config(small(TextFamily::albert));
  const core::RandomStream random(5, core::Purpose::sampling);
  std::uint64_t draw = 0;
  int refused = 0;
  for (int mutant = 0; mutant < 2000; ++mutant) {
    std::string bytes = whole;
    const std::uint64_t changes = 1 + random.below(draw++, 3);
    for (std::uint64_t change = 0; change < changes; ++change) {
      const std::uint64_t at = random.below(draw++, bytes.size());
      bytes[at] = static_cast<char>(random.below(draw++, 256));
    }
    if (random.below(draw++, 4) == 0) {
      bytes.resize(random.below(draw++, bytes.size()));
    }
    try {
      models::validate(train::decode_text_config(bytes, "config.json").encoder);
    } catch (const FileError&) {
      ++refused;
    }
  }
  CHECK(refused > 500);
  CHECK(refused < 2000);
}

}  // namespace attune::testing
