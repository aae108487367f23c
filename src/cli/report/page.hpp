#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/report/head_maps.hpp"
#include "cli/report/named_run.hpp"

namespace attune::cli {

struct PageOptions {
  std::int64_t node = 0;  ///< whose attention is shown
  HeadMapOptions maps;
};

/// One HTML page about one run or two, with its pictures inside it as SVG: it refers to nothing
/// outside, has no script, and is the same bytes for the same runs and options.
/// @param drawn  called after each map of a head, of which there are num_maps(runs)
[[nodiscard]] std::string report_page(const Runs& runs, const PageOptions& options,
                                      const std::function<void()>& drawn);

}  // namespace attune::cli
