#pragma once

#include <functional>

#include "cli/report/head_maps.hpp"
#include "cli/report/markup.hpp"
#include "cli/report/named_run.hpp"

namespace attune::cli {

/// Maps of all heads, those of two runs side by side.
/// @param drawn  called after each map
void write_maps_section(Markup& page, const Runs& runs, const HeadMapOptions& options,
                        const std::function<void()>& drawn);

/// How many maps that will be.
[[nodiscard]] std::int64_t num_maps(const Runs& runs);

}  // namespace attune::cli
