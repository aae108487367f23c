#include "nn/attention.hpp"
#include "nn/checks.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/nn/multi_head_attention.hpp>
#include <attune/ops/elementwise.hpp>

namespace attune::nn {

namespace {

LinearOptions projection(const MultiHeadAttentionOptions& options) {
  return {.in_channels = options.channels,
          .out_channels = options.channels,
          .deviation = options.deviation};
}

const MultiHeadAttentionOptions& checked(const MultiHeadAttentionOptions& options) {
  const char* who = "MultiHeadAttention";
  require_size(options.channels, who, "channels");
  require_size(options.heads, who, "heads");
  require_probability(options.attention_dropout, who, "attention_dropout");
  if (options.channels % options.heads != 0) {
    throw InvalidArgument(core::text(who, ": channels must be a multiple of heads=", options.heads,
                                     ", got ", options.channels));
  }
  return options;
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(const MultiHeadAttentionOptions& options, Initializer& init)
    : options_(checked(options)),
      query_(projection(options), init),
      key_(projection(options), init),
      value_(projection(options), init),
      output_(projection(options), init) {
  register_module("query", query_);
  register_module("key", key_);
  register_module("value", value_);
  register_module("output", output_);
}

Variable MultiHeadAttention::heads_of(const Linear& projection, const Variable& rows) const {
  const Variable flat = projection.forward(rows);
  return ops::reshape(flat, {flat.shape()[0], options_.heads, options_.channels / options_.heads});
}

Variable MultiHeadAttention::forward(const TokenRows& x, ForwardContext& ctx) const {
  return attend_to(x, x, false, ctx);
}

Variable MultiHeadAttention::forward(const TokenRows& x, const TokenRows& z,
                                     ForwardContext& ctx) const {
  return attend_to(x, z, true, ctx);
}

Variable MultiHeadAttention::attend_to(const TokenRows& x, const TokenRows& z, bool cross,
                                       ForwardContext& ctx) const {
  const Variable queries = heads_of(query_, x.rows);
  const Variable keys = heads_of(key_, z.rows);
  const Variable values = heads_of(value_, z.rows);
  if (ctx.head_sink != nullptr) {
    ctx.head_sink->receive({.queries = queries,
                            .keys = keys,
                            .query_segments = x.starts,
                            .key_segments = z.starts,
                            .layer = this,
                            .cross = cross});
  }
  const Variable heads = attend(
      ctx, options_.attention_dropout, [&](const core::RandomStream* stream, core::Tensor* alpha) {
        return ops::attention(
            queries, keys, values, x.starts, z.starts,
            {.dropout = options_.attention_dropout, .stream = stream, .alpha = alpha});
      });
  return output_.forward(merge_heads(heads, true));
}

}  // namespace attune::nn
