#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "module.hpp"
#include "options.hpp"
#include "parameters.hpp"
#include <attune/align/distance.hpp>
#include <attune/core/random.hpp>

namespace attune::python {

using core::Tensor;

template <>
const Names<align::Kind>& names_of() {
  static const Names<align::Kind> names = {{align::Kind::gan, "gan"},
                                           {align::Kind::ot, "ot"},
                                           {align::Kind::ct, "ct"},
                                           {align::Kind::mmd, "mmd"}};
  return names;
}

template <>
const Names<align::Support>& names_of() {
  static const Names<align::Support> names = {{align::Support::nodes, "nodes"},
                                              {align::Support::edges, "edges"}};
  return names;
}

template <>
const Names<align::Axis>& names_of() {
  static const Names<align::Axis> names = {{align::Axis::positions, "positions"},
                                           {align::Axis::heads, "heads"}};
  return names;
}

template <>
const Names<align::Initialization>& names_of() {
  static const Names<align::Initialization> names = {
      {align::Initialization::glorot, "glorot"}, {align::Initialization::normal002, "normal002"}};
  return names;
}

template <>
const Names<align::TransportCost>& names_of() {
  static const Names<align::TransportCost> names = {{align::TransportCost::cosine, "cosine"},
                                                    {align::TransportCost::chord, "chord"}};
  return names;
}

template <>
const Names<align::OtCost>& names_of() {
  static const Names<align::OtCost> names = {{align::OtCost::half_sqeuclid, "half_sqeuclid"},
                                             {align::OtCost::cosine, "cosine"}};
  return names;
}

template <>
const Names<align::OtGradient>& names_of() {
  static const Names<align::OtGradient> names = {{align::OtGradient::plan, "plan"},
                                                 {align::OtGradient::exact, "exact"}};
  return names;
}

namespace {

template <class F>
void each_option(align::Options& o, F&& f) {
  f("kind", o.kind);
  f("samples", o.samples);
  f("support", o.support);
  f("axis", o.axis);
  f("hidden", o.hidden);
  f("init", o.init);
  f("tie_highway", o.tie_highway);
  f("dropout", o.dropout);
  f("reversal", o.reversal);
  f("detach_query", o.detach_query);
  f("bounded", o.bounded);
  f("rho", o.rho);
  f("cost", o.cost);
  f("nav_unit", o.nav_unit);
  f("navigator_ascends", o.navigator_ascends);
  f("ot_cost", o.ot_cost);
  f("eps", o.eps);
  f("eps_relative", o.eps_relative);
  f("ot_iterations", o.ot_iterations);
  f("ot_tolerance", o.ot_tolerance);
  f("ot_gradient", o.ot_gradient);
  f("ot_debias", o.ot_debias);
  f("mmd_sigma", o.mmd_sigma);
  f("mmd_sigma_median", o.mmd_sigma_median);
}

constexpr const char* kWho = "Distance";

struct PyDistance {
  std::unique_ptr<align::Distance> distance;
  align::Options options;
  core::DType dtype = core::DType::f32;
  std::uint64_t seed = 0;
  std::mutex gradients;  // calls on several threads share the gradients of the networks

  [[nodiscard]] std::vector<nn::NamedParameter> parameters() const {
    std::vector<nn::NamedParameter> list;
    for (const align::Parameter& parameter : distance->parameters()) {
      list.push_back({parameter.name, parameter.variable});
    }
    return list;
  }
};

// A cloud as it was given, [n, channels] for one head, and as distances take it.
struct Points {
  core::Shape shape;  // of the array
  Variable leaf;      // [n, heads, channels]
};

Points points_of(const py::object& array, const char* name, core::DType dtype) {
  const bool one_head =
      py::isinstance<py::array>(array) && py::reinterpret_borrow<py::array>(array).ndim() == 2;
  const Tensor given = tensor_of(array, {kWho, name}, one_head ? 2 : 3, dtype);
  const Tensor points = one_head ? given.reshape({given.size(0), 1, given.size(1)}) : given;
  return {.shape = given.shape(), .leaf = Variable(points, true)};
}

// The arrays behind the spans of align::Clouds.
struct Call {
  Points queries;
  Points keys;
  std::vector<std::uint8_t> query_mask;
  std::vector<std::uint8_t> key_mask;
  std::vector<std::int64_t> query_segments;
  std::vector<std::int64_t> key_segments;

