// Rows of so many edges that several tasks share them.
#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "sparse/row_parts.hpp"
#include "support/random_values.hpp"
#include <attune/autograd/gradient_check.hpp>
#include <attune/core/parallel.hpp>
#include <attune/graph/builder.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/sparse/dot_attention.hpp>
#include <attune/sparse/gat_attention.hpp>
#include <attune/sparse/gatv2_attention.hpp>
#include <attune/sparse/gcn_aggregate.hpp>
#include <attune/sparse/spmm.hpp>

namespace attune::sparse {
namespace {

using core::Shape;
using core::Tensor;
using graph::Edge;
using testing::largest_error;
using testing::random_tensor;
using testing::values_of;

// Node 0 attends to the others, again and again, and to itself; the others attend to it: `degree`
// edges into node 0. With few nodes, these are hubs of the transpose.
graph::Graph hub(std::int64_t num_nodes, std::int64_t degree) {
  std::vector<Edge> edges;
  for (std::int64_t e = 0; e < degree; ++e) {
    edges.push_back({.src = e % num_nodes, .dst = 0});
  }
  for (std::int64_t i = 1; i < num_nodes; ++i) {
    edges.push_back({.src = 0, .dst = i});
  }
  return graph::from_edges(num_nodes, edges, {.duplicates = graph::Duplicates::keep});
}

// The three kinds of attention with their inputs, random or such that all logits of a row are equal
// and the values are small whole numbers.
template <class T>
struct Attention {
  using Run = std::function<Variable(const graph::Graph&, const std::vector<Variable>&,
                                     const core::RandomStream*, Tensor*)>;
  std::string name;
  std::vector<Variable> inputs;
  Run run;
};

template <class T>
Variable leaf(const Shape& shape, std::uint64_t seed) {
  return Variable(random_tensor<T>(shape, seed), true);
}

template <class T>
std::vector<Attention<T>> attentions(std::int64_t nodes, std::int64_t heads,
                                     std::int64_t channels) {
  const Shape of_nodes{nodes, heads, channels};
  const Shape of_heads{heads, channels};
  const double p = 0.5;
  return {{"gat",
           {leaf<T>(of_nodes, 1), leaf<T>(of_heads, 2), leaf<T>(of_heads, 3)},
           [p](const auto& graph, const auto& in, const auto* stream, Tensor* alpha) {
             return gat_attention(graph, in[0], in[1], in[2], {.dropout = stream ? p : 0}, stream,
                                  alpha);
           }},
          {"gatv2",
           {leaf<T>(of_nodes, 1), leaf<T>(of_nodes, 2), leaf<T>(of_heads, 3)},
           [p](const auto& graph, const auto& in, const auto* stream, Tensor* alpha) {
             return gatv2_attention(graph, in[0], in[1], in[2], {.dropout = stream ? p : 0}, stream,
                                    alpha);
           }},
          {"dot",
           {leaf<T>(of_nodes, 1), leaf<T>(of_nodes, 2), leaf<T>(of_nodes, 3)},
           [p](const auto& graph, const auto& in, const auto* stream, Tensor* alpha) {
             return dot_attention(graph, in[0], in[1], in[2], {.dropout = stream ? p : 0}, stream,
                                  alpha);
           }}};
}

TEST_CASE("A hub is cut into pieces of a bounded size, every edge in one part", "[sparse]") {
  const std::int64_t degree = 5 * kHubEdges + 17;
  const graph::Graph graph = hub(1000, degree);
  const graph::CsrView edges = graph.in_edges();
  std::vector<int> visits(static_cast<std::size_t>(edges.num_edges()));
  std::multiset<std::int64_t> slots;
  std::mutex mutex;
  const auto visit = [&](const RowPart& part) {
    const std::lock_guard lock(mutex);
    slots.insert(part.slot);
    for (std::int64_t e = 0; e < part.rows.num_edges(); ++e) {
      ++visits[static_cast<std::size_t>(part.rows.first_edge() + e)];
    }
  };
  std::int64_t pieces = 0;
  for_row_parts(edges, 1000, visit, [&](const Hub& on, std::int64_t row) {
    CHECK(row == 0);
    on.for_pieces([&](std::int64_t piece, const RowPart& part) {
      visit(part);
      const std::lock_guard lock(mutex);
      ++pieces;
      CHECK(part.rows.num_edges() <= kPieceEdges);
      CHECK(part.node == 0);
      CHECK(piece < on.num_pieces());
    });
  });
  CHECK(pieces == (degree + kPieceEdges - 1) / kPieceEdges);
  CHECK(std::all_of(visits.begin(), visits.end(), [](int n) { return n == 1; }));
  CHECK(*slots.rbegin() < num_slots(edges, 1000));
}

TEST_CASE("Attention over a hub has the bits of the plain twin where sums are exact",
          "[sparse][hub]") {
  const std::int64_t nodes = 16;
  const std::int64_t heads = 2;
  const std::int64_t channels = 8;
  const std::int64_t degree = 8 * kHubEdges;  // a power of two: coefficients are
  const graph::Graph graph = hub(nodes, degree);
  for (const Attention<float>& attention : attentions<float>(nodes, heads, channels)) {
    CAPTURE(attention.name);
    std::vector<Variable> in = attention.inputs;
    for (Variable& input : in) {
      input.mutable_value().fill(0);
    }
    Variable& values = attention.name == "dot" ? in[2] : in[0];
    std::int64_t i = 0;
    for (float& value : values.mutable_value().mutable_data<float>()) {
      value = static_cast<float>(i++ % 7 - 3);
    }
    Tensor alpha;
    const Variable y = attention.run(graph, in, nullptr, &alpha);
    const std::vector<float> logits(static_cast<std::size_t>(graph.num_edges() * heads));
    const auto expected = plain::edge_softmax<float>(graph, heads, logits);
    CHECK(values_of<float>(alpha) == expected);
    CHECK(values_of<float>(y.value()) ==
          plain::aggregate(graph, heads, channels, expected, values_of<float>(values.value())));
  }
}

TEST_CASE("Attention over a hub agrees with its plain twin", "[sparse][hub]") {
  const std::int64_t nodes = 300;
  const graph::Graph graph = hub(nodes, 3 * kHubEdges + 5);
  for (const std::int64_t heads : {1, 8}) {
    const std::int64_t channels = 12;
    const auto all = attentions<double>(nodes, heads, channels);
    const auto in = [&](std::size_t attention, std::size_t input) {
      return values_of<double>(all[attention].inputs[input].value());
    };
    const std::vector<std::vector<double>> expected{
        plain::gat_coefficients<double>(graph, heads, channels, in(0, 0), in(0, 1), in(0, 2), 0.2),
        plain::gatv2_coefficients<double>(graph, heads, channels, in(1, 1), in(1, 0), in(1, 2),
                                          0.2),
        plain::dot_coefficients<double>(graph, heads, channels, in(2, 0), in(2, 1))};
    for (std::size_t a = 0; a < all.size(); ++a) {
      CAPTURE(all[a].name, heads);
      Tensor alpha;
      const Variable y = all[a].run(graph, all[a].inputs, nullptr, &alpha);
      CHECK(largest_error(values_of<double>(alpha), expected[a]) < 1e-13);
      const auto values = in(a, all[a].name == "dot" ? 2 : 0);
      CHECK(largest_error(values_of<double>(y.value()),
                          plain::aggregate(graph, heads, channels, expected[a], values)) < 1e-12);
    }
  }
}

TEST_CASE("Derivatives of attention over a hub pass the gradient check", "[sparse][gradient]") {
  const graph::Graph graph = hub(3, 4 * kHubEdges);  // nodes 0 to 2 are hubs of the transpose too
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const Attention<double>& attention : attentions<double>(3, 2, 3)) {
    const Variable weights(random_tensor<double>({3, 2, 3}, 5));
    for (const bool dropout : {false, true}) {
      const auto result = autograd::check_gradients(
          [&] {
            const Variable y =
                attention.run(graph, attention.inputs, dropout ? &stream : nullptr, nullptr);
            return ops::sum(ops::mul(y, weights));
          },
          {{"first", attention.inputs[0]},
           {"second", attention.inputs[1]},
           {"third", attention.inputs[2]}});
      INFO(attention.name << ": " << result.where);
      CHECK(result.passed);
    }
  }
}

TEST_CASE("Attention over a hub gives the same bits for any number of threads",
          "[sparse][threads]") {
  const graph::Graph graph = hub(40, 6 * kHubEdges + 1);
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (std::size_t a = 0; a < 3; ++a) {
    std::vector<std::vector<float>> first;
    for (const int threads : {1, 2, 8}) {
      core::with_threads(threads, [&] {
        const Attention<float> attention = attentions<float>(40, 4, 16)[a];
        CAPTURE(attention.name, threads);
        const Variable y = attention.run(graph, attention.inputs, &stream, nullptr);
        backward(y, random_tensor<float>({40, 4, 16}, 6));
        std::vector<std::vector<float>> results{values_of<float>(y.value())};
        for (const Variable& input : attention.inputs) {
          results.push_back(values_of<float>(input.grad()));
        }
        first = threads == 1 ? results : first;
        CHECK(results == first);
      });
    }
  }
}

// The numbers of both passes for each number of threads, and that they are the same.
std::vector<std::vector<float>> on_any_threads(const std::function<Variable(const Variable&)>& f,
                                               const Shape& shape) {
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 8}) {
    core::with_threads(threads, [&] {
      const Variable x = leaf<float>(shape, 1);
      const Variable y = f(x);
      backward(y, random_tensor<float>(y.shape(), 2));
      const std::vector<std::vector<float>> results{values_of<float>(y.value()),
                                                    values_of<float>(x.grad())};
      first = threads == 1 ? results : first;
      CAPTURE(threads);
      CHECK(results == first);
    });
  }
  return first;
}

