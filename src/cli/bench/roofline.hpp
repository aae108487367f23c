#pragma once

#include <cstdint>
#include <vector>

namespace attune::cli::bench {

/// What a kernel cannot do without.
struct Work {
  double streamed = 0;       ///< bytes read or written in order, each once
  double touched = 0;        ///< bytes of all arrays together
  double gathered = 0;       ///< bytes of the rows that edges or entries look up, each time
  double gathered_from = 0;  ///< bytes of the arrays that hold these rows
  double operations = 0;     ///< additions, multiplications, comparisons; see kExponential

  [[nodiscard]] double bytes() const noexcept { return streamed + gathered; }
};

/// Operations of an exponential: a scaling, a rounding, a polynomial of five fused multiplications
/// and additions, a power of two.
inline constexpr double kExponential = 13;

/// Operations of a random number of sixteen bits, an eighth of a Philox block: ten rounds of two
/// multiplications with both halves of their products and four exclusive ors.
inline constexpr double kRandomLane = 10;

/// How fast copies are whose source and target together take so many bytes.
struct CopySpeed {
  double bytes = 0;
  double bytes_per_second = 0;  ///< read and written
};

/// The least time that work can take on a machine: its bytes at the speed of copies that touch as
/// much memory, so that what fits in a cache is held against that cache, or its operations at the
/// speed of a large matrix product, whichever is longer.
class Roofline {
 public:
  /// @param copies  ascending in bytes, not empty
  /// @param flops   operations a second of the matrix product
  Roofline(std::vector<CopySpeed> copies, double flops);

  /// Speed of copies that touch `bytes`, interpolated; beyond the ends that of the end.
  [[nodiscard]] double copy_speed(double bytes) const;

  [[nodiscard]] double memory_seconds(const Work& work) const;
  [[nodiscard]] double arithmetic_seconds(const Work& work) const;
  [[nodiscard]] double seconds(const Work& work) const;

  [[nodiscard]] const std::vector<CopySpeed>& copies() const noexcept { return copies_; }

 private:
  std::vector<CopySpeed> copies_;
  double flops_;
};

/// Copies that touch 64 KiB, 128 KiB and so on to `most` bytes, on core::num_threads() threads,
/// each of which copies a part of its own over and over.
[[nodiscard]] std::vector<CopySpeed> measure_copies(std::int64_t repeat,
                                                    std::int64_t most = std::int64_t{1} << 29);

}  // namespace attune::cli::bench
