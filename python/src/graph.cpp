#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "module.hpp"
#include "options.hpp"
#include <attune/graph/builder.hpp>
#include <attune/graph/graph.hpp>
#include <attune/sparse/edge_features.hpp>

namespace attune::python {

template <>
const Names<graph::SelfLoops>& names_of() {
  static const Names<graph::SelfLoops> names = {{graph::SelfLoops::keep, "keep"},
                                                {graph::SelfLoops::remove, "remove"},
                                                {graph::SelfLoops::add_all, "add_all"}};
  return names;
}

template <>
const Names<graph::Duplicates>& names_of() {
  static const Names<graph::Duplicates> names = {{graph::Duplicates::keep, "keep"},
                                                 {graph::Duplicates::merge, "merge"},
                                                 {graph::Duplicates::reject, "reject"}};
  return names;
}

namespace {

using graph::Graph;

template <class F>
void each_option(graph::BuildOptions& options, F&& f) {
  f("symmetric", options.symmetric);
  f("self_loops", options.self_loops);
  f("duplicates", options.duplicates);
}

// A number far beyond the edges is a slip, such as a hash in place of a number, more often than a
// graph; it would ask for gigabytes.
std::int64_t num_nodes_of(const std::vector<std::int64_t>& ends) {
  constexpr std::int64_t kManyNodes = 1 << 20;
  constexpr std::int64_t kManyPerEdge = 64;
  const std::int64_t largest = ends.empty() ? -1 : *std::max_element(ends.begin(), ends.end());
  if (largest >= kManyNodes && largest / kManyPerEdge > std::ssize(ends)) {
    throw InvalidArgument(core::text("Graph: edge_index: expected numbers of nodes, got ", largest,
                                     " among ", ends.size() / 2,
                                     " edges; if there are so many nodes, say num_nodes"));
  }
  return largest + 1;
}

Graph from_edge_index(const py::object& edge_index, std::optional<std::int64_t> num_nodes,
                      const py::kwargs& keywords) {
  graph::BuildOptions options;
  FromKeywords read("Graph", keywords);
  each_option(options, read);
  read.finish();
  const std::vector<std::int64_t> ends = integer_pairs_of(edge_index, {"Graph", "edge_index"});
  const std::size_t num_edges = ends.size() / 2;
  std::vector<graph::Edge> edges(num_edges);
  for (std::size_t e = 0; e < num_edges; ++e) {
    edges[e] = {.src = ends[e], .dst = ends[num_edges + e]};
  }
  const std::int64_t nodes = num_nodes ? *num_nodes : num_nodes_of(ends);
  const py::gil_scoped_release release;
  return graph::from_edges(nodes, edges, options);
}

Graph from_csr(const py::object& row_ptr, const py::object& col_idx) {
  std::vector<std::int32_t> columns;
  for (const std::int64_t column : integers_of(col_idx, {"Graph.from_csr", "col_idx"})) {
    // Beyond 32 bits it is out of range in any graph: -1 says so without wrapping around.
    const bool fits = column >= 0 && column <= std::numeric_limits<std::int32_t>::max();
    columns.push_back(fits ? static_cast<std::int32_t>(column) : -1);
  }
  return {integers_of(row_ptr, {"Graph.from_csr", "row_ptr"}), std::move(columns)};
}

py::array edge_index_of(const Graph& graph) {
  const graph::CsrView in = graph.in_edges();
  py::array_t<std::int64_t> edge_index({std::int64_t{2}, graph.num_edges()});
  std::int64_t* const src = edge_index.mutable_data();
  std::int64_t* const dst = src + graph.num_edges();
  for (std::int64_t node = 0; node < graph.num_dst(); ++node) {
    for (std::int64_t e = in.row_ptr[node]; e < in.row_ptr[node + 1]; ++e) {
      src[e] = in.col_idx[e];
      dst[e] = node;
    }
  }
  return edge_index;
}

constexpr const char* kDoc = R"(A directed graph, immutable. Messages flow src -> dst: row i of the
compressed rows lists the nodes that i attends to.

Graph(edge_index, num_nodes=None, *, symmetric=False, self_loops="keep", duplicates="merge")

edge_index  [2, num_edges] integers: row 0 the src, row 1 the dst of each edge
num_nodes   None: the largest number in edge_index + 1
symmetric   add dst -> src for every edge
self_loops  "keep", "remove", or "add_all": exactly one a node
duplicates  "keep", "merge" or "reject"

Arrays are read-only views of the graph's own and keep it alive.)";

py::array order_edge_features(const Graph& graph, const py::object& features) {
  const core::Tensor given =
      tensor_of(features, {"Graph.order_edge_features", "features"}, 2, dtype_of_array(features));
  core::Tensor ordered;
  without_gil(
      [&] { ordered = sparse::order_edge_features(graph, autograd::Variable(given)).value(); });
  return view_of(ordered, Access::write);
}

}  // namespace

void bind_graph(py::module_& module) {
  py::class_<Graph>(module, "Graph", kDoc)
      .def(py::init(&from_edge_index), py::arg("edge_index"), py::arg("num_nodes") = py::none())
      .def_static("from_csr", &from_csr, py::arg("row_ptr"), py::arg("col_idx"),
                  "A graph from compressed rows: row_ptr [num_nodes + 1] and col_idx [num_edges], "
                  "ascending in a row.")
      .def("with_self_loops", &graph::with_self_loops, py::call_guard<py::gil_scoped_release>(),
           "The same graph with exactly one self-loop a node, as attention layers take it.")
      .def("edge_index", &edge_index_of,
           "Edges in the order of col_idx and of attention coefficients, int64 [2, num_edges]: a "
           "new array.")
      .def("order_edge_features", &order_edge_features, py::arg("features"),
           "Features of the edges that the graph was made from, [edges, channels], as layers take "
           "them, [num_edges, channels]: self-loops that were added have the mean of those of the "
           "edges into their node.")
      .def_property_readonly("num_nodes", &Graph::num_nodes)
      .def_property_readonly("num_edges", &Graph::num_edges, "Directed edges, self-loops included.")
      .def_property_readonly("has_all_self_loops", &Graph::has_all_self_loops,
                             "Whether every node attends to itself.")
      .def_property_readonly(
          "row_ptr", [](const Graph& g) { return view_of(g.in_edges().row_ptr, g); },
          "Row i owns the edges row_ptr[i] to row_ptr[i + 1], int64 [num_nodes + 1].")
      .def_property_readonly(
          "col_idx", [](const Graph& g) { return view_of(g.in_edges().col_idx, g); },
          "src of each edge, ascending in a row, int32 [num_edges].")
      .def_property_readonly(
          "out_row_ptr", [](const Graph& g) { return view_of(g.out_edges().row_ptr, g); },
          "The same of the transpose, int64 [num_nodes + 1].")
      .def_property_readonly(
          "out_col_idx", [](const Graph& g) { return view_of(g.out_edges().col_idx, g); },
          "dst of each edge of the transpose, int32 [num_edges].")
      .def_property_readonly(
          "out_to_in", [](const Graph& g) { return view_of(g.out_to_in(), g); },
          "Position in col_idx of each edge of the transpose, int64 [num_edges].")
      .def_property_readonly(
          "input_edge", [](const Graph& g) { return view_of(g.input_edge(), g); },
          "Number in the caller's list of each edge, -1 where it was added, int64 [num_edges].")
      .def("__repr__", [](const Graph& g) {
        return core::text("attune.Graph(num_nodes=", g.num_nodes(), ", num_edges=", g.num_edges(),
                          ")");
      });
}

}  // namespace attune::python
