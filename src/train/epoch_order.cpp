#include "train/epoch_order.hpp"

#include <algorithm>
#include <utility>

#include "train/sampling_streams.hpp"
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>

namespace attune::train {

EpochOrder::EpochOrder(std::span<const std::int64_t> items, std::int64_t batch_size,
                       const char* who)
    : items_(items), batch_size_(batch_size) {
  if (batch_size < 1) {
    throw InvalidArgument(core::text(who, ": batch_size must be at least 1, got ", batch_size));
  }
}

std::int64_t EpochOrder::num_batches() const noexcept {
  const std::int64_t full = std::ssize(items_) / batch_size_;
  return std::ssize(items_) % batch_size_ == 0 ? full : full + 1;
}

std::span<const std::int64_t> EpochOrder::batch(std::uint64_t seed, std::int64_t epoch,
                                                std::int64_t batch) {
  if (epoch != epoch_ || seed != seed_) {
    order_.assign(items_.begin(), items_.end());
    const core::RandomStream random(seed, core::Purpose::sampling,
                                    static_cast<std::uint32_t>(SamplingStream::epoch_order),
                                    static_cast<std::uint32_t>(epoch));
    for (std::size_t left = order_.size(); left > 1; --left) {  // Fisher and Yates
      std::swap(order_[left - 1], order_[random.below(left, left)]);
    }
    epoch_ = epoch;
    seed_ = seed;
  }
  const std::int64_t begin = batch * batch_size_;
  const std::int64_t size = std::min(batch_size_, std::ssize(order_) - begin);
  return std::span(order_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
}

}  // namespace attune::train
