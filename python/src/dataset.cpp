#include "dataset.hpp"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "module.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/arrays.hpp>
#include <attune/data/native_npz.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/split.hpp>

namespace attune::python {

namespace {

constexpr const char* kWho = "Dataset";

using SharedDataset = std::shared_ptr<Dataset>;

// Edges of a graph, or of an edge_index.
std::vector<graph::Edge> edges_of(const py::object& graph) {
  std::vector<graph::Edge> edges;
  if (py::isinstance<graph::Graph>(graph)) {
    const auto& built = graph.cast<const graph::Graph&>();
    const graph::CsrView in = built.in_edges();
    edges.reserve(static_cast<std::size_t>(built.num_edges()));
    for (std::int64_t node = 0; node < built.num_dst(); ++node) {
      for (std::int64_t e = in.row_ptr[node]; e < in.row_ptr[node + 1]; ++e) {
        edges.push_back({.src = in.col_idx[e], .dst = node});
      }
    }
    return edges;
  }
  const std::vector<std::int64_t> ends = integer_pairs_of(graph, {kWho, "graph"});
  const std::size_t num_edges = ends.size() / 2;
  edges.resize(num_edges);
  for (std::size_t e = 0; e < num_edges; ++e) {
    edges[e] = {.src = ends[e], .dst = ends[num_edges + e]};
  }
  return edges;
}

void require_nodes(const py::object& graph, std::int64_t num_nodes) {
  if (py::isinstance<graph::Graph>(graph) &&
      graph.cast<const graph::Graph&>().num_nodes() != num_nodes) {
    throw ShapeError(core::text(
        kWho, ": labels must be [num_nodes=", graph.cast<const graph::Graph&>().num_nodes(),
        "], got [", num_nodes, "]"));
  }
}

std::vector<std::int32_t> labels_of(const py::object& array) {
  std::vector<std::int32_t> labels;
  for (const std::int64_t label : integers_of(array, {kWho, "labels"})) {
    if (label < -1 || label > std::numeric_limits<std::int32_t>::max()) {
      throw InvalidArgument(core::text(kWho, ": labels of node ", labels.size(),
                                       ": expected a class or -1 for none, got ", label));
    }
    labels.push_back(static_cast<std::int32_t>(label));
  }
  return labels;
}

// What there is of rows without `columns` being said.
std::int64_t columns_of(const SparseRows& rows) {
  std::int64_t largest = -1;
  for (const std::int64_t column : rows.col_idx) {
    largest = std::max(largest, column);
  }
  return largest + 1;
}

// Whatever numbers they are: data sets are made once, and float32 is what they are kept in.
py::object as_float32(const py::object& array) {
  if (!py::isinstance<py::array>(array)) {
    return array;
  }
  const char kind = py::reinterpret_borrow<py::array>(array).dtype().kind();
  const bool number = kind == 'f' || kind == 'i' || kind == 'u' || kind == 'b';
  return number ? array.attr("astype")("float32", py::arg("copy") = false) : array;
}

// Features as they came, until the data set is made.
struct Features {
  std::optional<SparseRows> sparse;
  core::Tensor dense;

