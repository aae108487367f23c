#pragma once

#include <cstdint>

#include <attune/autograd/variable.hpp>
#include <attune/data/node_dataset.hpp>

namespace benchmark {
class State;
namespace internal {
class Benchmark;
}
}  // namespace benchmark

namespace attune::bench {

/// Something to measure on, made when first asked for. Graphs have their self-loops.
using Dataset = const data::NodeDataset& (*)();

/// 2708 nodes, 13 thousand edges, 1433 words, 49 thousand of them used: the size of Cora.
const data::NodeDataset& cora_size();

/// 100 thousand nodes and 2 million edges, with the in-degrees of a power law.
const data::NodeDataset& power_law();

/// 100 thousand nodes of which one has a million edges from the others and a million to them,
/// and self-loops; no features.
const data::NodeDataset& hub();

/// Normal numbers times `scale`, a leaf that requires a gradient.
Variable random_leaf(const core::Shape& shape, std::uint64_t seed, double scale = 1);

/// Largest |a - b| over the largest |b|, a in float32 and b in float64; infinite where one is NaN.
double relative_error(const core::Tensor& a, const core::Tensor& b);

/// Ends the benchmark unless `error` is what rounding to float32 explains.
void require_small(benchmark::State& state, double error);

/// Counts the items of all iterations, and notes the size of the graph.
void count(benchmark::State& state, const graph::Graph& graph, std::int64_t items);

/// Counts the bytes of all iterations.
void count_bytes(benchmark::State& state, std::int64_t bytes);

/// heads x channels in {8 x 8, 4 x 64} on 1 and 2 threads, in wall-clock time.
void attention_arguments(benchmark::internal::Benchmark* benchmark);

}  // namespace attune::bench
