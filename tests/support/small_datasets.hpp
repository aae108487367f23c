#pragma once

#include <map>
#include <string>
#include <vector>

namespace attune::testing {

/// A whole data set of a few nodes.
struct SmallDataset {
  std::string name;
  std::string entry;  ///< what is opened, after the folder's path: empty, or /FILE
  std::map<std::string, std::string> files;
};

/// One of each text format: geom-gcn, LINQS, OGB, tables and GraphML.
[[nodiscard]] std::vector<SmallDataset> small_text_datasets();

}  // namespace attune::testing
