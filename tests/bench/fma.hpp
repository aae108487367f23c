#pragma once

#include <cstdint>

namespace attune::testing {

/// Multiplies and adds in vectors of the widest kind, as many chains as keep the units busy.
void run_fmas(std::int64_t rounds);

/// Multiplications, each with its addition, in one round.
[[nodiscard]] std::int64_t fmas_a_round();

}  // namespace attune::testing
