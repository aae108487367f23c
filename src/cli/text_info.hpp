#pragma once

#include "cli/command.hpp"
#include <attune/data/text/text_task.hpp>

namespace attune::cli {

/// `datasets info` of texts: examples, labels and lengths of every part, checksum. @return  exit
/// status
int text_info(const data::TextTask& task, const GlobalOptions& global);

}  // namespace attune::cli
