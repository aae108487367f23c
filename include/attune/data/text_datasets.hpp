#pragma once

#include <string>

#include <attune/data/node_dataset.hpp>

// Data sets in text files. In each, the graph is symmetrised, duplicates are merged and self-loops
// dropped; features without a negative number are divided by the sum of their row. Files may be
// gzipped where their names end in .gz. All throw FileError with file, line, what was expected and
// what was found.
namespace attune::data {

/// Pei et al., "Geom-GCN", ICLR 2020: FOLDER/out1_graph_edges.txt, two node numbers a line, and
/// FOLDER/out1_node_feature_label.txt, of each node its number, features and class. Features are
/// zeros and ones with commas between them; under a heading `feature(feature_amount:K)` the
/// indices, 0 to K, of those that are one. Splits, as many as there are from number 0 on, in
/// FOLDER/../../splits/NAME_split_0.6_0.2_I.npz, where NAME is that of the folder.
[[nodiscard]] NodeDataset load_geom_gcn(const std::string& folder);

/// Lu and Getoor's group at https://linqs.org/datasets: STEM.content, of each paper its name, a
/// feature a column and the class, and STEM.cites, two names a line. Links to papers that are not
/// in STEM.content, as CiteSeer has them, are left out. No split.
/// @param path  of either file
[[nodiscard]] NodeDataset load_linqs(const std::string& path);

/// Node-property data of Hu et al., "Open Graph Benchmark", NeurIPS 2020, arXiv 2005.00687, as its
/// archives unfold: FOLDER/raw/{edge,node-feat,node-label,num-node-list,num-edge-list}.csv.gz, also
/// without .gz, and FOLDER/split/ANY/{train,valid,test}.csv.gz, and FOLDER/raw/edge-feat.csv.gz
/// where edges have features. One graph, labels 0 to C - 1 or nan; other files are left alone.
[[nodiscard]] NodeDataset load_ogb(const std::string& folder);

/// A graph of one's own in a folder of tables, .csv (commas, fields in double quotes if need be),
/// .tsv (tabs) or .txt (blanks), also with .gz:
///
///     edges       two names of nodes a line, then numbers, as many on every line, if edges have
///                 features; an edge that is listed one way has the same ones both ways
///     labels      name of a node, name of its class; nodes not listed, or with an empty class,
///     have
///                 no label
///     features    name of a node, then numbers, as many on every line. Without this file every
///     node
///                 gets a column of its own
///     split       optional: name of a node, then train, validation (or val, valid) or test
///
/// The nodes are those of `features`, in its order; without it those of `labels`. A first line
/// whose first field is node, id, node_id, name, source, src, from or begins with # is a heading;
/// every other line that begins with # is a comment. Classes are numbered in the order of their
/// names.
[[nodiscard]] NodeDataset load_tables(const std::string& folder);

/// GraphML, by Boost.Graph. Of the attributes of nodes, `label` (or `class`, `y`) is the class, an
/// empty one none; `split` is train, validation (or val, valid), test or empty; those that are
/// numbers or booleans are features, in the order of their names; without one of these every node
/// gets a column of its own. Other attributes, and those of edges, are left alone.
[[nodiscard]] NodeDataset load_graphml(const std::string& path);

/// Whichever of these the path is: a folder of geom-gcn, OGB or tables, or as load_graph_folder()
/// takes it, or a file .content, .cites
/// or .graphml.
/// @throws FileError  none of them; says what each would have
[[nodiscard]] NodeDataset load_text_dataset(const std::string& path);

}  // namespace attune::data
