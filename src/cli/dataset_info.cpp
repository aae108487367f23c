#include "cli/dataset_info.hpp"

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/training_run.hpp"
#include <attune/core/file.hpp>
#include <attune/graph/statistics.hpp>

namespace attune::cli {
namespace {

std::vector<std::int64_t> class_sizes(const data::NodeDataset& dataset) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(dataset.num_classes));
  for (const std::int32_t label : dataset.labels) {
    if (label >= 0) {
      ++sizes[static_cast<std::size_t>(label)];
    }
  }
  return sizes;
}

// Share of edges between labelled nodes that join nodes of one class; 0 where there are none.
double edge_homophily(const data::NodeDataset& dataset) {
  const graph::CsrView in = dataset.graph.in_edges();
  std::int64_t labelled = 0;
  std::int64_t same = 0;
  for (std::int64_t i = 0; i < in.num_nodes(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      const std::int32_t a = dataset.labels[i];
      const std::int32_t b = dataset.labels[in.col_idx[e]];
      labelled += a >= 0 && b >= 0 ? 1 : 0;
      same += a >= 0 && a == b ? 1 : 0;
    }
  }
  return labelled > 0 ? static_cast<double>(same) / static_cast<double>(labelled) : 0;
}

// Without a training node in this split.
std::int64_t untrained_classes(const data::NodeDataset& dataset) {
  std::vector<bool> trained(static_cast<std::size_t>(dataset.num_classes), false);
  for (const std::int64_t node : dataset.split.train) {
    trained[static_cast<std::size_t>(dataset.labels[node])] = true;
  }
  return std::count(trained.begin(), trained.end(), false);
}

nlohmann::ordered_json facts(const data::NodeDataset& dataset) {
  const auto size = [](const std::vector<std::int64_t>& part) {
    return static_cast<std::int64_t>(part.size());
  };
  const std::int64_t unlabelled = std::count(dataset.labels.begin(), dataset.labels.end(), -1);
  const graph::GraphStatistics graph = graph::statistics(dataset.graph);
  return {{"name", dataset.name},
          {"nodes", graph.num_nodes},
          {"edges", graph.num_edges / 2},
          {"mean_degree", graph.mean_degree},
          {"median_degree", graph.median_degree},
          {"max_degree", graph.max_degree},
          {"isolated_nodes", graph.isolated_nodes},
          {"connected_components", graph.num_components},
          {"largest_component", graph.largest_component},
          {"edge_homophily", edge_homophily(dataset)},
          {"features", dataset.features.columns()},
          {"feature_non_zeros", dataset.features.num_nonzeros()},
          {"classes", dataset.num_classes},
          {"nodes_per_class", class_sizes(dataset)},
          {"unlabelled_nodes", unlabelled},
          {"published_splits", static_cast<std::int64_t>(dataset.splits.size())},
          {"split", dataset.split_name},
          {"train_nodes", size(dataset.split.train)},
          {"validation_nodes", size(dataset.split.validation)},
          {"test_nodes", size(dataset.split.test)},
          {"untrained_classes", untrained_classes(dataset)},
          {"sha256", dataset.sha256},
          {"source", dataset.source}};
}

// `feature_non_zeros` as `feature non-zeros`: words for people.
std::string label_of(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  key.resize(std::max<std::size_t>(key.size() + 2, 20), ' ');
  return key;
}

std::string value_of(const nlohmann::ordered_json& value) {
  if (value.is_number_integer()) {
    return with_thousands(value.get<std::int64_t>());
  }
  if (value.is_number_float()) {
    return fixed(value.get<double>(), 4);
  }
  if (value.is_array()) {
    std::string list;
    for (const nlohmann::ordered_json& item : value) {
      list += list.empty() ? "" : " ";
      list += value_of(item);
    }
    return list;
  }
  return value.get<std::string>();
}

}  // namespace

int dataset_info(const data::NodeDataset& dataset, const GlobalOptions& global) {
  const nlohmann::ordered_json all = facts(dataset);
  if (!global.quiet) {
    for (const auto& [key, value] : all.items()) {
      std::cout << label_of(key) << value_of(value) << '\n';
    }
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, all.dump(2) + "\n");
  }
  return kSuccess;
}

}  // namespace attune::cli
