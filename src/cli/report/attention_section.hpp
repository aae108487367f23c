#pragma once

#include <cstdint>

#include "cli/report/markup.hpp"
#include "cli/report/named_run.hpp"

namespace attune::cli {

/// What each head of each layer attends to at one node: a heat map a layer and run.
void write_attention_section(Markup& page, const Runs& runs, std::int64_t node);

}  // namespace attune::cli
