#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>
#include <vector>

#include "data/assemble.hpp"
#include "data/edge_features.hpp"
#include "data/feature_rows.hpp"
#include "data/node_names.hpp"
#include "data/quoted.hpp"
#include "data/text_files.hpp"
#include "data/text_lines.hpp"
#include <attune/data/text_datasets.hpp>

namespace attune::data {

using core::text;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFeatures = 1 << 22;

/// A file of rows, without its heading and its comments.
class Table {
 public:
  Table(std::string_view bytes, const std::string& path)
      : lines_(bytes, path), separator_(separator_of(path)) {}

  bool next() {
    while (lines_.next()) {
      if (!lines_.line().starts_with('#') && !(rows_++ == 0 && is_heading())) {
        return true;
      }
    }
    return false;
  }

  const std::vector<std::string_view>& fields() { return lines_.fields(separator_); }
  const std::vector<std::string_view>& fields(std::size_t expected) {
    return lines_.fields(separator_, expected);
  }
  [[nodiscard]] const TextLines& lines() const noexcept { return lines_; }

 private:
  static char separator_of(const std::string& path) {
    const fs::path plain = path.ends_with(".gz") ? fs::path(path).stem() : fs::path(path);
    const std::string ending = plain.extension().string();
    return ending == ".csv" ? ',' : ending == ".tsv" ? '\t' : ' ';
  }

  bool is_heading() {
    constexpr std::array<std::string_view, 7> kHeadings{"node",   "id",  "node_id", "name",
                                                        "source", "src", "from"};
    const std::vector<std::string_view>& first = fields();
    return !first.empty() &&
           std::find(kHeadings.begin(), kHeadings.end(), first.front()) != kHeadings.end();
  }

  TextLines lines_;
  char separator_;
  std::int64_t rows_ = 0;
};

struct EdgeRows {
  std::vector<graph::Edge> edges;
  std::vector<float> features;  // of one edge after another; empty: there are none
};

class Folder {
 public:
  explicit Folder(std::string folder) : folder_(std::move(folder)) {}

  /// Files in the order of their names, which is that of the digest.
  NodeDataset read() {
    const std::string edges_path = required("edges");
    const std::string edges = files_.read(edges_path);
    if (const std::string path = find("features"); !path.empty()) {
      read_features(path);
    }
    const std::string labels_path = required("labels");
    const std::string labels = files_.read(labels_path);
    if (names_.empty()) {
      read_names(labels, labels_path);
    }
    const NodeNames by_name(names_);
    if (const auto twice = by_name.repeated()) {
      throw FileError(named_in_, name_lines_[twice->second],
                      text("expected each node once, found ", data::quoted(names_[twice->second]),
                           " as on line ", name_lines_[twice->first]));
    }
    NodeDataset dataset;
    read_labels(labels, labels_path, by_name, dataset);
    const EdgeRows rows = read_edges(edges, edges_path, by_name);
    dataset.graph = undirected(std::ssize(names_), rows.edges);
    if (!rows.features.empty()) {
      dataset.edge_features = features_in_order(dataset.graph, rows.edges, rows.features,
                                                std::ssize(rows.features) / std::ssize(rows.edges));
    }
    dataset.features = features_.columns > 0 ? to_features(std::move(features_))
                                             : identity_features(std::ssize(names_));
    if (const std::string path = find("split"); !path.empty()) {
      read_split(path, by_name, dataset);
    }
    dataset.sha256 = files_.sha256();
    return dataset;
  }

 private:
  [[nodiscard]] std::string find(const std::string& name) const {
    return first_file(text(folder_, "/", name),
                      {".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz"});
  }

  [[nodiscard]] std::string required(const std::string& name) const {
    std::string found = find(name);
    if (found.empty()) {
      throw FileError(text(folder_, "/", name, ".csv"),
                      "missing; expected it, or with .tsv or .txt, also with .gz");
    }
    return found;
  }

  void add_name(std::string_view name, const TextLines& lines) {
    if (name.empty()) {
      lines.fail("expected the name of a node, found none");
    }
    names_.emplace_back(name);
    name_lines_.push_back(lines.number());
  }

