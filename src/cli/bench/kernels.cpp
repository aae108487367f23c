#include "cli/bench/kernels.hpp"

#include <functional>

#include "cli/bench/distances.hpp"
#include "cli/bench/kernel_work.hpp"
#include "cli/bench/random_tensor.hpp"
#include "cli/bench/timing.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/builder.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/dropout.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/optim/adam.hpp>
#include <attune/sparse/dot_attention.hpp>
#include <attune/sparse/edge_softmax.hpp>
#include <attune/sparse/gat_attention.hpp>
#include <attune/sparse/gatv2_attention.hpp>
#include <attune/sparse/gcn_aggregate.hpp>
#include <attune/sparse/spmm.hpp>

namespace attune::cli::bench {

namespace {

constexpr double kDropout = 0.6;

// A differentiable operation: variables that want gradients, a call, and the work of its passes.
struct Operation {
  const char* name;
  std::vector<Variable> inputs;
  std::function<Variable(const std::vector<Variable>&)> call;
  Work forward;
  Work backward;
};

class Bench {
 public:
  Bench(const data::NodeDataset& dataset, const KernelPlan& plan, const Roofline& roofline)
      : graph_(graph::with_self_loops(dataset.graph)),
        features_(dataset.features),
        plan_(plan),
        roofline_(roofline),
        random_(3, core::Purpose::dropout) {}

  std::vector<KernelTime> run() {
    sparse_dropout();
    for (const auto& [heads, channels] : plan_.shapes) {
      const AttentionSize size{.nodes = graph_.num_nodes(),
                               .edges = graph_.num_edges(),
                               .heads = heads,
                               .channels = channels};
      const std::string name = core::text(heads, 'x', channels);
      dense(size, name);
      attentions(size, name);
      adam(features_.columns() * heads * channels, name);
    }
    for (const std::int64_t positions : plan_.positions) {
      distances(positions);
    }
    return std::move(times_);
  }

 private:
  void add(const std::string& kernel, const char* pass, const std::string& size, const Work& work,
           double seconds) {
    times_.push_back(
        {.kernel = kernel,
         .pass = pass,
         .size = size,
         .work = work,
         .ms = 1e3 * seconds,
         .bound_ms = 1e3 * roofline_.seconds(work),
         .memory_bound = roofline_.memory_seconds(work) >= roofline_.arithmetic_seconds(work)});
  }

  // Either pass on its own: going back starts from a result that nobody timed.
  void time(const Operation& operation, const std::string& size) {
    std::vector<Variable> inputs = operation.inputs;
    Variable result;
    const auto forget = [&] {
      for (Variable& input : inputs) {
        input.zero_grad();
      }
    };
    const auto release = [&] { result = Variable(); };
    const auto forward = [&] { result = operation.call(inputs); };
    add(operation.name, "forward", size, operation.forward,
        median_seconds(plan_.repeat, forward, release));
    forward();
    const core::Tensor upstream = normal(result.shape(), 9);
    add(operation.name, "backward", size, operation.backward,
        median_seconds(
            plan_.repeat, [&] { backward(result, upstream); },
            [&] {
              forget();
              forward();
            }));
    forget();
  }

  void sparse_dropout() {
    add("dropout of sparse features", "forward", "", sparse_dropout_work(sparse_size()),
        median_seconds(plan_.repeat, [&] { (void)sparse::dropout(features_, kDropout, random_); }));
  }

