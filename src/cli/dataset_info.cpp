#include "cli/dataset_info.hpp"

#include <algorithm>
#include <iostream>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/training_run.hpp"
#include <attune/core/file.hpp>
#include <attune/graph/statistics.hpp>

namespace attune::cli {
namespace {

// Nodes that have each label.
std::vector<std::int64_t> label_sizes(const data::NodeDataset& dataset) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(dataset.num_classes));
  const std::span<const float> targets = dataset.targets.data<float>();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    sizes[i % sizes.size()] += targets[i] != 0 ? 1 : 0;
  }
  return sizes;
}

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

// Of graphs that have nodes in a part.
std::int64_t num_graphs_of(const data::NodeDataset& dataset,
                           const std::vector<std::int64_t>& part) {
  std::int64_t count = 0;
  for (std::size_t g = 1; g < dataset.graph_ptr.size(); ++g) {
    const auto first = std::ranges::lower_bound(part, dataset.graph_ptr[g - 1]);
    count += first != part.end() && *first < dataset.graph_ptr[g] ? 1 : 0;
  }
  return count;
}

std::int64_t size(const std::vector<std::int64_t>& part) {
  return static_cast<std::int64_t>(part.size());
}

nlohmann::ordered_json graph_facts(const data::NodeDataset& dataset) {
  const graph::GraphStatistics graph = graph::statistics(dataset.graph);
  return {{"name", dataset.name},
          {"nodes", graph.num_nodes},
          {"edges", graph.num_edges / 2},
          {"mean_degree", graph.mean_degree},
          {"median_degree", graph.median_degree},
          {"max_degree", graph.max_degree},
          {"isolated_nodes", graph.isolated_nodes},
          {"connected_components", graph.num_components},
          {"largest_component", graph.largest_component}};
}

// Those of nodes of one class each.
nlohmann::ordered_json class_facts(const data::NodeDataset& dataset) {
  const std::int64_t unlabelled = std::count(dataset.labels.begin(), dataset.labels.end(), -1);
  return {{"classes", dataset.num_classes},
          {"nodes_per_class", class_sizes(dataset)},
          {"unlabelled_nodes", unlabelled}};
}

nlohmann::ordered_json label_facts(const data::NodeDataset& dataset) {
  const std::vector<std::int64_t> sizes = label_sizes(dataset);
  const auto all = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  return {{"labels", dataset.num_classes},
          {"nodes_per_label", sizes},
          {"labels_per_node", static_cast<double>(all) / static_cast<double>(dataset.num_nodes())}};
}

nlohmann::ordered_json facts(const data::NodeDataset& dataset) {
  nlohmann::ordered_json all = graph_facts(dataset);
  if (dataset.num_graphs() > 1) {
    all["graphs"] = dataset.num_graphs();
    all["train_graphs"] = num_graphs_of(dataset, dataset.split.train);
    all["validation_graphs"] = num_graphs_of(dataset, dataset.split.validation);
    all["test_graphs"] = num_graphs_of(dataset, dataset.split.test);
  }
  if (!dataset.multi_label()) {
    all["edge_homophily"] = edge_homophily(dataset);
  }
  all["features"] = dataset.features.columns();
  all["feature_non_zeros"] = dataset.features.num_nonzeros();
  if (dataset.edge_channels() > 0) {
    all["edge_features"] = dataset.edge_channels();
  }
  all.update(dataset.multi_label() ? label_facts(dataset) : class_facts(dataset));
  all["published_splits"] = static_cast<std::int64_t>(dataset.splits.size());
  all["split"] = dataset.split_name;
  all["train_nodes"] = size(dataset.split.train);
  all["validation_nodes"] = size(dataset.split.validation);
  all["test_nodes"] = size(dataset.split.test);
  if (!dataset.multi_label()) {
    all["untrained_classes"] = untrained_classes(dataset);
  }
  all["sha256"] = dataset.sha256;
  all["source"] = dataset.source;
  return all;
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