  [[nodiscard]] std::variant<core::Tensor, data::FeatureArrays> view() const {
    if (!sparse) {
      return dense;
    }
    return data::FeatureArrays{.columns = sparse->columns.value_or(columns_of(*sparse)),
                               .row_ptr = sparse->row_ptr,
                               .col_idx = sparse->col_idx,
                               .values = sparse->values.data<float>()};
  }
};

py::object with_float32_values(const py::object& features) {
  if (py::isinstance<py::tuple>(features)) {
    py::list parts(features);
    if (!parts.empty()) {
      parts[0] = as_float32(parts[0]);
    }
    return py::tuple(parts);
  }
  // A scipy matrix has astype() too.
  return py::hasattr(features, "indptr") ? features.attr("astype")("float32")
                                         : as_float32(features);
}

Features dataset_features(const py::object& given) {
  const py::object features = with_float32_values(given);
  Features found;
  found.sparse = sparse_rows_of(features, {kWho, "features"});
  if (!found.sparse) {
    found.dense = tensor_of(features, {kWho, "features"}, 2);
  }
  return found;
}

SharedDataset from_arrays(const py::object& graph, const py::object& features,
                          const py::object& labels, const py::object& train,
                          const py::object& validation, const py::object& test,
                          const std::string& split, std::optional<std::int64_t> num_classes,
                          const std::string& name) {
  const std::vector<std::int32_t> classes = labels_of(labels);
  const std::int64_t num_nodes = std::ssize(classes);
  require_nodes(graph, num_nodes);
  if (train.is_none() && !(validation.is_none() && test.is_none())) {
    throw InvalidArgument(core::text(kWho,
                                     ": train: expected nodes beside those of validation and "
                                     "test, got None"));
  }
  if (!train.is_none() && !split.empty()) {
    throw InvalidArgument(
        core::text(kWho, ": split: expected nodes to train on or a rule, got both"));
  }
  const std::vector<graph::Edge> edges = edges_of(graph);
  const Features kept = dataset_features(features);
  data::NodeArrays arrays{.name = name,
                          .edges = edges,
                          .features = kept.view(),
                          .labels = classes,
                          .num_classes = num_classes,
                          .split = {nodes_of(train, {kWho, "train"}, num_nodes),
                                    nodes_of(validation, {kWho, "validation"}, num_nodes),
                                    nodes_of(test, {kWho, "test"}, num_nodes)},
                          .rule = split};
  if (!train.is_none() && arrays.split.train.empty()) {
    throw InvalidArgument(core::text(kWho, ": train: expected at least one node, got none"));
  }
  const py::gil_scoped_release release;
  return std::make_shared<Dataset>(data::dataset_of(arrays));
}

SharedDataset load(const std::string& name, const std::string& split, const std::string& data_dir,
                   std::uint64_t seed) {
  return std::make_shared<Dataset>(data::load_dataset(name, data_dir, split, seed));
}

SharedDataset with_split(const SharedDataset& dataset, const std::string& rule,
                         const std::string& data_dir) {
  return std::make_shared<Dataset>(data::with_split(dataset->data(), rule, data_dir));
}

// A view of a member, which keeps the whole data set alive.
template <class Member>
auto view(Member member) {
  return
      [member](const SharedDataset& dataset) { return view_of(member(dataset->data()), dataset); };
}

template <class T>
std::span<const T> span_of(const std::vector<T>& vector) {
  return vector;
}

py::object targets(const Dataset& dataset) {
  return dataset.data().multi_label() ? py::object(view_of(dataset.data().targets)) : py::none();
}

py::tuple features(const SharedDataset& dataset) {
  const sparse::CsrMatrix& matrix = dataset->data().features;
  const std::span<const float> values =
      matrix.num_nonzeros() > 0 ? matrix.values().data<float>() : std::span<const float>();
  return py::make_tuple(view_of(values, dataset), view_of(matrix.col_idx(), dataset),
                        view_of(matrix.row_ptr(), dataset),
                        py::make_tuple(matrix.rows(), matrix.columns()));
}

std::string representation(const SharedDataset& dataset) {
  const data::NodeDataset& data = dataset->data();
  return core::text("attune.Dataset(name=\"", data.name, "\", num_nodes=", data.num_nodes(),
                    ", num_edges=", data.graph.num_edges(),
                    ", num_features=", data.features.columns(), ", num_classes=", data.num_classes,
                    ", split=\"", data.split_name, "\")");
}

constexpr const char* kDoc = R"(A graph whose nodes are to be classified.

Dataset(graph, features, labels, *, train=None, validation=None, test=None, split="",
        num_classes=None, name="arrays")

graph       a Graph or an edge_index [2, num_edges]; symmetrised, self-loops and duplicates dropped
features    [num_nodes, num_features] numbers, a matrix as scipy's csr_matrix, or (data, indices,
            indptr[, shape]); kept as float32. Without a negative number they are divided by the
            sum of their row, unless they have been already
labels      [num_nodes] integers, -1 where unknown
train, validation, test
            bool [num_nodes], or numbers of nodes
split       in place of these a rule as the command's --split takes it; without either "random:0",
            20 and 30 nodes a class drawn to train and to validate
num_classes None: the largest label + 1

Arrays are read-only views of the data set's own and keep it alive.)";

void bind_views(py::class_<Dataset, std::shared_ptr<Dataset>>& type) {
  type.def_property_readonly("labels",
                             view([](const data::NodeDataset& d) { return span_of(d.labels); }),
                             "int32 [num_nodes], -1 where unknown; empty where there are targets.")
      .def_property_readonly(
          "targets", &targets,
          "float32 [num_nodes, num_classes], 1 where a node has a label, of data "
          "sets whose nodes may have several; else None.")
      .def_property_readonly(
          "train", view([](const data::NodeDataset& d) { return span_of(d.split.train); }),
          "Numbers of the training nodes, int64, ascending.")
      .def_property_readonly("validation", view([](const data::NodeDataset& d) {
                               return span_of(d.split.validation);
                             }),
                             "Numbers of the nodes by which the epoch is chosen, int64, ascending.")
      .def_property_readonly("test",
                             view([](const data::NodeDataset& d) { return span_of(d.split.test); }),
                             "Numbers of the nodes that are judged on, int64, ascending.")
      .def_property_readonly("features", &features,
                             "(data, indices, indptr, shape), as scipy.sparse.csr_matrix takes "
                             "them: float32, int32 and int64.");
}

void bind_facts(py::class_<Dataset, std::shared_ptr<Dataset>>& type) {
  type.def_property_readonly("graph", [](const Dataset& d) { return d.data().graph; })
      .def_property_readonly("name", [](const Dataset& d) { return d.data().name; })
      .def_property_readonly("num_nodes", [](const Dataset& d) { return d.data().num_nodes(); })
      .def_property_readonly("num_features",
                             [](const Dataset& d) { return d.data().features.columns(); })
      .def_property_readonly("num_classes", [](const Dataset& d) { return d.data().num_classes; })
      .def_property_readonly("num_graphs", [](const Dataset& d) { return d.data().num_graphs(); })
      .def_property_readonly("multi_label", [](const Dataset& d) { return d.data().multi_label(); })
      .def_property_readonly("split", [](const Dataset& d) { return d.data().split_name; })
      .def_property_readonly("source", [](const Dataset& d) { return d.data().source; })
      .def_property_readonly("sha256", [](const Dataset& d) { return d.data().sha256; })
      .def("__repr__", &representation);
}

}  // namespace

void bind_datasets(py::module_& module) {
  py::class_<Dataset, std::shared_ptr<Dataset>> type(module, "Dataset", kDoc);
  type.def(py::init(&from_arrays), py::arg("graph"), py::arg("features"), py::arg("labels"),
           py::kw_only(), py::arg("train") = py::none(), py::arg("validation") = py::none(),
           py::arg("test") = py::none(), py::arg("split") = "", py::arg("num_classes") = py::none(),
           py::arg("name") = "arrays")
      .def(
          "save",
          [](const Dataset& d, const std::string& path) { data::save_native_npz(path, d.data()); },
          py::arg("path"), py::call_guard<py::gil_scoped_release>(),
          "Writes an .npz file, which the command takes as --dataset.")
      .def("with_split", &with_split, py::arg("rule"), py::arg("data_dir") = "",
           py::call_guard<py::gil_scoped_release>(),
           "The same nodes divided by another rule, as --split takes it.");
  bind_views(type);
  bind_facts(type);
  module.def("_load_dataset", &load, py::arg("name"), py::arg("split"), py::arg("data_dir"),
             py::arg("seed"), py::call_guard<py::gil_scoped_release>());
}

}  // namespace attune::python
