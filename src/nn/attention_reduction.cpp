#include "nn/checks.hpp"
#include <attune/nn/attention_reduction.hpp>
#include <attune/nn/dropout.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/segment_pool.hpp>

namespace attune::nn {

namespace {

const AttentionReductionOptions& checked(const AttentionReductionOptions& options) {
  const char* who = "AttentionReduction";
  require_size(options.in_channels, who, "in_channels");
  require_size(options.hidden_channels, who, "hidden_channels");
  require_size(options.out_channels, who, "out_channels");
  require_size(options.glimpses, who, "glimpses");
  require_probability(options.dropout, who, "dropout");
  return options;
}

LinearOptions map_of(std::int64_t from, std::int64_t to, const AttentionReductionOptions& options) {
  return {.in_channels = from, .out_channels = to, .deviation = options.deviation};
}

}  // namespace

AttentionReduction::AttentionReduction(const AttentionReductionOptions& options, Initializer& init)
    : dropout_(checked(options).dropout),
      hidden_(map_of(options.in_channels, options.hidden_channels, options), init),
      score_(map_of(options.hidden_channels, options.glimpses, options), init),
      merge_(map_of(options.in_channels * options.glimpses, options.out_channels, options), init) {
  register_module("hidden", hidden_);
  register_module("score", score_);
  register_module("merge", merge_);
}

Variable AttentionReduction::forward(const TokenRows& x, ForwardContext& ctx,
                                     core::Tensor* alpha) const {
  const Variable hidden = Dropout(dropout_).forward(ops::relu(hidden_.forward(x.rows)), ctx);
  return merge_.forward(ops::segment_pool(x.rows, score_.forward(hidden), x.starts, alpha));
}

}  // namespace attune::nn
