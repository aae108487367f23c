#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "module.hpp"
#include "options.hpp"
#include "parameters.hpp"
#include <attune/core/random.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/gcn_conv.hpp>
#include <attune/nn/sage_conv.hpp>
#include <attune/nn/transformer_conv.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>

namespace attune::python {

using core::Tensor;

template <>
const Names<nn::Activation>& names_of() {
  static const Names<nn::Activation> names = {
      {nn::Activation::none, "none"}, {nn::Activation::elu, "elu"}, {nn::Activation::relu, "relu"}};
  return names;
}

template <>
const Names<nn::GATHeads>& names_of() {
  static const Names<nn::GATHeads> names = {{nn::GATHeads::product, "product"},
                                            {nn::GATHeads::logit, "logit"}};
  return names;
}

namespace {

// Members that every attention layer has.
template <class Options, class F>
void each_attention_option(Options& options, F& f) {
  f("heads", options.heads);
  f("concat", options.concat);
  f("attention_dropout", options.attention_dropout);
  f("value_dropout", options.value_dropout);
  f("edge_channels", options.edge_channels);
}

template <class Options, class F>
void each_common_option(Options& options, F& f) {
  f("dropout", options.dropout);
  f("bias", options.bias);
  f("activation", options.activation);
  if constexpr (requires { options.expect_self_loops; }) {
    f("expect_self_loops", options.expect_self_loops);
  }
}

template <class F>
void each_option(nn::GATConvOptions& options, F&& f) {
  each_attention_option(options, f);
  each_common_option(options, f);
  f("negative_slope", options.negative_slope);
  f("residual", options.residual);
  f("reported", options.reported);
}

template <class F>
void each_option(nn::GATv2ConvOptions& options, F&& f) {
  each_attention_option(options, f);
  each_common_option(options, f);
  f("negative_slope", options.negative_slope);
  f("residual", options.residual);
  f("share_weights", options.share_weights);
}

template <class F>
void each_option(nn::TransformerConvOptions& options, F&& f) {
  each_attention_option(options, f);
  each_common_option(options, f);
  f("root_weight", options.root_weight);
  f("beta", options.beta);
}

template <class F>
void each_option(nn::GCNConvOptions& options, F&& f) {
  each_common_option(options, f);
  f("residual", options.residual);
}

template <class F>
void each_option(nn::SAGEConvOptions& options, F&& f) {
  each_common_option(options, f);
  f("residual", options.residual);
}

// A layer with what its passes need.
struct Layer {
  std::string name;
  std::string who_forward;
  std::string who_record;
  std::unique_ptr<nn::GraphLayer> module;
  std::int64_t in_channels = 0;
  core::DType dtype = core::DType::f32;
  py::dict options;
  std::mutex gradients;  // passes on several threads share the gradients of the parameters
};

// So that Python has a class for each kind.
template <class Conv>
struct LayerOf final : Layer {};

template <class Conv, class Options>
std::shared_ptr<LayerOf<Conv>> make_layer(const char* name, std::int64_t in_channels,
                                          std::int64_t out_channels, std::uint64_t seed,
                                          const std::string& dtype, const py::kwargs& keywords) {
  Options options;
  options.in_channels = in_channels;
  options.out_channels = out_channels;
  FromKeywords read(name, keywords);
  each_option(options, read);
  read.finish();
  auto layer = std::make_shared<LayerOf<Conv>>();
  layer->name = name;
  layer->who_forward = core::text(name, ".forward");
  layer->who_record = core::text(name, ".record");
  layer->in_channels = in_channels;
  layer->dtype = dtype_of(dtype);
  nn::Initializer init(seed);
  layer->module = std::make_unique<Conv>(options, init);
  layer->module->to(layer->dtype);
  ToDict write;
  write("in_channels", in_channels);
  write("out_channels", out_channels);
  each_option(options, write);
  layer->options = write.dict();
  return layer;
}

// Keeps what a layer reports.
class Listener final : public nn::HeadSink, public nn::AttentionSink {
 public:
  void receive(const nn::AttentionHeads& heads) override {
    queries = heads.queries;
    keys = heads.keys;
  }
  void receive(const Tensor& coefficients) override { alpha = coefficients; }

