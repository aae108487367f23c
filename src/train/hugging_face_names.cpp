#include "train/hugging_face_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::train {

using core::text;
using models::TextFamily;

namespace {

constexpr std::string_view kEncoder = "encoder.";
constexpr std::string_view kLayers = "layers.";

struct Renamed {
  std::string_view ours;
  std::string_view theirs;
};

// Modules of a name, or nothing.
template <std::size_t n>
std::optional<std::string> find(const std::array<Renamed, n>& table, std::string_view module) {
  const auto at = std::ranges::find(table, module, &Renamed::ours);
  return at == table.end() ? std::nullopt : std::optional(std::string(at->theirs));
}

constexpr std::array<Renamed, 5> kEmbeddings = {{
    {"embeddings.tokens", "embeddings.word_embeddings"},
    {"embeddings.positions", "embeddings.position_embeddings"},
    {"embeddings.types", "embeddings.token_type_embeddings"},
    {"embeddings.norm", "embeddings.LayerNorm"},
    {"embeddings.widening", "encoder.embedding_hidden_mapping_in"},
}};

constexpr std::array<Renamed, 8> kLayer = {{
    {"attention.query", "attention.self.query"},
    {"attention.key", "attention.self.key"},
    {"attention.value", "attention.self.value"},
    {"attention.output", "attention.output.dense"},
    {"attention_norm", "attention.output.LayerNorm"},
    {"intermediate", "intermediate.dense"},
    {"output", "output.dense"},
    {"output_norm", "output.LayerNorm"},
}};

constexpr std::array<Renamed, 8> kSharedLayer = {{
    {"attention.query", "attention.query"},
    {"attention.key", "attention.key"},
    {"attention.value", "attention.value"},
    {"attention.output", "attention.dense"},
    {"attention_norm", "attention.LayerNorm"},
    {"intermediate", "ffn"},
    {"output", "ffn_output"},
    {"output_norm", "full_layer_layer_norm"},
}};

// `bias` alone is the bias of the vocabulary.
constexpr std::array<Renamed, 3> kBertGuess = {{
    {"dense", "cls.predictions.transform.dense"},
    {"norm", "cls.predictions.transform.LayerNorm"},
    {"", "cls.predictions"},
}};
constexpr std::array<Renamed, 3> kRobertaGuess = {{
    {"dense", "lm_head.dense"},
    {"norm", "lm_head.layer_norm"},
    {"", "lm_head"},
}};
constexpr std::array<Renamed, 3> kAlbertGuess = {{
    {"dense", "predictions.dense"},
    {"norm", "predictions.LayerNorm"},
    {"", "predictions"},
}};

class Names {
 public:
  Names(const std::vector<nn::NamedParameter>& parameters,
        const models::TextEncoderOptions& options)
      : options_(options),
        has_head_(has(parameters, "encoder.embeddings.tokens.weight")),
        guesses_(has(parameters, "norm.gamma")),
        own_head_(!guesses_ && has(parameters, "dense.weight")) {}

  [[nodiscard]] ForeignParameter of(const nn::NamedParameter& parameter) const {
    std::string_view name = parameter.name;
    const std::size_t dot = name.rfind('.');
    const std::string_view leaf = dot == std::string_view::npos ? name : name.substr(dot + 1);
    std::string_view module = dot == std::string_view::npos ? "" : name.substr(0, dot);
    const bool of_encoder = !has_head_ || module.starts_with(kEncoder);
    if (has_head_ && of_encoder) {
      module.remove_prefix(kEncoder.size());
    }
    const std::optional<std::string> found = of_encoder ? encoder_module(module) : head(module);
    if (!found) {
      throw InvalidArgument(text("pretrained text: no encoder has a parameter ", parameter.name));
    }
    const bool table = module.starts_with("embeddings.") && module != "embeddings.widening";
    const bool base = of_encoder || module == "pooler";
    return {.variable = parameter.variable,
            .name = text(base ? foreign_prefix(options_.family) : "", *found, ".",
                         leaf == "gamma" ? "weight" : (leaf == "beta" ? "bias" : leaf)),
            .transposed = leaf == "weight" && !table,
            .of_encoder = of_encoder};
  }

 private:
  static bool has(const std::vector<nn::NamedParameter>& parameters, std::string_view name) {
    return std::ranges::find(parameters, name, &nn::NamedParameter::name) != parameters.end();
  }

  [[nodiscard]] std::optional<std::string> encoder_module(std::string_view module) const {
    if (!module.starts_with(kLayers)) {
      return find(kEmbeddings, module);
    }
    module.remove_prefix(kLayers.size());
    std::int64_t layer = 0;
    const char* end = std::from_chars(module.data(), module.data() + module.size(), layer).ptr;
    module.remove_prefix(static_cast<std::size_t>(end - module.data()) + 1);
    if (options_.family != TextFamily::albert) {
      const std::optional<std::string> part = find(kLayer, module);
      return part ? std::optional(text("encoder.layer.", layer, ".", *part)) : std::nullopt;
    }
    const std::optional<std::string> part = find(kSharedLayer, module);
    return part ? std::optional(text("encoder.albert_layer_groups.", layer / options_.group_layers,
                                     ".albert_layers.", layer % options_.group_layers, ".", *part))
                : std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> head(std::string_view module) const {
    if (guesses_) {
      switch (options_.family) {
        case TextFamily::bert:
          return find(kBertGuess, module);
        case TextFamily::roberta:
          return find(kRobertaGuess, module);
        case TextFamily::albert:
          return find(kAlbertGuess, module);
      }
    }
    if (module == "pooler") {
      return options_.family == TextFamily::albert ? "pooler" : "pooler.dense";
    }
    if (module == "dense") {
      return "classifier.dense";
    }
    if (module == "classifier") {
      return own_head_ ? "classifier.out_proj" : "classifier";
    }
    return module == "span" ? std::optional<std::string>("qa_outputs") : std::nullopt;
  }

  const models::TextEncoderOptions& options_;
  bool has_head_;
  bool guesses_;
  bool own_head_;
};

}  // namespace

std::string foreign_prefix(TextFamily family) {
  switch (family) {
    case TextFamily::roberta:
      return "roberta.";
    case TextFamily::albert:
      return "albert.";
    case TextFamily::bert:
      break;
  }
  return "bert.";
}

std::vector<ForeignParameter> foreign_parameters(const nn::Module& model,
                                                 const models::TextEncoderOptions& options) {
  const std::vector<nn::NamedParameter> parameters = model.parameters();
  const Names names(parameters, options);
  std::vector<ForeignParameter> all;
  for (const nn::NamedParameter& parameter : parameters) {
    all.push_back(names.of(parameter));
  }
  return all;
}

}  // namespace attune::train
