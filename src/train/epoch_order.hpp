#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune::train {

/// The order in which an epoch visits its items, and its cut into batches. An order is drawn once
/// an epoch and kept until another one is asked for.
class EpochOrder {
 public:
  /// @throws InvalidArgument  batch_size below 1 (says `who: batch_size ...`)
  EpochOrder(std::span<const std::int64_t> items, std::int64_t batch_size, const char* who);

  /// Batches an epoch; the last one may be short.
  [[nodiscard]] std::int64_t num_batches() const noexcept;

  /// Number `batch` of an epoch, a function of its arguments and the items alone. Valid until the
  /// next call.
  [[nodiscard]] std::span<const std::int64_t> batch(std::uint64_t seed, std::int64_t epoch,
                                                    std::int64_t batch);

 private:
  std::span<const std::int64_t> items_;
  std::int64_t batch_size_;
  std::uint64_t seed_ = 0;
  std::int64_t epoch_ = 0;  // whose order is kept; 0: none yet
  std::vector<std::int64_t> order_;
};

}  // namespace attune::train
