#include <algorithm>
#include <numeric>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/batches.hpp>

namespace attune::data {

using core::text;
using Numbers = std::vector<std::int64_t>;

namespace {

// Streams of the purpose: examples and batches are drawn apart.
constexpr std::uint32_t kExamples = 0x7e0000;
constexpr std::uint32_t kBatches = 0x7e0001;

void require(const char* name, std::int64_t value) {
  if (value < 1) {
    throw InvalidArgument(text("plan_batches: ", name, " must be at least 1, got ", value));
  }
}

Numbers first_numbers(std::size_t count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

/// Fisher and Yates.
template <class T>
void shuffle(std::vector<T>& items, const core::RandomStream& random) {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random.below(i, i)]);
  }
}

std::vector<Numbers> cut(const Numbers& order, std::size_t batch_size) {
  std::vector<Numbers> batches;
  for (std::size_t at = 0; at < order.size(); at += batch_size) {
    const std::size_t end = std::min(at + batch_size, order.size());
    batches.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(at),
                         order.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return batches;
}

}  // namespace

std::vector<Numbers> plan_batches(std::span<const std::int64_t> lengths,
                                  const BatchPlanOptions& options) {
  require("batch_size", options.batch_size);
  require("bucket_batches", options.bucket_batches);
  require("examples", std::ssize(lengths));
  const core::RandomStream examples(options.seed, core::Purpose::sampling, kExamples,
                                    options.epoch);
  Numbers order = first_numbers(lengths.size());
  shuffle(order, examples);
  const auto batch_size = static_cast<std::size_t>(options.batch_size);
  // Saturated: a bucket of all examples is as large as one can be.
  const std::size_t bucket =
      static_cast<std::size_t>(options.bucket_batches) > lengths.size() / batch_size
          ? lengths.size()
          : batch_size * static_cast<std::size_t>(options.bucket_batches);
  if (options.bucket_batches > 1) {
    for (std::size_t at = 0; at < order.size(); at += bucket) {
      const std::size_t end = std::min(at + bucket, order.size());
      std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(at),
                       order.begin() + static_cast<std::ptrdiff_t>(end),
                       [&](std::int64_t a, std::int64_t b) { return lengths[a] < lengths[b]; });
    }
  }
  std::vector<Numbers> batches = cut(order, batch_size);
  shuffle(batches, examples.with_stream(kBatches));
  return batches;
}

std::vector<Numbers> plan_in_order(std::span<const std::int64_t> lengths, std::int64_t batch_size) {
  require("batch_size", batch_size);
  Numbers order = first_numbers(lengths.size());
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return lengths[a] < lengths[b]; });
  return cut(order, static_cast<std::size_t>(batch_size));
}

}  // namespace attune::data
