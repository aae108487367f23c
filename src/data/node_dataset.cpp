#include <algorithm>
#include <cmath>
#include <span>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/node_dataset.hpp>
#include <attune/graph/graph_batch.hpp>

namespace attune::data {

namespace {

using core::text;

class Validator {
 public:
  explicit Validator(const NodeDataset& dataset) : dataset_(dataset) {}

  void check_nodes() const {
    check_sizes();
    if (dataset_.multi_label()) {
      check_targets();
    } else {
      check_labels();
    }
    check_graphs();
    check_features();
    check_edge_features();
  }

  void check_split(const NodeSplit& split) {
    part_.assign(static_cast<std::size_t>(dataset_.num_nodes()), nullptr);
    check_part(split.train, "train");
    check_part(split.validation, "validation");
    check_part(split.test, "test");
    if (split.train.empty()) {
      fail("expected at least one training node, found none");
    }
    if (dataset_.multi_label()) {
      return;
    }
    const auto label_of = [&](std::int64_t node) { return dataset_.labels[node]; };
    const std::int32_t first = label_of(split.train.front());
    if (std::all_of(split.train.begin(), split.train.end(),
                    [&](std::int64_t node) { return label_of(node) == first; })) {
      fail("expected training nodes of two classes at least, found class ", first, " alone");
    }
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw InvalidArgument(text("data set ", dataset_.name, ": ", parts...));
  }

  void check_sizes() const {
    const std::int64_t num_nodes = dataset_.num_nodes();
    if (num_nodes < 1) {
      fail("expected at least one node, found none");
    }
    if (dataset_.num_classes < 2) {
      fail("expected at least two classes, found ", dataset_.num_classes);
    }
    if (dataset_.multi_label() && !dataset_.labels.empty()) {
      fail("expected labels or targets, found both");
    }
    if (!dataset_.multi_label() && std::ssize(dataset_.labels) != num_nodes) {
      fail("expected a label for each of ", num_nodes, " nodes, found ", dataset_.labels.size());
    }
    if (dataset_.features.rows() != num_nodes) {
      fail("expected features of ", num_nodes, " nodes, found ", dataset_.features.rows());
    }
    if (dataset_.features.columns() < 1) {
      fail("expected at least one feature, found none");
    }
  }

  void check_labels() const {
    for (std::int64_t node = 0; node < dataset_.num_nodes(); ++node) {
      const std::int32_t label = dataset_.labels[node];
      if (label < -1 || label >= dataset_.num_classes) {
        fail("label of node ", node, ": expected 0 to ", dataset_.num_classes - 1,
             " or -1 for none, found ", label);
      }
    }
  }

  void check_targets() const {
    const core::Shape expected{dataset_.num_nodes(), dataset_.num_classes};
    if (dataset_.targets.shape() != expected || dataset_.targets.dtype() != core::DType::f32) {
      fail("expected targets of ", expected[0], " nodes and ", expected[1], " labels in float32");
    }
    const std::span<const float> values = dataset_.targets.data<float>();
    const auto wrong = std::find_if(values.begin(), values.end(),
                                    [](float value) { return value != 0 && value != 1; });
    if (wrong != values.end()) {
      const std::int64_t place = wrong - values.begin();
      fail("label ", place % expected[1], " of node ", place / expected[1],
           ": expected 0 or 1, found ", *wrong);
    }
  }

  void check_graphs() const {
    if (dataset_.graph_ptr.empty()) {
      return;
    }
    try {
      (void)graph::unbatch_graphs(dataset_.graph, dataset_.graph_ptr);
    } catch (const InvalidArgument& error) {
      fail(error.what());
    }
  }

  void check_part(std::span<const std::int64_t> nodes, const char* part) {
    std::int64_t previous = -1;
    for (const std::int64_t node : nodes) {
      if (node < 0 || node >= dataset_.num_nodes()) {
        fail(part, " node ", node, ": expected 0 to ", dataset_.num_nodes() - 1);
      }
      if (part_[node] != nullptr) {
        fail("node ", node, " is listed in ", part_[node], " and in ", part);
      }
      if (node < previous) {
        fail(part, " nodes: expected ascending numbers, found ", node, " after ", previous);
      }
      if (!dataset_.multi_label() && dataset_.labels[node] < 0) {
        fail(part, " node ", node, " has no label");
      }
      part_[node] = part;
      previous = node;
    }
  }

  void check_features() const {
    if (dataset_.features.num_nonzeros() == 0) {
      return;
    }
    const std::span<const float> values = dataset_.features.values().data<float>();
    const std::span<const std::int64_t> row_ptr = dataset_.features.row_ptr();
    for (std::int64_t node = 0; node < dataset_.num_nodes(); ++node) {
      for (std::int64_t i = row_ptr[node]; i < row_ptr[node + 1]; ++i) {
        if (!std::isfinite(values[i])) {
          fail("feature ", dataset_.features.col_idx()[i], " of node ", node,
               ": expected a finite number, found ", values[i]);
        }
      }
    }
  }

  void check_edge_features() const {
    const core::Tensor& features = dataset_.edge_features;
    if (!features.defined()) {
      return;
    }
    const std::int64_t num_edges = dataset_.graph.num_edges();
    if (features.shape().rank() != 2 || features.size(0) != num_edges || features.size(1) < 1) {
      fail("expected features of ", num_edges, " edges, found ", features.shape().to_string());
    }
    const std::span<const float> values = features.data<float>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        const auto channels = static_cast<std::size_t>(features.size(1));
        fail("feature ", i % channels, " of edge ", i / channels,
             ": expected a finite number, found ", values[i]);
      }
    }
  }

  const NodeDataset& dataset_;
  std::vector<const char*> part_;  // of each node: the part that listed it, or null
};

}  // namespace

void validate(const NodeDataset& dataset) {
  validate_nodes(dataset);
  validate_split(dataset, dataset.split);
}

void validate_nodes(const NodeDataset& dataset) {
  Validator(dataset).check_nodes();
}

void validate_split(const NodeDataset& dataset, const NodeSplit& split) {
  Validator(dataset).check_split(split);
}

}  // namespace attune::data
