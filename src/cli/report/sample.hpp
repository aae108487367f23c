#pragma once

#include <cstdint>
#include <vector>

namespace attune::cli {

/// `count` of the numbers from 0 to total - 1, uniformly drawn, ascending; all of them where there
/// are no more. A function of its arguments.
[[nodiscard]] std::vector<std::int64_t> sample_of(std::int64_t total, std::int64_t count,
                                                  std::uint64_t seed);

}  // namespace attune::cli