TEST_CASE("Propagation over a hub agrees with its formula on any number of threads",
          "[sparse][threads]") {
  const std::int64_t nodes = 40;
  const graph::Graph graph = hub(nodes, 4 * kHubEdges + 1);
  on_any_threads([&](const Variable& x) { return gcn_aggregate(graph, x); }, {nodes, 20});
  const graph::CsrView in = graph.in_edges();
  std::vector<double> weights;
  for (std::int64_t i = 0; i < nodes; ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      const auto product = static_cast<double>(graph.in_degree(i) * graph.in_degree(in.col_idx[e]));
      weights.push_back(product > 0 ? 1 / std::sqrt(product) : 0);
    }
  }
  const Tensor x = random_tensor<double>({nodes, 20}, 1);
  CHECK(largest_error(values_of<double>(gcn_aggregate(graph, Variable(x)).value()),
                      plain::aggregate(graph, 1, 20, weights, values_of<double>(x))) < 1e-11);
}

// A column that every row has, one row that has every column, and a few more entries. Every third
// value is zero if so wanted.
CsrMatrix matrix_with_hubs(std::int64_t rows, std::int64_t columns, bool zeros) {
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t c = 0; c < columns; c += i == 5 ? 1 : columns / 3) {
      col_idx.push_back(static_cast<std::int32_t>(c));
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  std::vector<float> values(col_idx.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = zeros && k % 3 == 0 ? 0.0F : 0.01F * static_cast<float>(k % 100) - 0.3F;
  }
  Tensor all = Tensor::from(values, {std::ssize(values)});
  return {columns, std::move(row_ptr), std::move(col_idx), std::move(all)};
}

TEST_CASE("A sparse product with long rows and columns agrees with its plain twin on any threads",
          "[sparse][threads]") {
  const std::int64_t rows = kHubEdges + 700;
  const std::int64_t columns = kHubEdges + 90;
  for (const bool zeros : {false, true}) {
    const CsrMatrix matrix = matrix_with_hubs(rows, columns, zeros);
    const auto results =
        on_any_threads([&](const Variable& w) { return spmm(matrix, w); }, {columns, 9});
    const Tensor w = random_tensor<float>({columns, 9}, 1);
    const Tensor grad = random_tensor<float>({rows, 9}, 2);
    CHECK(largest_error(results[0], plain::spmm(matrix, 9, w.data<float>())) < 1e-4);
    CHECK(largest_error(results[1], plain::spmm_transposed(matrix, 9, grad.data<float>())) < 1e-4);
  }
}

}  // namespace
}  // namespace attune::sparse