  Variable queries;
  Variable keys;
  Tensor alpha;
};

// What a pass goes over.
struct Input {
  nn::Features x;
  Variable edge_features;  // undefined where there are none
};

Input input_of(const Layer& layer, const char* who, const py::object& x,
               const py::object& edge_features) {
  Input input{.x = features_of(x, {who, "x"}, layer.in_channels, layer.dtype), .edge_features = {}};
  if (!edge_features.is_none()) {
    input.edge_features =
        Variable(tensor_of(edge_features, {who, "edge_features"}, 2, layer.dtype), true);
  }
  return input;
}

Variable pass_of(const Layer& layer, const Input& input, const graph::Graph& graph,
                 nn::ForwardContext& context) {
  return layer.module->forward_with_edges(input.x, graph, input.edge_features, context);
}

// Without tape or dropout.
Tensor evaluate(const Layer& layer, const py::object& x, const graph::Graph& graph,
                const py::object& edge_features, nn::HeadSink* heads,
                nn::AttentionSink* attention) {
  const Input input = input_of(layer, layer.who_forward.c_str(), x, edge_features);
  Tensor output;
  without_gil([&] {
    const autograd::NoGradScope no_grad;
    nn::ForwardContext context;
    context.head_sink = heads;
    context.attention_sink = attention;
    output = pass_of(layer, input, graph, context).value();
  });
  return output;
}

py::array forward(const Layer& layer, const py::object& x, const graph::Graph& graph,
                  const py::object& edge_features) {
  return view_of(evaluate(layer, x, graph, edge_features, nullptr, nullptr), Access::write);
}

void require_heads(const Layer& layer, bool reported, const char* what) {
  if (!reported) {
    throw InvalidArgument(core::text(layer.name, ": the layer has no ", what));
  }
}

py::array attention(const Layer& layer, const py::object& x, const graph::Graph& graph,
                    const py::object& edge_features) {
  Listener listener;
  (void)evaluate(layer, x, graph, edge_features, nullptr, &listener);
  require_heads(layer, listener.alpha.defined(), "attention coefficients");
  return view_of(listener.alpha, Access::write);
}

py::tuple heads(const Layer& layer, const py::object& x, const graph::Graph& graph,
                const py::object& edge_features) {
  Listener listener;
  (void)evaluate(layer, x, graph, edge_features, &listener, nullptr);
  require_heads(layer, listener.queries.defined(), "queries and keys");
  return py::make_tuple(view_of(listener.queries.value(), Access::write),
                        view_of(listener.keys.value(), Access::write));
}

// A forward pass that can be differentiated, once.
struct Record {
  std::shared_ptr<Layer> layer;
  Input input;
  Variable output;
  Listener reported;
  bool used = false;
};

std::unique_ptr<Record> record(const std::shared_ptr<Layer>& layer, const py::object& x,
                               const graph::Graph& graph, const py::object& edge_features,
                               bool training, std::uint64_t seed, std::uint32_t step,
                               bool with_heads, bool with_attention) {
  auto pass = std::make_unique<Record>();
  pass->layer = layer;
  pass->input = input_of(*layer, layer->who_record.c_str(), x, edge_features);
  without_gil([&] {
    nn::ForwardContext context =
        training
            ? nn::ForwardContext(core::RandomStream(seed, core::Purpose::dropout).at_step(step))
            : nn::ForwardContext();
    context.head_sink = with_heads ? &pass->reported : nullptr;
    context.attention_sink = with_attention ? &pass->reported : nullptr;
    pass->output = pass_of(*layer, pass->input, graph, context);
  });
  return pass;
}

// sum(x * grad), so that backward() of a sum of these gives x the gradient.
void add_product(Variable& sum, const Variable& x, const py::object& grad, const char* name) {
  if (grad.is_none()) {
    return;
  }
  const Argument argument{"Record.backward", name};
  if (!x.defined()) {
    throw InvalidArgument(core::text(argument.who, ": ", name,
                                     ": nothing of the kind was recorded, heads=True does"));
  }
  const Tensor factor = tensor_of(grad, argument, x.shape().rank(), x.dtype());
  core::require_shape(factor, x.shape(), argument.who, name);
  const Variable product = ops::sum(ops::mul(x, Variable(factor)));
  sum = sum.defined() ? ops::add(sum, product) : product;
}

py::dict backward(Record& pass, const py::object& grad_output, const py::object& grad_queries,
                  const py::object& grad_keys) {
  if (pass.used) {
    throw InvalidArgument("Record.backward: the pass was differentiated before; record another");
  }
  Variable sum;
  add_product(sum, pass.output, grad_output, "grad_output");
  add_product(sum, pass.reported.queries, grad_queries, "grad_queries");
  add_product(sum, pass.reported.keys, grad_keys, "grad_keys");
  if (!sum.defined()) {
    throw InvalidArgument("Record.backward: expected a gradient, got None for all");
  }
  pass.used = true;
  std::vector<nn::NamedParameter> leaves = pass.layer->module->parameters();
  if (const auto* x = std::get_if<Variable>(&pass.input.x)) {
    leaves.push_back({"x", *x});
  }
  if (pass.input.edge_features.defined()) {
    leaves.push_back({"edge_features", pass.input.edge_features});
  }
  return gradients_of(leaves, pass.layer->gradients,
                      [&] { autograd::backward(std::as_const(sum)); });
}

py::object view_or_none(const Variable& variable) {
  return variable.defined() ? py::object(view_of(variable.value())) : py::none();
}

template <class Conv, class Options>
void bind_layer(py::module_& module, const char* name, const char* doc) {
  py::class_<LayerOf<Conv>, Layer, std::shared_ptr<LayerOf<Conv>>>(module, name, doc)
      .def(py::init([name](std::int64_t in_channels, std::int64_t out_channels, std::uint64_t seed,
                           const std::string& dtype, const py::kwargs& keywords) {
             return make_layer<Conv, Options>(name, in_channels, out_channels, seed, dtype,
                                              keywords);
           }),
           py::arg("in_channels"), py::arg("out_channels"), py::kw_only(), py::arg("seed") = 0,
           py::arg("dtype") = "float32");
}

void bind_record(py::module_& module) {
  py::class_<Record>(module, "Record", "A forward pass that was recorded, to be differentiated.")
      .def("backward", &backward, py::arg("grad_output") = py::none(), py::kw_only(),
           py::arg("grad_queries") = py::none(), py::arg("grad_keys") = py::none(),
           "Gradients of sum(output * grad_output), plus the same of queries and keys: a dict with "
           "one array for every parameter, for x where it is dense, and for edge_features. Once a "
           "pass.")
      .def_property_readonly(
          "output", [](const Record& pass) { return view_of(pass.output.value()); },
          "[num_nodes, output_channels], read-only.")
      .def_property_readonly(
          "attention",
          [](const Record& pass) -> py::object {
            return pass.reported.alpha.defined() ? py::object(view_of(pass.reported.alpha))
                                                 : py::none();
          },
          "Coefficients before dropout, [num_edges, heads]; None unless asked for.")
      .def_property_readonly(
          "queries", [](const Record& pass) { return view_or_none(pass.reported.queries); },
          "[num_nodes, heads, channels]; None unless asked for.")
      .def_property_readonly(
          "keys", [](const Record& pass) { return view_or_none(pass.reported.keys); },
          "[num_nodes, heads, channels]; None unless asked for.");
}

void bind_layer_base(py::module_& module) {
  const auto edge_features = py::arg("edge_features") = py::none();
  py::class_<Layer, std::shared_ptr<Layer>>(module, "Layer", "What all layers can do.")
      .def(
          "forward", &forward, py::arg("x"), py::arg("graph"), edge_features,
          "Output of an evaluation pass, [num_nodes, output_channels]. x: [num_nodes, "
          "in_channels], or a matrix in compressed rows. edge_features: [num_edges, edge_channels] "
          "in the order of graph.edge_index(), for layers made with edge_channels; "
          "graph.order_edge_features() puts those of one's own edges so.")
      .def("__call__", &forward, py::arg("x"), py::arg("graph"), edge_features)
      .def("attention", &attention, py::arg("x"), py::arg("graph"), edge_features,
           "Attention coefficients, [num_edges, heads], in the order of graph.edge_index().")
      .def("heads", &heads, py::arg("x"), py::arg("graph"), edge_features,
           "Queries and keys as alignment sees them, each [num_nodes, heads, channels].")
      .def("record", &record, py::arg("x"), py::arg("graph"), edge_features, py::kw_only(),
           py::arg("training") = false, py::arg("seed") = 0, py::arg("step") = 0,
           py::arg("heads") = false, py::arg("attention") = false,
           "A pass to be differentiated; in training with dropout drawn from (seed, step).")
      .def_property_readonly(
          "parameters",
          [](const Layer& layer) { return parameter_views(layer.module->parameters()); },
          "Writable arrays of the parameters by name: what is written to them, the layer has.")
      .def_property_readonly("num_parameters",
                             [](const Layer& layer) { return layer.module->num_parameters(); })
      .def_property_readonly("output_channels",
                             [](const Layer& layer) { return layer.module->output_channels(); })
      .def_property_readonly("options",
                             [](const Layer& layer) { return layer.options.attr("copy")(); })
      .def_property_readonly("dtype",
                             [](const Layer& layer) { return core::to_string(layer.dtype); })
      .def("__repr__", [](const Layer& layer) {
        return core::text("attune.", layer.name, "(", std::string(py::repr(layer.options)), ")");
      });
}

}  // namespace

void bind_layers(py::module_& module) {
  bind_layer_base(module);
  bind_record(module);
  bind_layer<nn::GATConv, nn::GATConvOptions>(
      module, "GATConv",
      R"(Graph attention layer, Velickovic et al., ICLR 2018.

GATConv(in_channels, out_channels, *, heads=1, concat=True, negative_slope=0.2, dropout=0,
        attention_dropout=0, value_dropout=0, edge_channels=0, bias=True, residual=False,
        activation="none", expect_self_loops=True, reported="product", seed=0, dtype="float32")

out_channels are per head; activation "none", "elu" or "relu". Parameters: weight [in_channels,
heads * out_channels], att_src and att_dst [heads, out_channels], bias [output_channels],
residual_weight [in_channels, output_channels].)");
  bind_layer<nn::GATv2Conv, nn::GATv2ConvOptions>(
      module, "GATv2Conv",
      R"(Graph attention layer whose ranking of neighbours depends on the node, Brody et al., ICLR 2022.

GATv2Conv(in_channels, out_channels, *, heads=1, concat=True, negative_slope=0.2, dropout=0,
          attention_dropout=0, value_dropout=0, edge_channels=0, bias=True, residual=False,
          share_weights=False, activation="none", expect_self_loops=True, seed=0, dtype="float32")

Parameters: src_weight and dst_weight [in_channels, heads * out_channels], src_bias and dst_bias
[heads * out_channels], att [heads, out_channels], bias [output_channels], residual_weight.)");
  bind_layer<nn::TransformerConv, nn::TransformerConvOptions>(
      module, "TransformerConv",
      R"(Dot-product attention over edges with a skip projection, Shi et al., IJCAI 2021.

TransformerConv(in_channels, out_channels, *, heads=1, concat=True, dropout=0, attention_dropout=0,
                value_dropout=0, edge_channels=0, bias=True, root_weight=True, beta=False,
                activation="none", expect_self_loops=False, seed=0, dtype="float32")

Parameters: query_weight, key_weight and value_weight [in_channels, heads * out_channels], their
biases [heads * out_channels], skip_weight [in_channels, output_channels], skip_bias.)");
  bind_layer<nn::GCNConv, nn::GCNConvOptions>(
      module, "GCNConv",
      R"(Graph convolution, Kipf and Welling, ICLR 2017; it has no attention and no heads.

GCNConv(in_channels, out_channels, *, dropout=0, bias=True, residual=False, activation="none",
        expect_self_loops=True, seed=0, dtype="float32")

Parameters: weight [in_channels, out_channels], bias [out_channels], residual_weight.)");
  bind_layer<nn::SAGEConv, nn::SAGEConvOptions>(
      module, "SAGEConv",
      R"(GraphSAGE with mean aggregation, Hamilton et al., NeurIPS 2017; no attention, no heads.

SAGEConv(in_channels, out_channels, *, dropout=0, bias=True, residual=False, activation="none",
         seed=0, dtype="float32")

A self-loop is no neighbour. Parameters: root_weight and neighbour_weight [in_channels,
out_channels], bias [out_channels], residual_weight.)");
}

}  // namespace attune::python
