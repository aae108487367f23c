#include "cli/dataset_info.hpp"

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/training_run.hpp"
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>

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

nlohmann::ordered_json facts(const data::NodeDataset& dataset) {
  const auto size = [](const std::vector<std::int64_t>& part) {
    return static_cast<std::int64_t>(part.size());
  };
  const std::int64_t unlabelled = std::count(dataset.labels.begin(), dataset.labels.end(), -1);
  return {{"name", dataset.name},
          {"nodes", dataset.num_nodes()},
          {"edges", dataset.graph.num_edges() / 2},
          {"features", dataset.features.columns()},
          {"feature_non_zeros", dataset.features.num_nonzeros()},
          {"classes", dataset.num_classes},
          {"nodes_per_class", class_sizes(dataset)},
          {"unlabelled_nodes", unlabelled},
          {"train_nodes", size(dataset.split.train)},
          {"validation_nodes", size(dataset.split.validation)},
          {"test_nodes", size(dataset.split.test)},
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
