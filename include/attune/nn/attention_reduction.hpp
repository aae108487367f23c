#pragma once

#include <cstdint>

#include <attune/nn/linear.hpp>
#include <attune/nn/multi_head_attention.hpp>

namespace attune::nn {

/// Settings of an AttentionReduction.
struct AttentionReductionOptions {
  std::int64_t in_channels = 0;      ///< required: of the tokens
  std::int64_t hidden_channels = 0;  ///< required: of the network that scores them
  std::int64_t out_channels = 0;     ///< required: of what a sample becomes
  std::int64_t glimpses = 1;         ///< scores a token, each with a weighted sum of its own
  double dropout = 0;                ///< inside the scoring network, in training only
  double deviation = 0;              ///< as LinearOptions::deviation
};

/// Makes one vector of the tokens of each sample. Yu et al., "Deep Modular Co-Attention Networks
/// for Visual Question Answering", CVPR 2019, arXiv 1906.10770, section 4.3:
///
///     alpha = softmax over the tokens of a sample of relu(x W_1 + b_1) W_2 + b_2
///     y     = (sum alpha x) W + b
///
/// Parameters: hidden (W_1, b_1), score (W_2, b_2) and merge (W, b).
class AttentionReduction final : public Module {
 public:
  /// @throws InvalidArgument  a size below 1, a dropout outside [0, 1)
  AttentionReduction(const AttentionReductionOptions& options, Initializer& init);

  /// A sample without tokens yields b.
  /// @param alpha  if not null, receives the coefficients, [num_tokens, glimpses]
  /// @return       [num_samples, out_channels]
  /// @throws ShapeError       the rows do not have in_channels columns
  /// @throws InvalidArgument  starts that do not ascend from 0 to the last row
  [[nodiscard]] Variable forward(const TokenRows& x, ForwardContext& ctx,
                                 core::Tensor* alpha = nullptr) const;

 private:
  double dropout_;
  Linear hidden_;
  Linear score_;
  Linear merge_;
};

}  // namespace attune::nn
