#include <attune/nn/forward_context.hpp>
#include <attune/ops/heads.hpp>
#include <attune/ops/rows.hpp>

namespace attune::nn {

AttentionHeads ScaledHeads::multiplied() const {
  return {.queries = ops::head_scale(ops::first_rows(points, num_queries), query_scale),
          .keys = ops::head_scale(points, key_scale)};
}

}  // namespace attune::nn
