#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <attune/models/region_batch.hpp>
#include <attune/models/text_batch.hpp>
#include <attune/nn/attention_reduction.hpp>
#include <attune/nn/embedding.hpp>
#include <attune/nn/guided_attention_layer.hpp>
#include <attune/nn/layer_norm.hpp>
#include <attune/nn/linear.hpp>
#include <attune/nn/lstm.hpp>
#include <attune/nn/transformer_encoder_layer.hpp>

namespace attune::models {

/// The defaults are those of the paper, but for the layers, of which its best model has 6 and the
/// one that alignment was published with 4, and for the vocabulary, which is that of the weights
/// that its authors released.
struct McanOptions {
  std::int64_t vocabulary = 20572;            ///< words, padding included
  std::int64_t answers = 3129;                ///< to choose from
  std::int64_t word_channels = 300;           ///< of the embeddings of words
  std::int64_t region_channels = 2048;        ///< of what an image's regions are described by
  std::int64_t channels = 512;                ///< of the layers, a multiple of heads
  std::int64_t layers = 4;                    ///< of the encoder, and as many of the decoder
  std::int64_t heads = 8;                     ///< of each attention
  std::int64_t intermediate_channels = 2048;  ///< width of the feed-forward networks
  std::int64_t reduction_channels = 512;      ///< of the networks that score words and regions
  std::int64_t fused_channels = 1024;  ///< of a question and of an image, before they are added
  double dropout = 0.1;  ///< probability, everywhere but on coefficients, in training only
  double attention_dropout = 0.1;    ///< probability, on the coefficients, in training only
  double layer_norm_epsilon = 1e-6;  ///< added to variances, above 0
  double word_deviation = 0.02;      ///< of the normal distribution that embeddings are drawn from
};

/// Deep modular co-attention network: answers a question about an image. Yu et al., "Deep Modular
/// Co-Attention Networks for Visual Question Answering", CVPR 2019, arXiv 1906.10770, with the
/// stacking that the paper calls encoder-decoder:
///
///     Y_0 = lstm(embedding(words))        X_0 = regions W_x + b_x
///     Y_l = self-attention layer of Y_{l-1}, the encoder
///     X_l = guided attention layer of X_{l-1}, guided by Y_L, the decoder
///     logits = LayerNorm(reduction(Y_L) + reduction(X_L)) W_s + b_s
///
/// A sigmoid of each logit is the score of its answer. Heads are reported layer by layer, the
/// encoder's first; those of guided attention as cross, so that they are not aligned unless asked
/// for. Questions and images are not padded: word t of one is nothing to another.
///
///     Mcan model({.layers = 2}, init);
///     const Variable logits = model.forward(pack_texts(words), pack_regions(features), ctx);
///
/// Parameters: words, lstm, regions (W_x, b_x), encoder.LAYER, decoder.LAYER, question_reduction,
/// image_reduction, norm and classifier (W_s, b_s).
class Mcan final : public nn::Module {
 public:
  /// @throws InvalidArgument  a size below 1, heads that do not divide channels, a dropout outside
  ///                          [0, 1), an epsilon that is not above 0, a deviation that is negative
  Mcan(const McanOptions& options, nn::Initializer& init);

  /// @param questions  types and positions are not looked at
  /// @param images     of each question, in the same order: an image of two questions comes twice
  /// @return           [num_questions, answers]
  /// @throws InvalidArgument  another number of images than of questions, or a word that has no
  ///                          embedding
  /// @throws ShapeError       features that do not have region_channels columns
  [[nodiscard]] Variable forward(const TextBatch& questions, const RegionBatch& images,
                                 nn::ForwardContext& ctx) const;

  /// It was made with.
  [[nodiscard]] const McanOptions& options() const noexcept { return options_; }

 private:
  McanOptions options_;
  nn::Embedding words_;
  nn::Lstm lstm_;
  nn::Linear regions_;
  std::vector<std::unique_ptr<nn::TransformerEncoderLayer>> encoder_;
  std::vector<std::unique_ptr<nn::GuidedAttentionLayer>> decoder_;
  nn::AttentionReduction question_reduction_;
  nn::AttentionReduction image_reduction_;
  nn::LayerNorm norm_;
  nn::Linear classifier_;
};

}  // namespace attune::models
