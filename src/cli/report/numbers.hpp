#pragma once

#include <string>

namespace attune::cli {

/// A finite number with at most `digits` decimals and no zeros at its end: `12.5`, never `-0`.
[[nodiscard]] std::string decimal(double number, int digits = 2);

/// A finite number of any size, about three digits of it: `0.1234`, `0.00123`, `1.23e-07`.
[[nodiscard]] std::string significant(double number);

}  // namespace attune::cli
