#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include "train/json_fields.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/pretrained_text.hpp>

namespace attune::train {

using core::text;
using models::TextEncoderOptions;
using models::TextFamily;
using nn::HiddenActivation;

namespace {

constexpr std::int64_t kMostConfigBytes = 16 << 20;  // label names can be many

struct Family {
  const char* name;
  TextFamily family;
  std::int64_t max_positions;
  std::int64_t token_types;
  std::int64_t padding_token;
  double dropout;
  const char* activation;
};
// What transformers take where a field is absent.
constexpr std::array<Family, 3> kFamilies = {{
    {"bert", TextFamily::bert, 512, 2, 0, 0.1, "gelu"},
    {"roberta", TextFamily::roberta, 512, 2, 1, 0.1, "gelu"},
    {"albert", TextFamily::albert, 512, 2, 0, 0, "gelu_new"},
}};

struct ActivationName {
  const char* name;
  HiddenActivation activation;
};
constexpr std::array<ActivationName, 5> kActivations = {{
    {"gelu", HiddenActivation::gelu},
    {"gelu_new", HiddenActivation::gelu_tanh},
    {"relu", HiddenActivation::relu},
    {"gelu_pytorch_tanh", HiddenActivation::gelu_tanh},
    {"gelu_python", HiddenActivation::gelu},
}};

const Family& family_named(const std::string& name, const std::string& path) {
  for (const Family& family : kFamilies) {
    if (name == family.name) {
      return family;
    }
  }
  throw FileError(path, text("model_type: expected bert, roberta or albert, found \"", name, "\""));
}

HiddenActivation activation_named(const std::string& name, const std::string& path) {
  for (const ActivationName& known : kActivations) {
    if (name == known.name) {
      return known.activation;
    }
  }
  throw FileError(path, text("hidden_act: expected gelu, gelu_new, gelu_pytorch_tanh or relu, "
                             "found \"",
                             name, "\""));
}

/// Fields with a default for what is absent or null.
class Fields {
 public:
  Fields(const nlohmann::json& object, const std::string& path)
      : object_(object), fields_(object, path), path_(path) {}

  [[nodiscard]] std::int64_t size(const char* name) const {
    return in_range(name, fields_.integer(name));
  }
  [[nodiscard]] std::int64_t size(const char* name, std::int64_t otherwise) const {
    return present(name) ? in_range(name, fields_.integer(name)) : otherwise;
  }
  [[nodiscard]] double number(const char* name, double otherwise) const {
    return present(name) ? fields_.number(name) : otherwise;
  }
  [[nodiscard]] double probability(const char* name, double otherwise) const {
    const double p = number(name, otherwise);
    if (!(p >= 0 && p < 1)) {
      throw FileError(path_, text(name, ": expected a number in [0, 1), found ", p));
    }
    return p;
  }
  [[nodiscard]] std::string word(const char* name, const char* otherwise) const {
    return present(name) ? fields_.text(name) : otherwise;
  }
  void require_absent_or(const char* name, const nlohmann::json& value) const {
    if (present(name) && object_.at(name) != value) {
      throw FileError(path_, text(name, ": expected ", value.dump(),
                                  ", which is what is supported, "
                                  "found ",
                                  object_.at(name).dump().substr(0, 60)));
    }
  }

 private:
  [[nodiscard]] bool present(const char* name) const {
    return object_.contains(name) && !object_.at(name).is_null();
  }
  [[nodiscard]] std::int64_t in_range(const char* name, std::int64_t value) const {
    constexpr std::int64_t kMost = 1 << 24;  // beyond any model, far from overflow of products
    if (value < 0 || value > kMost) {
      throw FileError(path_, text(name, ": expected 0 to ", kMost, ", found ", value));
    }
    return value;
  }