  [[nodiscard]] align::Clouds clouds() const {
    return {.queries = queries.leaf,
            .keys = keys.leaf,
            .query_mask = query_mask,
            .key_mask = key_mask,
            .query_segments = query_segments,
            .key_segments = key_segments};
  }
};

std::vector<std::int64_t> segments_of(const py::object& array, const char* name) {
  return array.is_none() ? std::vector<std::int64_t>() : integers_of(array, {kWho, name});
}

std::unique_ptr<PyDistance> make(const std::string& kind, const py::object& queries,
                                 const py::object& keys, std::uint64_t seed,
                                 const std::optional<graph::Graph>& graph,
                                 const py::kwargs& keywords) {
  auto made = std::make_unique<PyDistance>();
  made->options.samples = 0;
  FromKeywords read(kWho, keywords);
  each_option(made->options, read);
  read.finish();
  made->options.kind = align::kind_of(kind);
  made->dtype = dtype_of_array(queries);
  made->seed = seed;
  const align::Clouds first{.queries = points_of(queries, "queries", made->dtype).leaf,
                            .keys = points_of(keys, "keys", made->dtype).leaf};
  constexpr std::uint32_t kFirstInitStream = 1 << 16;  // beyond those that calls draw from
  const core::RandomStream random(seed, core::Purpose::alignment, kFirstInitStream);
  made->distance = align::make_distance(made->options, first, random, graph ? &*graph : nullptr);
  return made;
}

py::dict gradients(PyDistance& distance, const Call& call, const Variable& loss) {
  std::vector<nn::NamedParameter> leaves = distance.parameters();
  leaves.push_back({"queries", call.queries.leaf});
  leaves.push_back({"keys", call.keys.leaf});
  py::dict found = gradients_of(leaves, distance.gradients, [&] { autograd::backward(loss); });
  const auto as_given = [&](const char* name, const Points& points) {
    const std::span<const std::int64_t> sizes = points.shape.sizes();
    found[name] =
        found[name].attr("reshape")(std::vector<std::int64_t>(sizes.begin(), sizes.end()));
  };
  as_given("queries", call.queries);
  as_given("keys", call.keys);
  return found;
}

// (loss, per_head, gradients or None)
py::tuple evaluate(PyDistance& distance, const py::object& queries, const py::object& keys,
                   std::uint32_t step, const py::object& query_mask, const py::object& key_mask,
                   const py::object& query_segments, const py::object& key_segments,
                   bool with_gradients) {
  Call call{.queries = points_of(queries, "queries", distance.dtype),
            .keys = points_of(keys, "keys", distance.dtype),
            .query_mask = {},
            .key_mask = {},
            .query_segments = segments_of(query_segments, "query_segments"),
            .key_segments = segments_of(key_segments, "key_segments")};
  call.query_mask = mask_of(query_mask, {kWho, "query_mask"}, call.queries.shape[0]);
  call.key_mask = mask_of(key_mask, {kWho, "key_mask"}, call.keys.shape[0]);
  const core::RandomStream random(distance.seed, core::Purpose::alignment, 0, step);
  Variable loss;
  Tensor per_head;
  without_gil([&] { loss = distance.distance->loss(call.clouds(), random, &per_head); });
  const double value = loss.value().item();
  py::object found = py::none();
  if (with_gradients) {
    found = gradients(distance, call, loss);
  }
  return py::make_tuple(value, view_of(per_head, Access::write), found);
}

constexpr const char* kDoc =
    R"(The distance between the queries and keys of an attention layer, with
the small networks that it learns.

Distance(kind, queries, keys, *, seed=0, graph=None, **options)

kind            "gan", "ot", "ct" or "mmd"
queries, keys   float32 or float64, [n, heads, channels], or [n, channels] for one head: clouds of
                the sizes to come
graph           for support="edges"
options         those of attune::align::Options: samples=0 (points drawn a step, 0: all), support,
                axis; gan and ct: hidden, init, tie_highway, dropout, reversal; gan: detach_query,
                bounded; ct: rho, cost, nav_unit, navigator_ascends; ot: ot_cost, eps, eps_relative,
                ot_iterations, ot_tolerance, ot_gradient, ot_debias; mmd: mmd_sigma,
                mmd_sigma_median

Gradients of networks that play against come with the sign that an optimiser wants which descends.)";

}  // namespace

void bind_align(py::module_& module) {
  py::class_<PyDistance>(module, "Distance", kDoc)
      .def(py::init(&make), py::arg("kind"), py::arg("queries"), py::arg("keys"), py::kw_only(),
           py::arg("seed") = 0, py::arg("graph") = py::none())
      .def(
          "__call__", &evaluate, py::arg("queries"), py::arg("keys"), py::kw_only(),
          py::arg("step") = 0, py::arg("query_mask") = py::none(), py::arg("key_mask") = py::none(),
          py::arg("query_segments") = py::none(), py::arg("key_segments") = py::none(),
          py::arg("gradients") = false,
          "The distance as (loss, per_head, gradients): sum over the heads and mean over the "
          "samples; its terms, float64 [samples, heads]; a dict of gradients of queries, keys and "
          "parameters, or None. Masks: bool [n], False for padding. Segments: [samples + 1], where "
          "each sample begins. Points and dropout are drawn from (seed, step).")
      .def_property_readonly(
          "parameters",
          [](const PyDistance& distance) { return parameter_views(distance.parameters()); },
          "Writable arrays of the parameters of the networks by name; none of ot and mmd.")
      .def_property_readonly("options",
                             [](const PyDistance& distance) {
                               align::Options options = distance.options;
                               ToDict write;
                               each_option(options, write);
                               return write.dict();
                             })
      .def("__repr__", [](const PyDistance& distance) {
        return core::text("attune.Distance(\"", align::to_string(distance.options.kind), "\")");
      });
}

}  // namespace attune::python
