#pragma once

#include "cli/command.hpp"
#include <attune/data/node_dataset.hpp>

namespace attune::cli {

/// `datasets info`: counts, degrees, components, checksum. @return exit status
int dataset_info(const data::NodeDataset& dataset, const GlobalOptions& global);

}  // namespace attune::cli
