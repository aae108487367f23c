#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include <boost/graph/graphml.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include "data/assemble.hpp"
#include "data/feature_rows.hpp"
#include "data/node_names.hpp"
#include "data/quoted.hpp"
#include "data/text_files.hpp"
#include "data/text_lines.hpp"
#include "data/xml_guard.hpp"
#include <attune/data/text_datasets.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;  // the tree takes a multiple

struct Feature {
  std::int64_t node;
  std::int64_t column;
  float value;
};

/// Takes what Boost reads. Vertices are their numbers.
class Collector final : public boost::mutate_graph {
 public:
  Collector(const std::string& path, bool directed) : path_(path), directed_(directed) {}

  [[nodiscard]] bool is_directed() const override { return directed_; }

  boost::any do_add_vertex() override {
    labels_.emplace_back();
    parts_.emplace_back();
    return static_cast<std::int64_t>(labels_.size()) - 1;
  }

  std::pair<boost::any, bool> do_add_edge(boost::any source, boost::any target) override {
    edges_.push_back({.src = number(source), .dst = number(target)});
    return {boost::any(std::ssize(edges_) - 1), true};
  }

  void set_graph_property(const std::string& /*name*/, const std::string& /*value*/,
                          const std::string& /*type*/) override {}
  void set_edge_property(const std::string& /*name*/, boost::any /*edge*/,
                         const std::string& /*value*/, const std::string& /*type*/) override {}

  void set_vertex_property(const std::string& name, boost::any vertex, const std::string& value,
                           const std::string& type) override {
    const std::int64_t node = number(vertex);
    if (name.empty()) {
      throw FileError(path_, text("node ", node,
                                  ", counted from 0: expected data of a key that is "
                                  "declared and has a name"));
    }
    if (name == "label" || name == "class" || name == "y") {
      labels_[node] = value;
    } else if (name == "split") {
      parts_[node] = value;
    } else if (type != "string") {
      const auto column = columns_.emplace(name, std::ssize(columns_)).first->second;
      features_.push_back({node, column, real(name, node, value)});
    }
  }

  /// @param declared  elements <node> in the file
  NodeDataset dataset(std::int64_t declared) {
    const std::int64_t num_nodes = std::ssize(labels_);
    if (num_nodes != declared || declared == 0) {
      // Boost lets edges add nodes that the file does not list.
      throw FileError(path_, text("expected nodes, and edges between them alone, found ", declared,
                                  " nodes and ", num_nodes, " ends of edges and nodes"));
    }
    NodeDataset dataset;
    NamedClasses classes = classes_of(labels_);
    dataset.labels = std::move(classes.labels);
    dataset.num_classes = std::ssize(classes.names);
    dataset.graph = undirected(num_nodes, edges_);
    dataset.features = columns_.empty() ? identity_features(num_nodes) : feature_matrix();
    read_split(dataset);
    return dataset;
  }

 private:
  static std::int64_t number(const boost::any& vertex) {
    return boost::any_cast<std::int64_t>(vertex);
  }

  [[nodiscard]] float real(const std::string& name, std::int64_t node,
                           const std::string& value) const {
    if (value == "true" || value == "false") {
      return value == "true" ? 1.0F : 0.0F;
    }
    try {
      return TextLines({}, path_).real(value);
    } catch (const FileError&) {
      throw FileError(path_, text("node ", node, ", counted from 0: attribute ", data::quoted(name),
                                  ": expected a finite number, found ", data::quoted(value)));
    }
  }

  sparse::CsrMatrix feature_matrix() {
    std::vector<std::int64_t> by_name(columns_.size());
    std::int64_t rank = 0;
    for (const auto& [name, column] : columns_) {
      by_name[column] = rank++;
    }
    for (Feature& feature : features_) {
      feature.column = by_name[feature.column];
    }
    // Stable: of a default and what the node says itself, the latter came last.
    std::stable_sort(features_.begin(), features_.end(), [](const Feature& a, const Feature& b) {
      return std::pair(a.node, a.column) < std::pair(b.node, b.column);
    });
    FeatureRows rows;
    rows.columns = rank;
    std::size_t i = 0;
    for (std::int64_t node = 0; node < std::ssize(labels_); ++node) {
      for (; i < features_.size() && features_[i].node == node; ++i) {
        const bool overridden = i + 1 < features_.size() && features_[i + 1].node == node &&
                                features_[i + 1].column == features_[i].column;
        if (!overridden) {
          rows.append_unless_zero(features_[i].column, features_[i].value);
        }
      }
      rows.end_row();
    }
    return to_features(std::move(rows));
  }

  void read_split(NodeDataset& dataset) const {
    NodeSplit split;
    bool any = false;
    for (std::int64_t node = 0; node < std::ssize(parts_); ++node) {
      const std::string& name = parts_[node];
      if (name.empty()) {
        continue;
      }
      std::vector<std::int64_t>* part = part_named(name, split);
      if (part == nullptr) {
        throw FileError(path_, text("node ", node,
                                    ", counted from 0: expected split train, "
                                    "validation or test, found ",
                                    data::quoted(name)));
      }
      part->push_back(node);
      any = true;
    }
    if (any) {
      dataset.splits.push_back(std::move(split));
    }
  }

  const std::string& path_;
  bool directed_;
  std::vector<std::string> labels_;
  std::vector<std::string> parts_;
  std::vector<graph::Edge> edges_;
  std::map<std::string, std::int64_t> columns_;
  std::vector<Feature> features_;
};

/// The file as a graph of this kind; false where it is of the other kind.
bool read_as(const std::string& bytes, Collector& collector) {
  std::istringstream in(bytes);
  try {
    boost::read_graphml(in, collector, 0);
  } catch (const boost::undirected_graph_error&) {
    return false;
  } catch (const boost::directed_graph_error&) {
    return false;
  }
  return true;
}

/// Nodes with ids of their own. Boost would take two of one id for different nodes.
std::int64_t count_nodes(const std::string& bytes, const std::string& path) {
  std::vector<std::string_view> ids = check_xml_size(bytes, path, "node");
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice != ids.end()) {
    throw FileError(
        path, text("expected nodes with an id of their own, found two ", data::quoted(*twice)));
  }
  return std::ssize(ids);
}

NodeDataset parse(const std::string& bytes, const std::string& path) {
  const std::int64_t num_nodes = count_nodes(bytes, path);
  try {
    for (const bool directed : {true, false}) {
      Collector collector(path, directed);
      if (read_as(bytes, collector)) {
        return collector.dataset(num_nodes);
      }
    }
  } catch (const Error&) {
    throw;
  } catch (const boost::property_tree::xml_parser::xml_parser_error& error) {
    throw FileError(path, static_cast<std::int64_t>(error.line()),
                    text("expected XML: ", error.message()));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {  // a missing element or attribute, a wrong value
    throw FileError(path, text("expected GraphML: ", error.what()));
  }
  throw FileError(path, "expected edges all directed or all undirected, found both");
}

}  // namespace

NodeDataset load_graphml(const std::string& path) {
  TextFiles files;
  const std::string bytes = files.read(path);
  if (bytes.size() > kMaxBytes) {
    throw FileError(path, text("expected at most ", kMaxBytes, " bytes, found ", bytes.size()));
  }
  NodeDataset dataset = parse(bytes, path);
  dataset.name = std::filesystem::path(path).stem().string();
  dataset.sha256 = files.sha256();
  dataset.source = text("the file ", path);
  return finished(std::move(dataset), path);
}

}  // namespace attune::data
