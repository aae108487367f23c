#pragma once

#include "cli/report/markup.hpp"

namespace attune::cli {

/// Decimals for numbers up to this one: two of its digits count at least.
[[nodiscard]] int heat_digits(double largest);

/// What the colours of heat maps mean, from 0 to the largest number.
void write_heat_scale(Markup& page, double largest);

}  // namespace attune::cli
