#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "data/npz_checks.hpp"
#include "data/npz_features.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/native_npz.hpp>
#include <attune/data/npz.hpp>
#include <attune/graph/builder.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{8} << 30;
constexpr std::int64_t kMaxNodes = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxClasses = 1 << 20;

// Members of honest data sets inflate by far less (bags of words about 50-fold).
NpzLimits limits_for(std::int64_t file_bytes) {
  constexpr std::int64_t kAllowance = std::int64_t{64} << 20;
  constexpr std::int64_t kMaxRatio = 200;
  NpzLimits limits;
  limits.max_total_bytes = std::min(limits.max_total_bytes, kAllowance + kMaxRatio * file_bytes);
  return limits;
}

class Reader {
 public:
  Reader(const NpzArchive& npz, std::string default_name)
      : npz_(npz), name_(std::move(default_name)) {}

  NodeDataset run() {
    NodeDataset dataset;
    dataset.labels = read_labels();
    dataset.name = name();
    dataset.num_classes = num_classes(dataset.labels);
    dataset.split = {.train = read_mask("train_mask"),
                     .validation = read_mask("val_mask"),
                     .test = read_mask("test_mask")};
    dataset.graph = read_graph();
    dataset.features = read_features(npz_, num_nodes_);
    try {
      validate(dataset);
    } catch (const InvalidArgument& error) {
      throw FileError(npz_.path(), error.what());
    }
    return dataset;
  }

 private:
  [[nodiscard]] std::string name() const {
    if (!npz_.has("name")) {
      return name_;
    }
    const std::vector<std::string> names = npz_.at("name").strings();
    if (names.size() != 1 || names.front().empty()) {
      npz_.at("name").fail("expected one string");
    }
    return names.front();
  }

  std::vector<std::int32_t> read_labels() {
    const NpyArray& array = npz_.at("labels");
    array.require_shape({-1});
    const std::vector<std::int64_t> labels = array.ints();
    num_nodes_ = std::ssize(labels);
    if (num_nodes_ > kMaxNodes) {
      array.fail(text("expected at most ", kMaxNodes, " nodes, found ", num_nodes_));
    }
    std::vector<std::int32_t> out(labels.size());
    for (std::int64_t i = 0; i < num_nodes_; ++i) {
      out[i] = static_cast<std::int32_t>(checked(array, labels, i, -1, kMaxClasses - 1));
    }
    return out;
  }

