#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>
#include <vector>

#include "data/assemble.hpp"
#include "data/edge_features.hpp"
#include "data/feature_rows.hpp"
#include "data/folders.hpp"
#include "data/text_files.hpp"
#include "data/text_lines.hpp"
#include <attune/data/text_datasets.hpp>

namespace attune::data {

using core::text;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kMaxClasses = 1 << 20;
constexpr std::size_t kMaxFeatures = 1 << 22;

class Folder {
 public:
  explicit Folder(std::string folder) : folder_(std::move(folder)) {}

  /// In the order of their names, which is that of the digest.
  NodeDataset read() {
    NodeDataset dataset;
    const std::string edge_features_path =
        first_file(text(folder_, "/raw/edge-feat"), {".csv.gz", ".csv"});
    const std::string edge_features =
        edge_features_path.empty() ? std::string() : files_.read(edge_features_path);
    const std::string edges_path = find("raw/edge");
    const std::string edges = files_.read(edges_path);
    read_features(find("raw/node-feat"));
    read_labels(find("raw/node-label"), dataset);
    const std::int64_t num_nodes = std::ssize(dataset.labels);
    if (features_.rows() != num_nodes) {
      throw FileError(find("raw/node-feat"),
                      text("expected features of ", num_nodes, " nodes, as node-label has, found ",
                           features_.rows()));
    }
    const std::vector<graph::Edge> list = read_edges(edges, edges_path, num_nodes);
    require_count("raw/num-edge-list", std::ssize(list), "edges, as edge has");
    require_count("raw/num-node-list", num_nodes, "nodes, as node-label has");
    dataset.graph = undirected(num_nodes, list);
    if (!edge_features_path.empty()) {
      dataset.edge_features =
          read_edge_features(edge_features, edge_features_path, list, dataset.graph);
    }
    dataset.features = to_features(std::move(features_));
    read_splits(dataset);
    dataset.sha256 = files_.sha256();
    return dataset;
  }

 private:
  [[nodiscard]] std::string find(const std::string& stem) const {
    const std::string place = text(folder_, "/", stem);
    const std::string found = first_file(place, {".csv.gz", ".csv"});
    if (found.empty()) {
      throw FileError(place + ".csv.gz", "missing; a folder of OGB's layout has it");
    }
    return found;
  }

  void read_features(const std::string& path) {
    const std::string bytes = files_.read(path);
    TextLines lines(bytes, path);
    while (lines.next()) {
      const std::vector<std::string_view>& fields = lines.fields(',');
      if (features_.columns == 0 && fields.size() <= kMaxFeatures) {
        features_.columns = std::ssize(fields);
      }
      if (std::ssize(fields) != features_.columns) {
        lines.fail("expected ", features_.columns == 0 ? kMaxFeatures : features_.columns,
                   " features, found ", fields.size());
      }
      for (std::int64_t column = 0; column < features_.columns; ++column) {
        features_.append_unless_zero(column, lines.real(fields[column]));
      }
      features_.end_row();
    }
  }

  void read_labels(const std::string& path, NodeDataset& dataset) {
    const std::string bytes = files_.read(path);
    TextLines lines(bytes, path);
    while (lines.next()) {
      std::string_view field = lines.fields(',', 1)[0];
      if (field == "nan") {
        dataset.labels.push_back(-1);
        continue;
      }
      if (field.ends_with(".0")) {
        field.remove_suffix(2);  // as pandas writes integers that stood beside a nan
      }
      const std::int64_t label = lines.integer(field, 0, kMaxClasses - 1);
      dataset.labels.push_back(static_cast<std::int32_t>(label));
      dataset.num_classes = std::max(dataset.num_classes, label + 1);
    }
    if (dataset.labels.empty()) {
      throw FileError(path, "expected a label a line, found none");
    }
  }

  static std::vector<graph::Edge> read_edges(const std::string& bytes, const std::string& path,
                                             std::int64_t num_nodes) {
    TextLines lines(bytes, path);
    std::vector<graph::Edge> edges;
    while (lines.next()) {
      const std::vector<std::string_view>& ends = lines.fields(',', 2);
      edges.push_back({.src = lines.integer(ends[0], 0, num_nodes - 1),
                       .dst = lines.integer(ends[1], 0, num_nodes - 1)});
    }
    return edges;
  }

  static core::Tensor read_edge_features(const std::string& bytes, const std::string& path,
                                         const std::vector<graph::Edge>& edges,
                                         const graph::Graph& graph) {
    TextLines lines(bytes, path);
    std::vector<float> features;
    std::int64_t rows = 0;
    std::size_t columns = 0;
    for (; lines.next(); ++rows) {
      const std::vector<std::string_view>& fields = lines.fields(',');
      columns = rows == 0 ? std::min(fields.size(), kMaxFeatures) : columns;
      if (fields.size() != columns) {
        lines.fail("expected ", columns, " features, found ", fields.size());
      }
      for (const std::string_view field : fields) {
        features.push_back(lines.real(field));
      }
    }
    if (rows != std::ssize(edges)) {
      throw FileError(
          path, text("expected features of ", edges.size(), " edges, as edge has, found ", rows));
    }
    if (rows == 0) {
      return {};
    }
    return features_in_order(graph, edges, features, static_cast<std::int64_t>(columns));
  }

  void require_count(const std::string& stem, std::int64_t expected, const char* what) {
    const std::string path = find(stem);
    const std::string bytes = files_.read(path);
    TextLines lines(bytes, path);
    if (!lines.next()) {
      throw FileError(path, text("expected ", expected, " ", what, ", found nothing"));
    }
    const std::int64_t found =
        lines.integer(lines.fields(',', 1)[0], 0, std::numeric_limits<std::int64_t>::max());
    if (found != expected) {
      lines.fail("expected ", expected, " ", what, ", found ", found);
    }
    if (lines.next()) {
      lines.fail("expected one graph, found another");
    }
  }

  void read_splits(NodeDataset& dataset) {
    std::vector<std::string> folders;
    std::error_code error;
    for (fs::directory_iterator at(text(folder_, "/split"), error), end; !error && at != end;
         at.increment(error)) {
      const std::string stem = at->path().string() + "/train";
      if (!first_file(stem, {".csv.gz", ".csv"}).empty()) {
        folders.push_back("split/" + at->path().filename().string());
      }
    }
    std::sort(folders.begin(), folders.end());
    for (const std::string& folder : folders) {
      NodeSplit split;
      split.test = read_nodes(find(folder + "/test"), dataset.num_nodes());
      split.train = read_nodes(find(folder + "/train"), dataset.num_nodes());
      split.validation = read_nodes(find(folder + "/valid"), dataset.num_nodes());
      dataset.splits.push_back(std::move(split));
    }
  }

  std::vector<std::int64_t> read_nodes(const std::string& path, std::int64_t num_nodes) {
    const std::string bytes = files_.read(path);
    TextLines lines(bytes, path);
    std::vector<std::int64_t> nodes;
    while (lines.next()) {
      nodes.push_back(lines.integer(lines.fields(',', 1)[0], 0, num_nodes - 1));
    }
    std::sort(nodes.begin(), nodes.end());
    return nodes;
  }

  std::string folder_;
  TextFiles files_;
  FeatureRows features_;
};

}  // namespace

NodeDataset load_ogb(const std::string& folder) {
  const fs::path normal = fs::path(folder + "/").lexically_normal().parent_path();
  NodeDataset dataset = Folder(normal.string()).read();
  dataset.name = normal.filename().string();
  dataset.source = text("OGB files in ", normal.string());
  return finished(std::move(dataset), normal.string());
}

}  // namespace attune::data
