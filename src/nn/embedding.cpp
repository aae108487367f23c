#include "nn/checks.hpp"
#include <attune/nn/embedding.hpp>
#include <attune/ops/rows.hpp>

namespace attune::nn {

Embedding::Embedding(const EmbeddingOptions& options, Initializer& init) {
  require_size(options.num_rows, "Embedding", "num_rows");
  require_size(options.channels, "Embedding", "channels");
  require_deviation(options.deviation, "Embedding");
  weight_ = register_parameter(
      "weight", init.normal({options.num_rows, options.channels}, options.deviation));
}

Variable Embedding::forward(std::span<const std::int32_t> index) const {
  return ops::take_rows(weight_, index);
}

}  // namespace attune::nn
