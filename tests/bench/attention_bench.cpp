// Attention over the edges of a graph: what an edge costs. Bytes are those that must move with a
// cache of no size: a row of all heads for every time that an edge's neighbour is looked up, the
// coefficients of every edge, and the arrays over nodes once.
#include <vector>

#include <benchmark/benchmark.h>

#include "bench_inputs.hpp"
#include <attune/core/parallel.hpp>
#include <attune/sparse/dot_attention.hpp>
#include <attune/sparse/gat_attention.hpp>
#include <attune/sparse/gatv2_attention.hpp>

namespace {

using namespace attune;
using bench::Dataset;
using core::Shape;

struct Sizes {
  std::int64_t nodes;
  std::int64_t heads;
  std::int64_t channels;
};

// Each kernel: its inputs, a call, and how many rows an edge looks up going forward and in all.
struct Gat {
  static constexpr std::int64_t kLookups[] = {1, 3};
  static std::vector<Variable> inputs(const Sizes& s) {
    return {bench::random_leaf({s.nodes, s.heads, s.channels}, 1),
            bench::random_leaf({s.heads, s.channels}, 2, 0.3),
            bench::random_leaf({s.heads, s.channels}, 3, 0.3)};
  }
  static Variable run(const graph::Graph& graph, const std::vector<Variable>& in) {
    return sparse::gat_attention(graph, in[0], in[1], in[2], {});
  }
};

struct Gatv2 {
  static constexpr std::int64_t kLookups[] = {1, 4};
  static std::vector<Variable> inputs(const Sizes& s) {
    return {bench::random_leaf({s.nodes, s.heads, s.channels}, 1),
            bench::random_leaf({s.nodes, s.heads, s.channels}, 2),
            bench::random_leaf({s.heads, s.channels}, 3, 0.3)};
  }
  static Variable run(const graph::Graph& graph, const std::vector<Variable>& in) {
    return sparse::gatv2_attention(graph, in[0], in[1], in[2], {});
  }
};

struct Dot {
  static constexpr std::int64_t kLookups[] = {2, 6};
  static std::vector<Variable> inputs(const Sizes& s) {
    const Shape shape{s.nodes, s.heads, s.channels};
    return {bench::random_leaf(shape, 1), bench::random_leaf(shape, 2),
            bench::random_leaf(shape, 3)};
  }
  static Variable run(const graph::Graph& graph, const std::vector<Variable>& in) {
    return sparse::dot_attention(graph, in[0], in[1], in[2], {});
  }
};

void zero_grad(std::vector<Variable>& inputs) {
  for (Variable& input : inputs) {
    input.zero_grad();
  }
}

std::vector<Variable> in_float64(const std::vector<Variable>& inputs) {
  std::vector<Variable> result;
  for (const Variable& input : inputs) {
    result.emplace_back(input.value().to(core::DType::f64), true);
  }
  return result;
}

// Result and gradients against those of float64.
template <class Kernel>
double error_of(const graph::Graph& graph, std::vector<Variable>& inputs,
                const core::Tensor& upstream) {
  std::vector<Variable> exact = in_float64(inputs);
  const Variable found = Kernel::run(graph, inputs);
  const Variable expected = Kernel::run(graph, exact);
  backward(found, upstream);
  backward(expected, upstream.to(core::DType::f64));
  double worst = bench::relative_error(found.value(), expected.value());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    worst = std::max(worst, bench::relative_error(inputs[i].grad(), exact[i].grad()));
  }
  zero_grad(inputs);
  return worst;
}

std::int64_t bytes_of(const graph::Graph& graph, const Sizes& s, std::int64_t lookups,
                      std::int64_t arrays) {
  const std::int64_t width = s.heads * s.channels;
  const std::int64_t an_edge = lookups * (width + 1) + s.heads;  // rows, indices, coefficients
  return static_cast<std::int64_t>(sizeof(float)) *
         (graph.num_edges() * an_edge + graph.num_nodes() * width * arrays);
}

template <class Kernel>
void forward(benchmark::State& state, Dataset dataset) {
  const graph::Graph& graph = dataset().graph;
  const Sizes sizes{graph.num_nodes(), state.range(0), state.range(1)};
  const std::vector<Variable> inputs = Kernel::inputs(sizes);
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    const autograd::NoGradScope no_grad;
    for (auto _ : state) {
      benchmark::DoNotOptimize(Kernel::run(graph, inputs));
    }
  });
  bench::count(state, graph, graph.num_edges());
  bench::count_bytes(state, bytes_of(graph, sizes, Kernel::kLookups[0], 2));
}

template <class Kernel>
void forward_backward(benchmark::State& state, Dataset dataset) {
  const graph::Graph& graph = dataset().graph;
  const Sizes sizes{graph.num_nodes(), state.range(0), state.range(1)};
  std::vector<Variable> inputs = Kernel::inputs(sizes);
  const core::Tensor upstream =
      bench::random_leaf({sizes.nodes, sizes.heads, sizes.channels}, 9).value();
  core::with_threads(static_cast<int>(state.range(2)), [&] {
    bench::require_small(state, error_of<Kernel>(graph, inputs, upstream));
    for (auto _ : state) {
      zero_grad(inputs);
      backward(Kernel::run(graph, inputs), upstream);
      benchmark::DoNotOptimize(inputs[0].grad());
    }
  });
  bench::count(state, graph, graph.num_edges());
  bench::count_bytes(state, bytes_of(graph, sizes, Kernel::kLookups[1], 5));
}

constexpr auto gat_forward = forward<Gat>;
constexpr auto gatv2_forward = forward<Gatv2>;
constexpr auto dot_forward = forward<Dot>;
constexpr auto gat_forward_backward = forward_backward<Gat>;
constexpr auto gatv2_forward_backward = forward_backward<Gatv2>;
constexpr auto dot_forward_backward = forward_backward<Dot>;

BENCHMARK_CAPTURE(gat_forward, cora_size, bench::cora_size)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gat_forward_backward, cora_size, bench::cora_size)
    ->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gatv2_forward, cora_size, bench::cora_size)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gatv2_forward_backward, cora_size, bench::cora_size)
    ->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(dot_forward, cora_size, bench::cora_size)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(dot_forward_backward, cora_size, bench::cora_size)
    ->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gat_forward, power_law, bench::power_law)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gat_forward_backward, power_law, bench::power_law)
    ->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gatv2_forward, power_law, bench::power_law)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gatv2_forward_backward, power_law, bench::power_law)
    ->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(dot_forward, power_law, bench::power_law)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(dot_forward_backward, power_law, bench::power_law)
    ->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gat_forward_backward, hub, bench::hub)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(gatv2_forward_backward, hub, bench::hub)->Apply(bench::attention_arguments);
BENCHMARK_CAPTURE(dot_forward_backward, hub, bench::hub)->Apply(bench::attention_arguments);

}  // namespace
