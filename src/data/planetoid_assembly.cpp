#include <algorithm>
#include <numeric>
#include <utility>

#include "data/planetoid_files.hpp"
#include "data/planetoid_parts.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

// Of the public split: rows of allx that follow those of x.
constexpr std::int64_t kValidationNodes = 500;

class Assembly {
 public:
  Assembly(const PlanetoidParts& parts, const std::string& folder, const std::string& name)
      : parts_(parts), folder_(folder), name_(name) {}

  NodeDataset run() {
    check_sizes();
    check_train_labels();
    place_test_rows();
    NodeDataset dataset;
    dataset.name = name_;
    dataset.graph = build_graph();
    dataset.features = join_features();
    dataset.labels = join_labels();
    dataset.num_classes = parts_.ally.num_classes;
    dataset.split = split();
    try {
      validate(dataset);
    } catch (const InvalidArgument& error) {
      throw FileError(folder_, error.what());
    }
    return dataset;
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(std::string_view part, const Parts&... parts) const {
    throw FileError(text(folder_, "/", planetoid_file_name(name_, part)), text(parts...));
  }

  void expect_equal(std::string_view part, std::int64_t found, const char* what,
                    std::int64_t expected, std::string_view other) const {
    if (found != expected) {
      fail(part, "expected ", expected, " ", what, ", as in ", other, ", found ", found);
    }
  }

  void check_sizes() const {
    expect_equal("y", parts_.y.rows(), "rows", parts_.x.rows(), "x");
    expect_equal("ally", parts_.ally.rows(), "rows", parts_.allx.rows(), "allx");
    expect_equal("ty", parts_.ty.rows(), "rows", parts_.tx.rows(), "tx");
    expect_equal("test.index", std::ssize(parts_.test_index), "nodes", parts_.tx.rows(), "tx");
    expect_equal("x", parts_.x.columns, "columns", parts_.allx.columns, "allx");
    expect_equal("tx", parts_.tx.columns, "columns", parts_.allx.columns, "allx");
    expect_equal("y", parts_.y.num_classes, "columns", parts_.ally.num_classes, "ally");
    expect_equal("ty", parts_.ty.num_classes, "columns", parts_.ally.num_classes, "ally");
    if (parts_.x.rows() > parts_.allx.rows()) {
      fail("x", "expected at most the ", parts_.allx.rows(), " rows of allx, found ",
           parts_.x.rows());
    }
  }

  /// The training nodes are the first rows of allx; their labels are there a second time.
  void check_train_labels() const {
    for (std::int64_t row = 0; row < parts_.y.rows(); ++row) {
      if (parts_.y.labels[row] != parts_.ally.labels[row]) {
        fail("y", "row ", row, ": expected class ", parts_.ally.labels[row], ", as in ally, found ",
             parts_.y.labels[row]);
      }
    }
  }

  /// Row of tx for each node after those of allx; -1 where the test index skips it. CiteSeer skips
  /// 15: they stay in the graph without features and without a label.
  void place_test_rows() {
    const std::int64_t num_nodes = parts_.graph.num_nodes;
    const std::int64_t first = parts_.allx.rows();
    std::int64_t last = first - 1;
    for (const std::int64_t node : parts_.test_index) {
      last = std::max(last, node);
    }
    if (last != num_nodes - 1) {
      fail("graph", "expected nodes 0 to ", last, ", as in allx and test.index, found 0 to ",
           num_nodes - 1);
    }
    test_row_.assign(static_cast<std::size_t>(num_nodes - first), -1);
    for (std::int64_t row = 0; row < std::ssize(parts_.test_index); ++row) {
      const std::int64_t node = parts_.test_index[row];
      if (node < first || test_row_[node - first] >= 0) {
        fail("test.index", "line ", row + 1, ": expected nodes from ", first,
             " on once each, found ", node);
      }
      test_row_[node - first] = row;
    }
  }

  [[nodiscard]] graph::Graph build_graph() const {
    graph::Graph built = graph::from_edges(parts_.graph.num_nodes, parts_.graph.edges,
                                           {.self_loops = graph::SelfLoops::remove,
                                            .duplicates = graph::Duplicates::merge,
                                            .symmetric = true});
    if (built.num_edges() == 0) {
      fail("graph", "expected at least one edge between two nodes, found none");
    }
    return built;
  }

  static void append_row(const FeatureRows& from, std::int64_t row, FeatureRows& out) {
    const std::int64_t begin = from.row_ptr[row];
    const std::int64_t end = from.row_ptr[row + 1];
    out.col_idx.insert(out.col_idx.end(), from.col_idx.begin() + begin, from.col_idx.begin() + end);
    out.values.insert(out.values.end(), from.values.begin() + begin, from.values.begin() + end);
  }

  [[nodiscard]] sparse::CsrMatrix join_features() const {
    FeatureRows all = parts_.allx;
    for (const std::int64_t row : test_row_) {
      if (row >= 0) {
        append_row(parts_.tx, row, all);
      }
      all.row_ptr.push_back(std::ssize(all.col_idx));
    }
    core::Tensor values = core::Tensor::from(all.values, {std::ssize(all.values)});
    return sparse::normalize_rows(sparse::CsrMatrix(all.columns, std::move(all.row_ptr),
                                                    std::move(all.col_idx), std::move(values)));
  }

  [[nodiscard]] std::vector<std::int32_t> join_labels() const {
    std::vector<std::int32_t> labels = parts_.ally.labels;
    for (const std::int64_t row : test_row_) {
      labels.push_back(row < 0 ? -1 : parts_.ty.labels[row]);
    }
    return labels;
  }

  [[nodiscard]] NodeSplit split() const {
    const std::int64_t num_train = parts_.x.rows();
    NodeSplit split;
    split.train.resize(static_cast<std::size_t>(num_train));
    std::iota(split.train.begin(), split.train.end(), 0);
    split.validation.resize(
        static_cast<std::size_t>(std::min(kValidationNodes, parts_.allx.rows() - num_train)));
    std::iota(split.validation.begin(), split.validation.end(), num_train);
    split.test = parts_.test_index;
    std::sort(split.test.begin(), split.test.end());
    return split;
  }

  const PlanetoidParts& parts_;
  const std::string& folder_;
  const std::string& name_;
  std::vector<std::int64_t> test_row_;
};

}  // namespace

NodeDataset assemble_planetoid(const PlanetoidParts& parts, const std::string& folder,
                               const std::string& name) {
  return Assembly(parts, folder, name).run();
}

}  // namespace attune::data
