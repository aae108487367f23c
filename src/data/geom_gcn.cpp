#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "data/assemble.hpp"
#include "data/feature_rows.hpp"
#include "data/folders.hpp"
#include "data/npz_masks.hpp"
#include "data/text_files.hpp"
#include "data/text_lines.hpp"
#include <attune/data/npz.hpp>
#include <attune/data/text_datasets.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMaxFeatures = 1 << 22;
constexpr std::int64_t kMaxClasses = 1 << 20;

struct Row {
  std::vector<std::pair<std::int32_t, float>> features;
  std::int32_t label = -1;
};

/// out1_node_feature_label.txt
class NodeReader {
 public:
  NodeReader(std::string_view bytes, const std::string& path) : lines_(bytes, path) {}

  void read(NodeDataset& dataset) {
    read_heading();
    while (lines_.next()) {
      read_line();
    }
    if (nodes_.empty()) {
      throw FileError(lines_.path(), "expected a node a line, found none");
    }
    place(dataset);
  }

 private:
  void read_heading() {
    if (!lines_.next() || lines_.fields('\t', 3)[0] != "node_id") {
      throw FileError(lines_.path(), 1, "expected the heading node_id, feature, label");
    }
    constexpr std::string_view kAmount = "feature_amount:";
    const std::string_view heading = lines_.fields('\t', 3)[1];
    const std::size_t at = heading.find(kAmount);
    if (at != std::string_view::npos) {
      const std::string_view rest = heading.substr(at + kAmount.size());
      // The number published is that of the highest index, not of the columns.
      columns_ = 1 + lines_.integer(rest.substr(0, rest.find(')')), 0, kMaxFeatures - 1);
      indices_ = true;
    }
  }

  void read_line() {
    const std::vector<std::string_view> fields = lines_.fields('\t', 3);
    Row row;
    read_features(fields[1], row);
    row.label = static_cast<std::int32_t>(lines_.integer(fields[2], 0, kMaxClasses - 1));
    constexpr std::int64_t kMaxNodes = std::int64_t{1} << 31;
    nodes_.push_back(lines_.integer(fields[0], 0, kMaxNodes - 1));
    numbers_.push_back(lines_.number());
    rows_.push_back(std::move(row));
  }

  void read_features(std::string_view field, Row& row) {
    std::int64_t count = 0;
    while (!field.empty() || count == 0) {
      const std::string_view one = field.substr(0, field.find(','));
      if (indices_) {
        const auto column = static_cast<std::int32_t>(lines_.integer(one, 0, columns_ - 1));
        row.features.emplace_back(column, 1.0F);
      } else {
        const float value = lines_.real(one);
        if (value != 0) {
          row.features.emplace_back(static_cast<std::int32_t>(count), value);
        }
      }
      ++count;
      field.remove_prefix(std::min(one.size() + 1, field.size()));
    }
    if (!indices_) {
      check_columns(count);
    }
  }

  void check_columns(std::int64_t count) {
    if (columns_ == 0 && count <= kMaxFeatures) {
      columns_ = count;  // the first line says how many
    }
    if (count != columns_) {
      lines_.fail("expected ", columns_ == 0 ? kMaxFeatures : columns_, " features, found ", count);
    }
  }

  void place(NodeDataset& dataset) {
    const std::int64_t num_nodes = std::ssize(nodes_);
    std::vector<std::int64_t> row_of(static_cast<std::size_t>(num_nodes), -1);
    for (std::int64_t i = 0; i < num_nodes; ++i) {
      if (nodes_[i] >= num_nodes || row_of[nodes_[i]] >= 0) {
        throw FileError(
            lines_.path(), numbers_[i],
            text("expected nodes 0 to ", num_nodes - 1, " once each, found ", nodes_[i]));
      }
      row_of[nodes_[i]] = i;
    }
    FeatureRows features;
    features.columns = columns_;
    for (const std::int64_t i : row_of) {
      append(rows_[i], features);
      dataset.labels.push_back(rows_[i].label);
      dataset.num_classes = std::max<std::int64_t>(dataset.num_classes, rows_[i].label + 1);
    }
    dataset.features = to_features(std::move(features));
  }

  static void append(Row& row, FeatureRows& out) {
    std::sort(row.features.begin(), row.features.end());
    // Of actors' words some are listed twice, which says no more than once.
    row.features.erase(std::unique(row.features.begin(), row.features.end()), row.features.end());
    for (const auto& [column, value] : row.features) {
      out.append_unless_zero(column, value);
    }
    out.end_row();
  }

  TextLines lines_;
  bool indices_ = false;
  std::int64_t columns_ = 0;
  std::vector<std::int64_t> nodes_;
  std::vector<std::int64_t> numbers_;  // lines they stand on
  std::vector<Row> rows_;
};

std::vector<graph::Edge> read_edges(std::string_view bytes, const std::string& path,
                                    std::int64_t num_nodes) {
  TextLines lines(bytes, path);
  if (!lines.next() || lines.fields('\t', 2)[0] != "node_id") {
    throw FileError(path, 1, "expected the heading node_id, node_id");
  }
  std::vector<graph::Edge> edges;
  while (lines.next()) {
    const std::vector<std::string_view>& ends = lines.fields('\t', 2);
    edges.push_back({.src = lines.integer(ends[0], 0, num_nodes - 1),
                     .dst = lines.integer(ends[1], 0, num_nodes - 1)});
  }
  return edges;
}

void read_splits(const std::filesystem::path& folder, TextFiles& files, NodeDataset& dataset) {
  constexpr int kMostSplits = 1000;
  const std::string stem =
      (folder.parent_path().parent_path() / "splits" / folder.filename()).string();
  for (int i = 0; i < kMostSplits; ++i) {
    const std::string path = text(stem, "_split_0.6_0.2_", i, ".npz");
    if (!exists(path)) {
      return;
    }
    dataset.splits.push_back(read_masks(parse_npz(files.read(path), path), dataset.num_nodes()));
  }
}

}  // namespace

NodeDataset load_geom_gcn(const std::string& folder) {
  std::filesystem::path normal = std::filesystem::absolute(folder).lexically_normal();
  if (!normal.has_filename()) {
    normal = normal.parent_path();  // FOLDER/
  }
  const std::string edges_path = (normal / "out1_graph_edges.txt").string();
  const std::string nodes_path = (normal / "out1_node_feature_label.txt").string();
  TextFiles files;
  const std::string edges = files.read(edges_path);
  const std::string nodes = files.read(nodes_path);
  NodeDataset dataset;
  dataset.name = normal.filename().string();
  NodeReader(nodes, nodes_path).read(dataset);
  const std::int64_t num_nodes = std::ssize(dataset.labels);
  dataset.graph = undirected(num_nodes, read_edges(edges, edges_path, num_nodes));
  read_splits(normal, files, dataset);
  dataset.sha256 = files.sha256();
  dataset.source = text("geom-gcn files in ", folder);
  return finished(std::move(dataset), folder);
}

}  // namespace attune::data
