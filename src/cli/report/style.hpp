#pragma once

#include <string_view>

namespace attune::cli {

/// Style sheet of a report: light and dark as the reader's system is, for screens of any width and
/// for paper.
[[nodiscard]] std::string_view report_style();

}  // namespace attune::cli