  void read_features(const std::string& path) {
    const std::string bytes = files_.read(path);
    Table table(bytes, path);
    named_in_ = path;
    while (table.next()) {
      const std::vector<std::string_view>& fields = table.fields();
      if (features_.columns == 0 && fields.size() > 1 && fields.size() - 1 <= kMaxFeatures) {
        features_.columns = std::ssize(fields) - 1;
      }
      if (features_.columns == 0 || std::ssize(fields) != features_.columns + 1) {
        table.lines().fail(
            "expected the name of a node and ",
            features_.columns == 0 ? text("1 to ", kMaxFeatures) : text(features_.columns),
            " numbers, found ", fields.size(), " fields");
      }
      add_name(fields[0], table.lines());
      for (std::int64_t column = 0; column < features_.columns; ++column) {
        features_.append_unless_zero(column, table.lines().real(fields[column + 1]));
      }
      features_.end_row();
    }
    if (names_.empty()) {
      throw FileError(path, "expected a node a line, found none");
    }
  }

  void read_names(const std::string& bytes, const std::string& path) {
    Table table(bytes, path);
    named_in_ = path;
    while (table.next()) {
      add_name(table.fields().empty() ? std::string_view() : table.fields()[0], table.lines());
    }
  }

  /// The node of that name.
  static std::int64_t node(std::string_view name, const NodeNames& by_name,
                           const TextLines& lines) {
    const std::optional<std::int64_t> found = by_name.find(name);
    if (!found) {
      lines.fail("no node is named ", data::quoted(name));
    }
    return *found;
  }

  void read_labels(const std::string& bytes, const std::string& path, const NodeNames& by_name,
                   NodeDataset& dataset) const {
    std::vector<std::string> labels(names_.size());
    std::vector<bool> listed(names_.size(), false);
    Table table(bytes, path);
    while (table.next()) {
      const std::vector<std::string_view>& fields = table.fields(2);
      const std::int64_t labelled = node(fields[0], by_name, table.lines());
      if (listed[labelled]) {
        table.lines().fail("expected each node once, found ", data::quoted(fields[0]), " again");
      }
      listed[labelled] = true;
      labels[labelled] = fields[1];
    }
    NamedClasses classes = classes_of(labels);
    dataset.labels = std::move(classes.labels);
    dataset.num_classes = std::ssize(classes.names);
  }

  /// Two ends a line, and as many numbers in each as in the first.
  static EdgeRows read_edges(const std::string& bytes, const std::string& path,
                             const NodeNames& by_name) {
    Table table(bytes, path);
    EdgeRows rows;
    std::size_t columns = 0;
    while (table.next()) {
      const std::vector<std::string_view>& fields =
          columns == 0 ? table.fields() : table.fields(columns);
      if (fields.size() < 2 || fields.size() > kMaxFeatures) {
        table.lines().fail("expected 2 fields, found ", fields.size());
      }
      columns = fields.size();
      rows.edges.push_back({.src = node(fields[0], by_name, table.lines()),
                            .dst = node(fields[1], by_name, table.lines())});
      for (std::size_t column = 2; column < columns; ++column) {
        rows.features.push_back(table.lines().real(fields[column]));
      }
    }
    return rows;
  }

  void read_split(const std::string& path, const NodeNames& by_name, NodeDataset& dataset) {
    const std::string bytes = files_.read(path);
    Table table(bytes, path);
    NodeSplit split;
    while (table.next()) {
      const std::vector<std::string_view>& fields = table.fields(2);
      std::vector<std::int64_t>* part = part_named(fields[1], split);
      if (part == nullptr) {
        table.lines().fail("expected train, validation or test, found ", data::quoted(fields[1]));
      }
      part->push_back(node(fields[0], by_name, table.lines()));
    }
    for (std::vector<std::int64_t>* part : {&split.train, &split.validation, &split.test}) {
      std::sort(part->begin(), part->end());
    }
    dataset.splits.push_back(std::move(split));
  }

  std::string folder_;
  TextFiles files_;
  std::vector<std::string> names_;
  std::vector<std::int64_t> name_lines_;
  std::string named_in_;  // the file that names the nodes
  FeatureRows features_;
};

}  // namespace

NodeDataset load_tables(const std::string& folder) {
  const fs::path normal = fs::path(folder + "/").lexically_normal().parent_path();
  NodeDataset dataset = Folder(normal.string()).read();
  dataset.name = normal.filename().string();
  dataset.source = text("tables in ", normal.string());
  return finished(std::move(dataset), normal.string());
}

}  // namespace attune::data
