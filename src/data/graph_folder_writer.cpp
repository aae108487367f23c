#include <array>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "data/node_link.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/graph_folder.hpp>
#include <attune/data/npy.hpp>

namespace attune::data {

using core::text;
namespace fs = std::filesystem;

namespace {

/// Whole graphs, to be written as one part.
class PartWriter {
 public:
  explicit PartWriter(const NodeDataset& dataset) : dataset_(dataset) {}

  void add_graph(std::int64_t graph) {
    const std::int64_t begin = dataset_.graph_ptr[graph];
    const std::int64_t end = dataset_.graph_ptr[graph + 1];
    const graph::CsrView in = dataset_.graph.in_edges();
    const std::int64_t shift = graph_.num_nodes - begin;
    for (std::int64_t dst = begin; dst < end; ++dst) {
      for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
        if (in.col_idx[e] < dst) {  // symmetric: the other direction is found again
          graph_.links.push_back({in.col_idx[e] + shift, dst + shift});
        }
      }
      add_row(dst);
      graph_id_.push_back(graph + 1);  // as those of ppi, from 1
    }
    graph_.num_nodes += end - begin;
  }

  void write(const std::string& stem) const {
    const std::int64_t nodes = graph_.num_nodes;
    core::write_file_atomically(stem + "_graph.json", encode_node_link(graph_));
    write_npy(stem + "_feats.npy", NpyArray::from(std::span<const float>(features_),
                                                  {nodes, dataset_.features.columns()}));
    write_npy(stem + "_labels.npy", NpyArray::from(std::span<const std::int64_t>(labels_),
                                                   {nodes, dataset_.num_classes}));
    write_npy(stem + "_graph_id.npy",
              NpyArray::from(std::span<const std::int64_t>(graph_id_), {nodes}));
  }

 private:
  void add_row(std::int64_t node) {
    const sparse::CsrMatrix& features = dataset_.features;
    const std::int64_t begin = std::ssize(features_);
    features_.resize(features_.size() + static_cast<std::size_t>(features.columns()), 0);
    for (std::int64_t e = features.row_ptr()[node]; e < features.row_ptr()[node + 1]; ++e) {
      features_[begin + features.col_idx()[e]] = features.values().data<float>()[e];
    }
    const std::span<const float> targets = dataset_.targets.data<float>();
    for (std::int64_t label = 0; label < dataset_.num_classes; ++label) {
      labels_.push_back(targets[node * dataset_.num_classes + label] == 0 ? 0 : 1);
    }
  }

  const NodeDataset& dataset_;
  NodeLinkGraph graph_;
  std::vector<float> features_;
  std::vector<std::int64_t> labels_;
  std::vector<std::int64_t> graph_id_;
};

// Of each node 0 to 2, or -1.
std::vector<int> part_of_nodes(const NodeDataset& dataset) {
  std::vector<int> part(static_cast<std::size_t>(dataset.num_nodes()), -1);
  int number = 0;
  for (const auto* nodes : {&dataset.split.train, &dataset.split.validation, &dataset.split.test}) {
    for (const std::int64_t node : *nodes) {
      part[node] = number;
    }
    ++number;
  }
  return part;
}

int part_of_graph(const NodeDataset& dataset, const std::vector<int>& parts, std::int64_t graph) {
  const std::int64_t begin = dataset.graph_ptr[graph];
  for (std::int64_t node = begin; node < dataset.graph_ptr[graph + 1]; ++node) {
    if (parts[node] < 0 || parts[node] != parts[begin]) {
      throw InvalidArgument(text("save_graph_folder: graph ", graph,
                                 ": expected all nodes in one part of the split, found node ", node,
                                 " in another or in none"));
    }
  }
  return parts[begin];
}

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw FileError(folder, text("cannot make the folder: ", error.message()));
  }
}

}  // namespace

void save_graph_folder(const std::string& folder, const NodeDataset& dataset) {
  validate(dataset);
  if (!dataset.multi_label() || dataset.graph_ptr.empty()) {
    throw InvalidArgument(
        "save_graph_folder: expected graphs whose nodes have several labels, got "
        "one graph or nodes of one class");
  }
  const std::vector<int> parts = part_of_nodes(dataset);
  std::array<PartWriter, 3> writers{PartWriter(dataset), PartWriter(dataset), PartWriter(dataset)};
  for (std::int64_t graph = 0; graph < dataset.num_graphs(); ++graph) {
    if (dataset.graph_ptr[graph] < dataset.graph_ptr[graph + 1]) {
      writers[static_cast<std::size_t>(part_of_graph(dataset, parts, graph))].add_graph(graph);
    }
  }
  make_folder(folder);
  writers[0].write(folder + "/train");
  writers[1].write(folder + "/valid");
  writers[2].write(folder + "/test");
}

}  // namespace attune::data