  [[nodiscard]] std::int64_t num_classes(const std::vector<std::int32_t>& labels) const {
    if (!npz_.has("num_classes")) {
      return labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end()) + 1;
    }
    const NpyArray& array = npz_.at("num_classes");
    const std::vector<std::int64_t> value = array.ints();
    if (value.size() != 1) {
      array.fail(text("expected one integer, found ", value.size()));
    }
    return checked(array, value, 0, 2, kMaxClasses);
  }

  [[nodiscard]] std::vector<std::int64_t> read_mask(std::string_view member) const {
    const NpyArray& array = npz_.at(member);
    array.require_shape({num_nodes_});
    const std::vector<std::int64_t> mask = array.ints();
    std::vector<std::int64_t> nodes;
    for (std::int64_t i = 0; i < num_nodes_; ++i) {
      if (checked(array, mask, i, 0, 1) == 1) {
        nodes.push_back(i);
      }
    }
    return nodes;
  }

  [[nodiscard]] graph::Graph read_graph() const {
    require_one_of(npz_, "edges", npz_.has("edge_index"), npz_.has("adj_indices"),
                   "edge_index or as adj_indptr and adj_indices");
    const std::vector<graph::Edge> edges =
        npz_.has("edge_index") ? read_edge_index() : read_adjacency();
    return graph::from_edges(num_nodes_, edges,
                             {.self_loops = graph::SelfLoops::remove,
                              .duplicates = graph::Duplicates::merge,
                              .symmetric = true});
  }

  [[nodiscard]] std::vector<graph::Edge> read_edge_index() const {
    const NpyArray& array = npz_.at("edge_index");
    array.require_shape({2, -1});
    const std::vector<std::int64_t> ends = array.ints();
    const std::int64_t num_edges = array.shape()[1];
    std::vector<graph::Edge> edges(static_cast<std::size_t>(num_edges));
    for (std::int64_t i = 0; i < num_edges; ++i) {
      edges[i] = {.src = checked(array, ends, i, 0, num_nodes_ - 1),
                  .dst = checked(array, ends, num_edges + i, 0, num_nodes_ - 1)};
    }
    return edges;
  }

  [[nodiscard]] std::vector<graph::Edge> read_adjacency() const {
    if (npz_.has("adj_shape")) {
      require_values(npz_, "adj_shape", {num_nodes_, num_nodes_});
    }
    const NpyArray& array = npz_.at("adj_indices");
    array.require_shape({-1});
    const std::vector<std::int64_t> columns = array.ints();
    if (npz_.has("adj_data")) {
      require_ones(npz_.at("adj_data"), std::ssize(columns));
    }
    const std::vector<std::int64_t> row_ptr =
        read_row_ptr(npz_, "adj_indptr", num_nodes_, std::ssize(columns));
    std::vector<graph::Edge> edges(columns.size());
    for (std::int64_t row = 0; row < num_nodes_; ++row) {
      for (std::int64_t e = row_ptr[row]; e < row_ptr[row + 1]; ++e) {
        edges[e] = {.src = checked(array, columns, e, 0, num_nodes_ - 1), .dst = row};
      }
    }
    return edges;
  }

  // Weights would be lost, and a stored zero is no edge: better refused than misread.
  static void require_ones(const NpyArray& array, std::int64_t count) {
    array.require_shape({count});
    const std::vector<double> weights = array.doubles();
    for (std::size_t e = 0; e < weights.size(); ++e) {
      if (weights[e] != 1) {
        array.fail(text("element ", e, ": expected edges of weight 1, found ", weights[e]));
      }
    }
  }

  const NpzArchive& npz_;
  std::string name_;
  std::int64_t num_nodes_ = 0;
};

NpyArray mask_of(const std::vector<std::int64_t>& nodes, std::int64_t num_nodes) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(num_nodes), 0);
  for (const std::int64_t node : nodes) {
    mask[node] = 1;
  }
  return NpyArray::from_bools(mask, {num_nodes});
}

}  // namespace

NodeDataset load_native_npz(const std::string& path) {
  const std::string bytes = core::read_file(path, kMaxFileBytes);
  const NpzArchive npz = parse_npz(bytes, path, limits_for(std::ssize(bytes)));
  NodeDataset dataset = Reader(npz, std::filesystem::path(path).stem().string()).run();
  dataset.sha256 = core::sha256(bytes);
  dataset.source = text("the file ", path);
  return dataset;
}

void save_native_npz(const std::string& path, const NodeDataset& dataset) {
  validate(dataset);
  const std::int64_t num_nodes = dataset.num_nodes();
  const graph::CsrView adjacency = dataset.graph.in_edges();
  const sparse::CsrMatrix& features = dataset.features;
  const std::vector<std::int64_t> adj_shape{num_nodes, num_nodes};
  const std::vector<std::int64_t> attr_shape{num_nodes, features.columns()};
  const std::span<const float> values =
      features.num_nonzeros() > 0 ? features.values().data<float>() : std::span<const float>();
  const auto vector_of = [](auto span) {
    return NpyArray::from(span, {static_cast<std::int64_t>(span.size())});
  };
  write_npz(path, {{"name", NpyArray::from_strings(std::vector{dataset.name})},
                   {"num_classes", vector_of(std::span(&dataset.num_classes, 1))},
                   {"labels", vector_of(std::span(dataset.labels))},
                   {"train_mask", mask_of(dataset.split.train, num_nodes)},
                   {"val_mask", mask_of(dataset.split.validation, num_nodes)},
                   {"test_mask", mask_of(dataset.split.test, num_nodes)},
                   {"adj_indptr", vector_of(adjacency.row_ptr)},
                   {"adj_indices", vector_of(adjacency.col_idx)},
                   {"adj_shape", vector_of(std::span(adj_shape))},
                   {"attr_data", vector_of(values)},
                   {"attr_indices", vector_of(features.col_idx())},
                   {"attr_indptr", vector_of(features.row_ptr())},
                   {"attr_shape", vector_of(std::span(attr_shape))}});
}

}  // namespace attune::data
