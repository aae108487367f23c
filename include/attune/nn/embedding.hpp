#pragma once

#include <cstdint>
#include <span>

#include <attune/nn/init.hpp>
#include <attune/nn/module.hpp>

namespace attune::nn {

/// Settings of an Embedding.
struct EmbeddingOptions {
  std::int64_t num_rows = 0;  ///< required: size of the vocabulary
  std::int64_t channels = 0;  ///< required
  double deviation = 0.02;    ///< of the normal distribution that rows are drawn from
};

/// A learned vector for each of num_rows things.
///
/// Parameters: weight [num_rows, channels].
class Embedding final : public Module {
 public:
  /// @throws InvalidArgument  a size below 1, a deviation that is negative or not finite
  Embedding(const EmbeddingOptions& options, Initializer& init);

  /// @return  [index.size(), channels]
  /// @throws InvalidArgument  an index outside [0, num_rows)
  [[nodiscard]] Variable forward(std::span<const std::int32_t> index) const;

  /// [num_rows, channels]
  [[nodiscard]] const Variable& weight() const noexcept { return weight_; }

 private:
  Variable weight_;
};

}  // namespace attune::nn