  void dense(const AttentionSize& size, const std::string& name) {
    const std::int64_t width = size.heads * size.channels;
    const Variable x = leaf({size.nodes, width}, 1);
    time({.name = "sparse features x dense",
          .inputs = {leaf({features_.columns(), width}, 2)},
          .call = [this](const auto& in) { return sparse::spmm(features_, in[0]); },
          .forward = spmm_work(sparse_size(), width, Pass::forward),
          .backward = spmm_work(sparse_size(), width, Pass::backward)},
         name);
    time({.name = "dense x dense",
          .inputs = {leaf({size.nodes, plan_.in_channels}, 1), leaf({plan_.in_channels, width}, 2)},
          .call = [](const auto& in) { return ops::matmul(in[0], in[1]); },
          .forward = product_work(size.nodes, plan_.in_channels, width, Pass::forward),
          .backward = product_work(size.nodes, plan_.in_channels, width, Pass::backward)},
         name);
    time({.name = "dropout",
          .inputs = {x},
          .call = [this](const auto& in) { return ops::dropout(in[0], kDropout, random_); },
          .forward = dropout_work(size.nodes * width, Pass::forward),
          .backward = dropout_work(size.nodes * width, Pass::backward)},
         name);
    time({.name = "bias and ELU",
          .inputs = {x, leaf({width}, 2)},
          .call = [](const auto& in) { return ops::bias_elu(in[0], in[1]); },
          .forward = bias_elu_work(size.nodes, width, Pass::forward),
          .backward = bias_elu_work(size.nodes, width, Pass::backward)},
         name);
    time({.name = "GCN propagation",
          .inputs = {x},
          .call = [this](const auto& in) { return sparse::gcn_aggregate(graph_, in[0]); },
          .forward = gcn_work(size),
          .backward = gcn_work(size)},
         name);
  }

  void attentions(const AttentionSize& size, const std::string& name) {
    const core::Shape nodes{size.nodes, size.heads, size.channels};
    const core::Shape heads{size.heads, size.channels};
    time({.name = "edge softmax",
          .inputs = {leaf({size.edges, size.heads}, 1)},
          .call = [this](const auto& in) { return sparse::edge_softmax(graph_, in[0]); },
          .forward = edge_softmax_work(size, Pass::forward),
          .backward = edge_softmax_work(size, Pass::backward)},
         name);
    const auto attention = [&](const char* kernel, Attention kind, std::vector<Variable> inputs,
                               auto call) {
      time({.name = kernel,
            .inputs = std::move(inputs),
            .call = std::move(call),
            .forward = attention_work(kind, size, Pass::forward),
            .backward = attention_work(kind, size, Pass::backward)},
           name);
    };
    attention(
        "GAT attention", Attention::gat, {leaf(nodes, 1), leaf(heads, 2), leaf(heads, 3)},
        [this](const auto& in) { return sparse::gat_attention(graph_, in[0], in[1], in[2], {}); });
    attention("GATv2 attention", Attention::gatv2, {leaf(nodes, 1), leaf(nodes, 2), leaf(heads, 3)},
              [this](const auto& in) {
                return sparse::gatv2_attention(graph_, in[0], in[1], in[2], {});
              });
    attention(
        "dot attention", Attention::dot, {leaf(nodes, 1), leaf(nodes, 2), leaf(nodes, 3)},
        [this](const auto& in) { return sparse::dot_attention(graph_, in[0], in[1], in[2], {}); });
  }

  void adam(std::int64_t count, const std::string& name) {
    Variable weight = leaf({count}, 1);
    weight.mutable_grad() = normal({count}, 2);
    optim::Adam adam({{"weight", weight}}, {.weight_decay = 5e-4});
    add("Adam", "step", name, adam_work(count), median_seconds(plan_.repeat, [&] { adam.step(); }));
  }

  void distances(std::int64_t positions) {
    for (const std::string& name : plan_.distances) {
      const DistanceStep step = fixed_distance_step(name, positions);
      add(step.label, "both", core::text("w = ", positions), step.work,
          median_seconds(plan_.repeat, step.run));
    }
  }

  [[nodiscard]] SparseSize sparse_size() const {
    return {.rows = features_.rows(),
            .columns = features_.columns(),
            .nonzeros = features_.num_nonzeros()};
  }

  static Variable leaf(const core::Shape& shape, std::uint64_t seed) {
    return Variable(normal(shape, seed), true);
  }

  graph::Graph graph_;
  sparse::CsrMatrix features_;
  const KernelPlan& plan_;
  const Roofline& roofline_;
  core::RandomStream random_;
  std::vector<KernelTime> times_;
};

}  // namespace

std::vector<KernelTime> time_kernels(const data::NodeDataset& dataset, const KernelPlan& plan,
                                     const Roofline& roofline) {
  std::vector<KernelTime> times;
  core::with_threads(core::num_threads(), [&] { times = Bench(dataset, plan, roofline).run(); });
  return times;
}

}  // namespace attune::cli::bench
