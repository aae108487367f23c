#pragma once

#include <cstdint>

namespace attune::cli::bench {

/// What the machine can do at best, on core::num_threads() threads.
struct Machine {
  double bytes_per_second = 0;  ///< a[i] = b[i] + s c[i] over arrays far larger than the caches
  double flops = 0;             ///< float32 matrix product of 1536 x 1536 numbers, oneDNN
};

[[nodiscard]] Machine measure_machine(std::int64_t repeat);

/// Bytes a second of rows of `width` floats that are copied to a near cache from any place of a
/// table of `rows` of them, each fetched ahead: what lookups can do at best.
[[nodiscard]] double gathered_bytes_per_second(std::int64_t rows, std::int64_t width,
                                               std::int64_t repeat);

}  // namespace attune::cli::bench
