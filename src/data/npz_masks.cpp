#include "data/npz_masks.hpp"

#include "data/npz_checks.hpp"
#include <attune/core/text.hpp>

namespace attune::data {

namespace {

// Nodes whose element is one in row `row` of a mask that has num_nodes columns.
std::vector<std::int64_t> nodes_of(const NpyArray& array, const std::vector<std::int64_t>& mask,
                                   std::int64_t row, std::int64_t num_nodes) {
  std::vector<std::int64_t> nodes;
  for (std::int64_t i = 0; i < num_nodes; ++i) {
    if (checked(array, mask, row * num_nodes + i, 0, 1) == 1) {
      nodes.push_back(i);
    }
  }
  return nodes;
}

std::vector<std::int64_t> read_mask(const NpzArchive& npz, const char* member,
                                    std::int64_t num_nodes) {
  const NpyArray& array = npz.at(member);
  array.require_shape({num_nodes});
  return nodes_of(array, array.ints(), 0, num_nodes);
}

std::vector<std::vector<std::int64_t>> read_rows(const NpzArchive& npz, const char* member,
                                                 std::int64_t num_splits, std::int64_t num_nodes) {
  const NpyArray& array = npz.at(member);
  array.require_shape({num_splits, num_nodes});
  const std::vector<std::int64_t> mask = array.ints();
  std::vector<std::vector<std::int64_t>> rows;
  for (std::int64_t row = 0; row < num_splits; ++row) {
    rows.push_back(nodes_of(array, mask, row, num_nodes));
  }
  return rows;
}

}  // namespace

NodeSplit read_masks(const NpzArchive& npz, std::int64_t num_nodes) {
  return {.train = read_mask(npz, "train_mask", num_nodes),
          .validation = read_mask(npz, "val_mask", num_nodes),
          .test = read_mask(npz, "test_mask", num_nodes)};
}

std::vector<NodeSplit> read_mask_rows(const NpzArchive& npz, std::int64_t num_nodes) {
  constexpr std::int64_t kMaxSplits = 1000;
  const NpyArray& first = npz.at("train_masks");
  first.require_shape({-1, num_nodes});
  const std::int64_t num_splits = first.shape()[0];
  if (num_splits < 1 || num_splits > kMaxSplits) {
    first.fail(core::text("expected 1 to ", kMaxSplits, " splits, found ", num_splits));
  }
  auto train = read_rows(npz, "train_masks", num_splits, num_nodes);
  auto validation = read_rows(npz, "val_masks", num_splits, num_nodes);
  auto test = read_rows(npz, "test_masks", num_splits, num_nodes);
  std::vector<NodeSplit> splits;
  for (std::size_t i = 0; i < train.size(); ++i) {
    splits.push_back({.train = std::move(train[i]),
                      .validation = std::move(validation[i]),
                      .test = std::move(test[i])});
  }
  return splits;
}

}  // namespace attune::data
