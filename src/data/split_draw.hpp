#pragma once

#include <cstdint>

#include <attune/data/node_dataset.hpp>

// Splits that are drawn, class by class: functions of labels, numbers and seed alone.
// All throw InvalidArgument, which names the class, where the labels do not allow what is asked
// for.
namespace attune::data {

/// `train` and `validation` nodes of every class, the rest to test.
[[nodiscard]] NodeSplit draw_per_class(const NodeDataset& dataset, std::int64_t train,
                                       std::int64_t validation, std::uint64_t seed);

/// Shares of every class, rounded to nearest, but one training node at least. Both in [0, 1], their
/// sum too.
[[nodiscard]] NodeSplit draw_fractions(const NodeDataset& dataset, double train, double validation,
                                       std::uint64_t seed);

/// Fold `number` mod `folds` to test and the next one to validate; `number` div `folds` is the
/// seed.
[[nodiscard]] NodeSplit draw_fold(const NodeDataset& dataset, std::int64_t folds,
                                  std::uint64_t number);

}  // namespace attune::data