  const nlohmann::json& object_;
  JsonFields fields_;
  std::string path_;
};

std::vector<std::string> labels_of(const nlohmann::json& object, const std::string& path) {
  std::vector<std::string> labels;
  if (!object.contains("id2label") || object.at("id2label").is_null()) {
    return labels;
  }
  const nlohmann::json& named = object.at("id2label");
  for (std::size_t i = 0; named.is_object() && i < named.size(); ++i) {
    const auto found = named.find(std::to_string(i));
    if (found == named.end() || !found->is_string()) {
      break;
    }
    labels.push_back(found->get<std::string>());
  }
  if (!named.is_object() || labels.size() != named.size()) {
    throw FileError(path, "id2label: expected an object of names by number from 0");
  }
  return labels;
}

TextEncoderOptions encoder_options(const Fields& fields, const Family& family,
                                   const std::string& path) {
  const bool albert = family.family == TextFamily::albert;
  TextEncoderOptions o;
  o.family = family.family;
  o.vocabulary = fields.size("vocab_size");
  o.channels = fields.size("hidden_size");
  o.layers = fields.size("num_hidden_layers");
  o.heads = fields.size("num_attention_heads");
  o.intermediate_channels = fields.size("intermediate_size");
  o.embedding_channels = albert ? fields.size("embedding_size", 128) : o.channels;
  o.layer_groups = albert ? fields.size("num_hidden_groups", 1) : 0;
  o.group_layers = albert ? fields.size("inner_group_num", 1) : 1;
  o.max_positions = fields.size("max_position_embeddings", family.max_positions);
  o.token_types = fields.size("type_vocab_size", family.token_types);
  o.padding_token = fields.size("pad_token_id", family.padding_token);
  o.activation = activation_named(fields.word("hidden_act", family.activation), path);
  o.dropout = fields.probability("hidden_dropout_prob", family.dropout);
  o.attention_dropout = fields.probability("attention_probs_dropout_prob", family.dropout);
  o.layer_norm_epsilon = fields.number("layer_norm_eps", 1e-12);
  o.deviation = fields.number("initializer_range", 0.02);
  return o;
}

}  // namespace

TextConfig decode_text_config(std::string_view json, const std::string& path) {
  const nlohmann::json object = parse_json(json, path);
  if (!object.is_object()) {
    throw FileError(path, "expected a JSON object");
  }
  const Family& family = family_named(JsonFields(object, path).text("model_type"), path);
  const Fields fields(object, path);
  fields.require_absent_or("position_embedding_type", "absolute");
  fields.require_absent_or("is_decoder", false);
  fields.require_absent_or("add_cross_attention", false);
  TextConfig config;
  config.encoder = encoder_options(fields, family, path);
  config.classifier_dropout =
      family.family == TextFamily::albert
          ? fields.probability("classifier_dropout_prob", 0.1)
          : fields.probability("classifier_dropout", config.encoder.dropout);
  config.labels = labels_of(object, path);
  try {
    models::validate(config.encoder);
    if (config.encoder.channels % config.encoder.heads != 0) {
      throw InvalidArgument(text("num_attention_heads=", config.encoder.heads,
                                 " must divide hidden_size=", config.encoder.channels));
    }
  } catch (const InvalidArgument& error) {
    throw FileError(path, error.what());
  }
  return config;
}

TextConfig read_text_config(const std::string& path) {
  return decode_text_config(core::read_file(path, kMostConfigBytes), path);
}

std::string encode_text_config(const TextConfig& config) {
  const TextEncoderOptions& o = config.encoder;
  nlohmann::json json;
  for (const Family& family : kFamilies) {
    if (family.family == o.family) {
      json["model_type"] = family.name;
    }
  }
  for (const ActivationName& known : kActivations) {
    if (known.activation == o.activation && !json.contains("hidden_act")) {
      json["hidden_act"] = known.name;
    }
  }
  json["vocab_size"] = o.vocabulary;
  json["hidden_size"] = o.channels;
  json["num_hidden_layers"] = o.layers;
  json["num_attention_heads"] = o.heads;
  json["intermediate_size"] = o.intermediate_channels;
  json["max_position_embeddings"] = o.max_positions;
  json["type_vocab_size"] = o.token_types;
  json["pad_token_id"] = o.padding_token;
  json["hidden_dropout_prob"] = o.dropout;
  json["attention_probs_dropout_prob"] = o.attention_dropout;
  json["layer_norm_eps"] = o.layer_norm_epsilon;
  json["initializer_range"] = o.deviation;
  if (o.family == TextFamily::albert) {
    json["embedding_size"] = o.embedding_channels;
    json["num_hidden_groups"] = o.layer_groups == 0 ? o.layers : o.layer_groups;
    json["inner_group_num"] = o.group_layers;
    json["classifier_dropout_prob"] = config.classifier_dropout;
  } else {
    json["classifier_dropout"] = config.classifier_dropout;
  }
  for (std::size_t i = 0; i < config.labels.size(); ++i) {
    json["id2label"][std::to_string(i)] = config.labels[i];
    json["label2id"][config.labels[i]] = i;
  }
  return json.dump(2) + "\n";
}

}  // namespace attune::train
