#include "bench_inputs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <benchmark/benchmark.h>

#include <attune/core/random.hpp>
#include <attune/data/generator.hpp>
#include <attune/graph/builder.hpp>

namespace attune::bench {

namespace {

data::NodeDataset generated(const data::GeneratorOptions& options) {
  data::NodeDataset dataset = data::generate_citation_like(options);
  dataset.graph = graph::with_self_loops(dataset.graph);
  return dataset;
}

}  // namespace

const data::NodeDataset& cora_size() {
  static const data::NodeDataset dataset = generated({});
  return dataset;
}

const data::NodeDataset& power_law() {
  static const data::NodeDataset dataset = generated({.num_nodes = 100000, .average_degree = 19.5});
  return dataset;
}

const data::NodeDataset& hub() {
  static const data::NodeDataset dataset = [] {
    constexpr std::int64_t kNodes = 100000;
    std::vector<graph::Edge> edges;
    for (std::int64_t e = 0; e < 1000000; ++e) {
      const std::int64_t other = 1 + e % (kNodes - 1);
      edges.push_back({.src = other, .dst = 0});
      edges.push_back({.src = 0, .dst = other});
    }
    data::NodeDataset result;
    result.graph = graph::from_edges(
        kNodes, edges,
        {.self_loops = graph::SelfLoops::add_all, .duplicates = graph::Duplicates::keep});
    return result;
  }();
  return dataset;
}

Variable random_leaf(const core::Shape& shape, std::uint64_t seed, double scale) {
  const core::RandomStream stream(seed, core::Purpose::sampling);
  core::Tensor values = core::Tensor::empty(shape);
  std::uint64_t i = 0;
  for (float& value : values.mutable_data<float>()) {
    value = static_cast<float>(scale * stream.normal(i++));
  }
  return Variable(values, true);
}

double relative_error(const core::Tensor& a, const core::Tensor& b) {
  const auto found = a.data<float>();
  const auto exact = b.data<double>();
  double difference = 0;
  double largest = std::numeric_limits<double>::min();
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double error = std::abs(static_cast<double>(found[i]) - exact[i]);
    difference =
        std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(difference, error);
    largest = std::max(largest, std::abs(exact[i]));
  }
  return difference / largest;
}

void require_small(benchmark::State& state, double error) {
  // Sums of some thousand numbers, the rows of the hubs; nothing wrong is as near.
  if (!(error < 1e-4)) {
    state.SkipWithError("the timed result is not that of float64");
  }
}

void count(benchmark::State& state, const graph::Graph& graph, std::int64_t items) {
  state.SetItemsProcessed(state.iterations() * items);
  state.counters["nodes"] = static_cast<double>(graph.num_nodes());
  state.counters["edges"] = static_cast<double>(graph.num_edges());
}

void count_bytes(benchmark::State& state, std::int64_t bytes) {
  state.SetBytesProcessed(state.iterations() * bytes);
}

void attention_arguments(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"heads", "channels", "threads"})
      ->Args({8, 8, 1})
      ->Args({8, 8, 2})
      ->Args({4, 64, 1})
      ->Args({4, 64, 2})
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace attune::bench
