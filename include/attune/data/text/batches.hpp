#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune::data {

/// How the examples of an epoch are dealt out.
struct BatchPlanOptions {
  std::int64_t batch_size = 32;  ///< examples
  std::uint64_t seed = 0;        ///< with `epoch`, decides the draw
  std::uint32_t epoch = 0;       ///< a draw of its own each
  /// Examples of so many batches at a time are sorted by length, so that those of a batch are of
  /// about one length; 1 keeps the order as drawn.
  std::int64_t bucket_batches = 50;
};

/// The examples of one epoch in batches: drawn anew for every epoch, the same for the same seed on
/// any number of threads. Every example comes once; the last batch drawn may be smaller.
/// @param lengths  tokens of each example
/// @throws InvalidArgument  no example, batch_size or bucket_batches below 1
[[nodiscard]] std::vector<std::vector<std::int64_t>> plan_batches(
    std::span<const std::int64_t> lengths, const BatchPlanOptions& options = {});

/// Batches for evaluation: by length, equal ones in their order.
[[nodiscard]] std::vector<std::vector<std::int64_t>> plan_in_order(
    std::span<const std::int64_t> lengths, std::int64_t batch_size);

}  // namespace attune::data
