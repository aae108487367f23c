#pragma once

#include <cstdint>
#include <optional>

#include <attune/nn/features.hpp>
#include <attune/nn/forward_context.hpp>

/// What the attention layers of a graph have in common, whatever their logits are.
namespace attune::nn {

/// x W + b cut into heads, of the first num_rows nodes.
/// @param weight  [in_channels, heads * out_channels]
/// @param bias    [heads * out_channels], or undefined
/// @return        [num_rows, heads, out_channels]
[[nodiscard]] Variable project_to_heads(const Features& x, std::int64_t num_rows,
                                        const Variable& weight, const Variable& bias,
                                        std::int64_t heads);

/// Heads side by side, [n, heads * channels], or their mean, [n, channels].
[[nodiscard]] Variable merge_heads(const Variable& heads, bool concat);

/// Calls kernel(dropout_stream, alpha) with what the pass asks for, null where it asks for nothing,
/// and hands alpha to the attention sink.
template <class Kernel>
[[nodiscard]] Variable attend(ForwardContext& ctx, double dropout, const Kernel& kernel) {
  std::optional<core::RandomStream> stream;
  if (ctx.training() && dropout > 0) {
    stream = ctx.next_stream();
  }
  core::Tensor alpha;
  Variable heads = kernel(stream ? &*stream : nullptr, ctx.attention_sink ? &alpha : nullptr);
  if (ctx.attention_sink != nullptr) {
    ctx.attention_sink->receive(alpha);
  }
  return heads;
}

}  // namespace attune::nn
