#pragma once

#include <map>
#include <string>

namespace attune::testing {

/// The twelve files of a folder of five small graphs, three to train on, in the layout of ppi. The
/// training nodes do not come in the order of their graphs.
[[nodiscard]] std::map<std::string, std::string> small_graph_folder();

}  // namespace attune::testing
