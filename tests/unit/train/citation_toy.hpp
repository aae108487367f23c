#pragma once

#include <cstdint>
#include <vector>

#include <attune/core/random.hpp>
#include <attune/data/node_dataset.hpp>
#include <attune/graph/builder.hpp>

namespace attune::testing {

/// A small graph in which most neighbours are of one class and each class has words of its own.
inline data::NodeDataset citation_toy(std::int64_t nodes = 300) {
  constexpr std::int64_t kClasses = 3;
  constexpr std::int64_t kWords = 30;
  const core::RandomStream random(11, core::Purpose::generation);
  std::uint64_t drawn = 0;
  data::NodeDataset dataset;
  dataset.name = "toy";
  dataset.num_classes = kClasses;
  std::vector<graph::Edge> edges;
  std::vector<std::int64_t> row_ptr = {0};
  std::vector<std::int32_t> col_idx;
  for (std::int64_t i = 0; i < nodes; ++i) {
    dataset.labels.push_back(static_cast<std::int32_t>(i % kClasses));
    for (int k = 0; k < 3; ++k) {
      const std::int64_t near =
          (i + kClasses * static_cast<std::int64_t>(random.below(drawn++, 20))) % nodes;
      const auto far = static_cast<std::int64_t>(random.below(drawn++, nodes));
      edges.push_back({i, random.uniform(drawn++) < 0.8 ? near : far});
    }
    for (std::int32_t word = 0; word < kWords; ++word) {
      if (random.uniform(drawn++) < (word % kClasses == i % kClasses ? 0.25 : 0.1)) {
        col_idx.push_back(word);
      }
    }
    row_ptr.push_back(static_cast<std::int64_t>(col_idx.size()));
    (i < 60    ? dataset.split.train
     : i < 150 ? dataset.split.validation
               : dataset.split.test)
        .push_back(i);
  }
  dataset.graph = graph::from_edges(nodes, edges,
                                    {.self_loops = graph::SelfLoops::remove,
                                     .duplicates = graph::Duplicates::merge,
                                     .symmetric = true});
  const auto words = static_cast<std::int64_t>(col_idx.size());
  dataset.features = sparse::normalize_rows(sparse::CsrMatrix(
      kWords, std::move(row_ptr), std::move(col_idx), core::Tensor::full({words}, 1)));
  return dataset;
}

}  // namespace attune::testing
