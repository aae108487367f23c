#pragma once

#include <cstdint>
#include <vector>

#include <attune/core/random.hpp>
#include <attune/models/text_batch.hpp>

namespace attune::train {

/// Which tokens are hidden. The defaults are those of Devlin et al., section 3.1.
struct MaskingOptions {
  double share = 0.15;          ///< of the tokens that are to be guessed, in (0, 1)
  double masked = 0.8;          ///< share of these that the mask replaces
  double replaced = 0.1;        ///< share of these that a random token replaces; the others stay
  std::int32_t mask_token = 0;  ///< what hides a token
  std::int64_t vocabulary = 0;  ///< required: random tokens are below it
  std::vector<std::int32_t> special;  ///< tokens that are never hidden nor drawn
};

/// A batch in which tokens are hidden, and which.
struct MaskedTexts {
  models::TextBatch batch;           ///< as the encoder sees it
  std::vector<std::int32_t> places;  ///< tokens to be guessed, ascending
  std::vector<std::int32_t> labels;  ///< [places.size()]: what stood there
};

/// Hides tokens of a batch for masked language modelling. Which and how is a function of the stream
/// and the token's place in the batch; a batch with any token that may be hidden has one at least
/// to be guessed.
/// @throws InvalidArgument  a share outside its range, or masked + replaced above 1; a vocabulary
///                          that holds nothing but special tokens; a mask token outside it
[[nodiscard]] MaskedTexts mask_tokens(const models::TextBatch& batch, const MaskingOptions& options,
                                      const core::RandomStream& random);

}  // namespace attune::train
