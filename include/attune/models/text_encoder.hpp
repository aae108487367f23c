#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <attune/models/text_batch.hpp>
#include <attune/nn/embedding.hpp>
#include <attune/nn/forward_context.hpp>
#include <attune/nn/layer_norm.hpp>
#include <attune/nn/linear.hpp>
#include <attune/nn/module.hpp>
#include <attune/nn/transformer_encoder_layer.hpp>

namespace attune::models {

/// What the published encoders differ in beyond their sizes.
enum class TextFamily : std::uint8_t {
  bert,     ///< Devlin et al., NAACL 2019, arXiv 1810.04805
  roberta,  ///< Liu et al., 2019, arXiv 1907.11692: positions begin after that of the padding
  albert,   ///< Lan et al., ICLR 2020, arXiv 1909.11942: narrow embeddings, layers share weights
};

/// The defaults are those of BERT-base.
struct TextEncoderOptions {
  TextFamily family = TextFamily::bert;  ///< decides where positions begin and what heads look like
  std::int64_t vocabulary = 30522;       ///< tokens
  std::int64_t embedding_channels =
      768;                      ///< other than channels: a map leads from one to the other
  std::int64_t channels = 768;  ///< of the layers, a multiple of heads
  std::int64_t layers = 12;     ///< applied, one after another
  std::int64_t heads = 12;      ///< of each layer
  std::int64_t intermediate_channels = 3072;  ///< width of the feed-forward networks
  std::int64_t max_positions = 512;           ///< rows of the table; RoBERTa keeps some for itself
  std::int64_t token_types = 2;               ///< kinds of parts of a text
  std::int64_t padding_token = 0;             ///< RoBERTa counts positions from the one after it
  std::int64_t layer_groups = 0;              ///< layers of a group share their weights; 0: none do
  std::int64_t group_layers = 1;  ///< layers that one application of a group runs through
  nn::HiddenActivation activation = nn::HiddenActivation::gelu;  ///< of the feed-forward networks
  double dropout = 0.1;  ///< probability, on embeddings and what layers add, in training only
  double attention_dropout = 0.1;     ///< probability, on the coefficients, in training only
  double layer_norm_epsilon = 1e-12;  ///< added to variances, above 0
  double deviation = 0.02;            ///< of the normal distribution that weights are drawn from
};

/// Tokens a text may have at most.
[[nodiscard]] std::int64_t max_tokens(const TextEncoderOptions& options) noexcept;

/// Throws if a size is below 1, heads do not divide channels, or groups do not divide layers.
/// @throws InvalidArgument  names the option
void validate(const TextEncoderOptions& options);

/// A transformer encoder of texts: embeddings of tokens, positions and token types, summed and
/// normalised, then layers of self-attention among the tokens of each text. One module for BERT,
/// RoBERTa and ALBERT.
///
///     TextEncoder encoder({.channels = 256, .layers = 4, ...}, seed);
///     const Variable hidden = encoder.forward(pack_texts(tokens), ctx);
///
/// Cost and memory follow the tokens that are there: texts are not padded.
class TextEncoder final : public nn::Module {
 public:
  /// @throws InvalidArgument  as validate()
  TextEncoder(const TextEncoderOptions& options, nn::Initializer& init);

  /// @param ctx  a head sink receives the heads of every layer with their texts, applied layers
  ///             that share weights under one name
  /// @return     [num_tokens, channels]
  /// @throws InvalidArgument  a token, type or position that has no embedding, or a text that is
  ///                          too long; says which
  [[nodiscard]] Variable forward(const TextBatch& batch, nn::ForwardContext& ctx) const;

  /// It was made with.
  [[nodiscard]] const TextEncoderOptions& options() const noexcept { return options_; }
  /// [vocabulary, embedding_channels]
  [[nodiscard]] const Variable& token_embeddings() const noexcept { return tokens_.weight(); }

 private:
  [[nodiscard]] Variable embed(const TextBatch& batch, nn::ForwardContext& ctx) const;
  void check(const TextBatch& batch) const;

  TextEncoderOptions options_;
  nn::Embedding tokens_;
  nn::Embedding positions_;
  nn::Embedding types_;
  nn::LayerNorm embedding_norm_;
  std::unique_ptr<nn::Linear> widening_;  // null: embeddings are as wide as the layers
  std::vector<std::unique_ptr<nn::TransformerEncoderLayer>> layers_;  // of all groups
};

}  // namespace attune::models
