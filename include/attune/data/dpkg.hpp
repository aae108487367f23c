#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// Settings of build_dpkg_graph().
struct DpkgOptions {
  std::string status_file = "/var/lib/dpkg/status";  ///< dpkg's own, at most 256 MiB
  std::int64_t min_section = 10;  ///< packages in a section that is to be a class
  std::int64_t min_packages = 3;  ///< whose descriptions hold a word that is to be a feature
  double max_share = 0.3;         ///< of packages; words in more say nothing
  std::string split = "fraction:0.6/0.2:0";  ///< as with_split() takes it
};

/// What build_dpkg_graph() makes.
struct DpkgDataset {
  NodeDataset dataset;                ///< nodes are packages, edges dependencies, classes sections
  std::vector<std::string> packages;  ///< names of the nodes
  std::vector<std::string> sections;  ///< names of the classes
  std::vector<std::string> words;     ///< names of the features
};

/// The Debian packages that are installed, as dpkg's status file lists them, ordered by name: a
/// real data set that needs no download. Edges join a package to those that it depends on (Depends
/// and Pre-Depends; of alternatives and of virtual packages all that are installed). Features are
/// the words of the descriptions: runs of letters, lower case, three to 30 long, there or not, rows
/// divided by their sum. The class is the section without its area (`libs` of `contrib/libs`);
/// packages of small sections have no label.
///
/// @throws FileError        no such file, more than 256 MiB, or lines that are no control data;
/// with
///                          the line
/// @throws InvalidArgument  an option out of range; fewer than two sections left
[[nodiscard]] DpkgDataset build_dpkg_graph(const DpkgOptions& options = {});

}  // namespace attune::data
