#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <utility>
#include <vector>

#include "data/assemble.hpp"
#include "data/feature_rows.hpp"
#include "data/folders.hpp"
#include "data/node_link.hpp"
#include "data/text_files.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/graph_folder.hpp>
#include <attune/data/npy.hpp>

namespace attune::data {

using core::text;
namespace fs = std::filesystem;

namespace {

constexpr std::array kParts{"train", "valid", "test"};

std::string file_of(const std::string& folder, const char* part, const char* what) {
  return text(folder, "/", part, "_", what);
}

/// What the four files of a part say, nodes in their order.
struct Part {
  std::string graph_path;
  NodeLinkGraph graph;
  NpyArray features;                   // [num_nodes, F]
  NpyArray labels;                     // [num_nodes, L]
  std::vector<std::int64_t> graph_id;  // [num_nodes]
};

Part read_part(const std::string& folder, const char* name, TextFiles& files) {
  const auto read_array = [&](const char* what) {
    const std::string path = file_of(folder, name, what);
    return parse_npy(files.read(path), path);
  };
  Part part;
  part.features = read_array("feats.npy");
  part.graph_path = file_of(folder, name, "graph.json");
  part.graph = parse_node_link(files.read(part.graph_path), part.graph_path);
  const NpyArray graph_id = read_array("graph_id.npy");
  part.labels = read_array("labels.npy");
  part.features.require_shape({part.graph.num_nodes, -1});
  part.labels.require_shape({part.graph.num_nodes, -1});
  graph_id.require_shape({part.graph.num_nodes});
  part.graph_id = graph_id.ints();
  return part;
}

/// Puts parts one after the other.
class Assembly {
 public:
  Assembly(std::int64_t num_features, std::int64_t num_labels) : num_labels_(num_labels) {
    rows_.columns = num_features;
  }

  /// @return the numbers that the nodes of the part have now
  std::vector<std::int64_t> add(const Part& part) {
    part.features.require_shape({part.graph.num_nodes, rows_.columns});
    part.labels.require_shape({part.graph.num_nodes, num_labels_});
    const std::int64_t before = num_nodes();
    std::vector<std::int64_t> order(part.graph_id.size());  // of the part's nodes, by graph
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::ranges::stable_sort(order, {}, [&](std::int64_t node) { return part.graph_id[node]; });
    add_links(part, order, before);
    add_rows(part, order);
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i + 1 == order.size() || part.graph_id[order[i]] != part.graph_id[order[i + 1]]) {
        graph_ptr_.push_back(before + static_cast<std::int64_t>(i) + 1);
      }
    }
    std::vector<std::int64_t> nodes(order.size());
    std::iota(nodes.begin(), nodes.end(), before);
    return nodes;
  }

  void finish(NodeDataset& dataset) && {
    const std::int64_t nodes = num_nodes();
    dataset.graph = undirected(nodes, links_);
    const auto values = static_cast<std::int64_t>(rows_.values.size());
    dataset.features =
        sparse::CsrMatrix(rows_.columns, std::move(rows_.row_ptr), std::move(rows_.col_idx),
                          core::Tensor::from(rows_.values, {values}));
    dataset.num_classes = num_labels_;
    dataset.targets = core::Tensor::from(targets_, {nodes, num_labels_});
    dataset.graph_ptr = std::move(graph_ptr_);
  }

 private:
  [[nodiscard]] std::int64_t num_nodes() const { return graph_ptr_.back(); }

  void add_links(const Part& part, const std::vector<std::int64_t>& order, std::int64_t before) {
    std::vector<std::int64_t> number(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      number[order[i]] = before + static_cast<std::int64_t>(i);
    }
    for (std::size_t i = 0; i < part.graph.links.size(); ++i) {
      const graph::Edge& link = part.graph.links[i];
      if (part.graph_id[link.src] != part.graph_id[link.dst]) {
        throw FileError(part.graph_path,
                        text("links[", i, "]: expected ends in one graph, found node ", link.src,
                             " of graph ", part.graph_id[link.src], " and node ", link.dst,
                             " of graph ", part.graph_id[link.dst]));
      }
      links_.push_back({number[link.src], number[link.dst]});
    }
  }

  void add_rows(const Part& part, const std::vector<std::int64_t>& order) {
    const std::vector<float> features = part.features.floats();
    const std::vector<double> labels = part.labels.doubles();
    for (const std::int64_t node : order) {
      for (std::int64_t column = 0; column < rows_.columns; ++column) {
        rows_.append_unless_zero(column, features[node * rows_.columns + column]);
      }
      rows_.end_row();
      for (std::int64_t label = 0; label < num_labels_; ++label) {
        const double value = labels[node * num_labels_ + label];
        if (value != 0 && value != 1) {
          part.labels.fail(
              text("label ", label, " of node ", node, ": expected 0 or 1, found ", value));
        }
        targets_.push_back(static_cast<float>(value));
      }
    }
  }

  std::int64_t num_labels_;
  std::vector<graph::Edge> links_;
  FeatureRows rows_;
  std::vector<float> targets_;
  std::vector<std::int64_t> graph_ptr_{0};
};

std::string name_of(const std::string& folder) {
  const fs::path path = fs::path(folder).lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

}  // namespace

bool is_graph_folder(const std::string& folder) {
  return exists(file_of(folder, kParts.front(), "graph.json"));
}

NodeDataset load_graph_folder(const std::string& folder) {
  TextFiles files;
  std::vector<Part> parts;
  for (const char* part : kParts) {
    parts.push_back(read_part(folder, part, files));
  }
  Assembly assembly(parts.front().features.shape()[1], parts.front().labels.shape()[1]);
  NodeDataset dataset;
  NodeSplit split;
  split.train = assembly.add(parts[0]);
  split.validation = assembly.add(parts[1]);
  split.test = assembly.add(parts[2]);
  std::move(assembly).finish(dataset);
  dataset.splits.push_back(std::move(split));
  dataset.name = name_of(folder);
  dataset.sha256 = files.sha256();
  dataset.source = text("graphs in ", folder);
  return finished(std::move(dataset), folder);
}

}  // namespace attune::data
