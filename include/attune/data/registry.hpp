#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// A data set that load_dataset() knows by name.
struct KnownDataset {
  std::string name;        ///< that load_dataset() takes
  std::string summary;     ///< one line: what it is and how large
  bool fetchable = false;  ///< fetch_dataset() can download it
};

/// All that load_dataset() knows by name, those that can be fetched first.
[[nodiscard]] std::vector<KnownDataset> known_datasets();

/// Folders in which data is looked for, in this order, whether they exist or not: `data_dir` unless
/// empty, $ATTUNE_DATA where set, `datasets` in the working directory, default_data_folder().
[[nodiscard]] std::vector<std::string> data_folders(const std::string& data_dir = {});

/// Where downloads go unless told otherwise: $XDG_CACHE_HOME/attune/datasets, else
/// ~/.cache/attune/datasets. Empty where neither variable nor home folder is known.
[[nodiscard]] std::string default_data_folder();

/// A data set by name:
///
///     cora, citeseer, pubmed     Planetoid files in FOLDER/planetoid, or in FOLDER itself
///     texas, cornell, wisconsin, actor, chameleon, chameleon_filtered, squirrel, minesweeper
///                                FOLDER/heterophilous/NAME.npz, with ten splits
///     amazon_photo, amazon_cs, coauthor_cs, gnn-benchmark/cora, gnn-benchmark/citeseer
///                                FOLDER/npz/NAME.npz, without a split
///     geom-gcn/texas, geom-gcn/wisconsin, geom-gcn/film
///                                FOLDER/geom-gcn/new_data/NAME, with ten splits
///     ppi                        FOLDER/ppi, as load_graph_folder() reads it: several graphs
///     citation-like, citation-like:N    generated, of N nodes
///     PATH.npz                   any layout of load_npz()
///     PATH/, PATH.graphml, PATH.content
///                                as load_text_dataset() takes them; a folder's name must hold a /
///
/// Paths are looked for as given, then in the folders.
///
/// Of the folders the first that holds all files of the set is taken; `data_dir` as soon as it
/// holds one, so that no other copy stands in for what was asked for.
///
/// @param split  as with_split() takes it; empty for the first one that the files bring, else
///               random:0; where it says `all`, what split_of_run() makes of it for `seed`
/// @throws InvalidArgument  an unknown name (says which are near), a number of nodes out of range,
/// or
///                          a split as with_split() refuses it
/// @throws FileError        data_dir does not exist; the files are in none of the folders (lists
///                          them, and the command that downloads the set); a file is malformed
[[nodiscard]] NodeDataset load_dataset(const std::string& name, const std::string& data_dir = {},
                                       const std::string& split = {}, std::uint64_t seed = 0);

}  // namespace attune::data
