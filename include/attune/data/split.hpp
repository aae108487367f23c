#pragma once

#include <cstdint>
#include <string>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// The data set with its nodes divided as `rule` says:
///
///     public              the one split that its files bring
///     3                   number 3, from 0, of those that they bring
///     random:SEED         20 training and 30 validation nodes a class, the rest to test (Shchur et
///                         al., "Pitfalls of Graph Neural Network Evaluation", arXiv 1811.05868)
///     per-class:T/V:SEED  the same with other numbers
///     fraction:A/B:SEED   the shares A and B of each class to train and to validate, the rest to
///                         test; a class of one node is trained on
///     kfold:K:I           fold I mod K of K to test, the next one to validate, the others to
///     train;
///                         every K numbers the nodes are dealt anew. Each class is spread evenly.
///     geom-gcn:I          of cora, citeseer and pubmed: number I, 0 to 9, of the 60/20/20 splits
///     of
///                         Pei et al., "Geom-GCN", ICLR 2020, in FOLDER/geom-gcn/splits; nodes
///                         without a label, which those of citeseer list, are left out
///     file:PATH           train_mask, val_mask and test_mask of an .npz file
///     (empty)             the first of those that the files bring, else random:0
///
/// `:SEED` may be left out for 0. The same rule gives the same nodes everywhere; unlabelled nodes
/// are in no part. NodeDataset::split_name tells what was taken, in full.
///
/// @param data_dir  where geom-gcn's files are looked for before the other data_folders()
/// @throws InvalidArgument  no such rule, `all` in it, a number out of range, a class too small for
///                          what it asks of each (says which), or a split that is not valid
/// @throws FileError        a file that is missing or malformed
[[nodiscard]] NodeDataset with_split(NodeDataset dataset, const std::string& rule,
                                     const std::string& data_dir = {});

/// The rule for one run of many. `all` in place of a number or seed stands for the run's: split
/// SEED modulo their count, or the draw of that seed. Every other rule is returned as it is.
///
///     split_of_run("all", texas, 13) == "3"    split_of_run("random:all", photo, 13) ==
///     "random:13"
[[nodiscard]] std::string split_of_run(const std::string& rule, const NodeDataset& dataset,
                                       std::uint64_t seed);

/// Whether runs of other seeds may get other splits.
[[nodiscard]] bool differs_by_run(const std::string& rule);

}  // namespace attune::data
