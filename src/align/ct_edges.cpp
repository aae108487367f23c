#include <algorithm>
#include <cmath>
#include <utility>

#include "align/ct_networks.hpp"
#include "align/recorded.hpp"
#include "sparse/kernels.hpp"
#include "sparse/row_blocks.hpp"
#include <attune/align/ct_edges.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using core::PoolArray;
using core::Tensor;

namespace {

constexpr double kChordFloor = 1e-12;

// Vectors of all nodes and heads, [nodes, heads, channels].
template <class T>
struct NodeVectors {
  NodeVectors(std::int64_t nodes, std::int64_t heads, std::int64_t channels_of)
      : channels(channels_of), width(heads * channels_of), values(nodes * width) {}

  // Points [first, first + count) of a head to and from a panel [channels, 64].
  void store(std::int64_t head, std::int64_t first, std::int64_t count, const T* panel) {
    for (std::int64_t r = 0; r < count; ++r) {
      T* row = values.data() + (first + r) * width + head * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        row[c] = panel[c * kTile + r];
      }
    }
  }
  void load(std::int64_t head, std::int64_t first, std::int64_t count, T* panel) const {
    std::fill(panel, panel + channels * kTile, T(0));
    for (std::int64_t r = 0; r < count; ++r) {
      const T* row = values.data() + (first + r) * width + head * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        panel[c * kTile + r] = row[c];
      }
    }
  }

  std::int64_t channels;
  std::int64_t width;
  PoolArray<T> values;
};

template <class T>
struct Side {
  Side(const CtSetup& setup, std::int64_t nodes, std::int64_t heads)
      : unit(nodes, heads, setup.unit_channels()), nav(nodes, heads, setup.nav_channels()) {}

  NodeVectors<T> unit;
  NodeVectors<T> nav;
};

// Nodes that a row of the CSR belongs to and that have an edge in it.
std::int64_t num_occupied(const graph::CsrView& edges) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < edges.num_nodes(); ++i) {
    count += edges.row_ptr[i + 1] > edges.row_ptr[i] ? 1 : 0;
  }
  return count;
}

template <class T>
class EdgeTransport {
 public:
  EdgeTransport(const graph::Graph& graph, const CtSetup& setup, std::int64_t heads)
      : graph_(graph),
        setup_(setup),
        nodes_(graph.num_nodes()),
        edges_(graph.num_edges()),
        heads_(heads),
        num_queries_(num_occupied(graph.in_edges())),
        num_keys_(num_occupied(graph.out_edges())),
        queries_(setup, nodes_, heads),
        keys_(setup, nodes_, heads),
        logits_(edges_ * heads),
        costs_(edges_ * heads),
        row_plan_(edges_ * heads),
        col_plan_(edges_ * heads),
        row_mean_(nodes_ * heads),
        col_mean_(nodes_ * heads) {}

  void run(const PoolVector<Problem<T>>& problems, Evaluated& evaluated) {
    problems_ = &problems;
    visit_forward<T>(setup_, num_panels(),
                     [&](std::int64_t panel, CtNetworks<T>& networks) { embed(panel, networks); });
    plan_rows();
    plan_columns();
    collect(evaluated);
    if (setup_.gradients) {
      differentiate_edges();
      Side<T> grad_queries = gather(graph_.in_edges(), false, keys_);
      Side<T> grad_keys = gather(graph_.out_edges(), true, queries_);
      visit_backward<T>(setup_, num_panels(), evaluated.grads,
                        [&](std::int64_t panel, CtNetworks<T>& networks) {
                          finish(panel, networks, grad_queries, grad_keys);
                        });
    }
  }

 private:
  // Panels: for each head, the nodes as queries, then as keys.
  [[nodiscard]] std::int64_t num_panels() const { return 2 * heads_ * num_tiles(nodes_); }
  [[nodiscard]] Panel panel_at(std::int64_t panel) const {
    const std::int64_t tiles = num_tiles(nodes_);
    const std::int64_t first = panel % tiles * kTile;
    return {panel / tiles / 2, panel / tiles % 2 == 0, first, std::min(kTile, nodes_ - first)};
  }
  [[nodiscard]] const Cloud<T>& cloud_of(const Panel& panel) const {
    const Problem<T>& problem = (*problems_)[panel.problem];
    return panel.queries ? problem.queries : problem.keys;
  }

  void embed(std::int64_t number, CtNetworks<T>& networks) {
    const Panel panel = panel_at(number);
    networks.forward(cloud_of(panel), panel.first, panel.count, number);
    Side<T>& side = panel.queries ? queries_ : keys_;
    side.unit.store(panel.problem, panel.first, panel.count, networks.unit.data());
    side.nav.store(panel.problem, panel.first, panel.count, networks.nav.data());
  }

  void finish(std::int64_t number, CtNetworks<T>& networks, const Side<T>& grad_queries,
              const Side<T>& grad_keys) {
    const Panel panel = panel_at(number);
    const Side<T>& grads = panel.queries ? grad_queries : grad_keys;
    grads.unit.load(panel.problem, panel.first, panel.count, networks.grad_unit.data());
    grads.nav.load(panel.problem, panel.first, panel.count, networks.grad_nav.data());
    networks.forward(cloud_of(panel), panel.first, panel.count, number);
    networks.backward(cloud_of(panel), panel.first, panel.count);
  }

  template <class F>
  void for_row_blocks(const graph::CsrView& edges, const F& f) const {
    const std::int64_t width = heads_ * (setup_.unit_channels() + setup_.nav_channels());
    sparse::parallel_row_blocks(
        edges.row_ptr, sparse::entries_a_block(width), [&](std::int64_t begin, std::int64_t end) {
          f(sparse::Rows{edges.row_ptr.data(), edges.col_idx.data(), begin, end});
        });
  }

  // mean[i, h] = sum over the edges of row i of plan cost; cost_at(e, h) for edge e of the block.
  template <class CostAt>
  void average(const sparse::Rows& rows, const T* plan, const CostAt& cost_at, T* mean) const {
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      std::fill(mean + i * heads_, mean + (i + 1) * heads_, T(0));
      for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e) {
        for (std::int64_t h = 0; h < heads_; ++h) {
          mean[i * heads_ + h] += plan[(e - rows.first_edge()) * heads_ + h] * cost_at(e, h);
        }
      }
    }
  }

  void plan_rows() {
    const sparse::Kernels<T>& k = sparse::kernels<T>();
    for_row_blocks(graph_.in_edges(), [&](const sparse::Rows& rows) {
      const std::int64_t first = rows.first_edge() * heads_;
      const std::int64_t count = rows.num_edges() * heads_;
      T* logits = logits_.data() + first;
      T* costs = costs_.data() + first;
      T* plan = row_plan_.data() + first;
      k.edge_dots(rows, heads_, setup_.nav_channels(), queries_.nav.values.data(),
                  keys_.nav.values.data(), logits);
      k.edge_dots(rows, heads_, setup_.unit_channels(), queries_.unit.values.data(),
                  keys_.unit.values.data(), costs);
      for (std::int64_t e = 0; setup_.chord() && e < count; ++e) {
        costs[e] = std::sqrt(std::max(T(2) - T(2) * costs[e], static_cast<T>(kChordFloor)));
      }
      std::copy(logits, logits + count, plan);
      k.row_softmax(rows, heads_, plan);
      average(
          rows, plan, [&](std::int64_t e, std::int64_t h) { return costs_.data()[e * heads_ + h]; },
          row_mean_.data());
    });
  }

  void plan_columns() {
    const std::int64_t* position = graph_.out_to_in().data();
    for_row_blocks(graph_.out_edges(), [&](const sparse::Rows& rows) {
      PoolArray<T> plan(rows.num_edges() * heads_);
      gather_edges(rows, logits_.data(), plan.data());
      sparse::kernels<T>().row_softmax(rows, heads_, plan.data());
      average(
          rows, plan.data(),
          [&](std::int64_t t, std::int64_t h) { return costs_.data()[position[t] * heads_ + h]; },
          col_mean_.data());
      for (std::int64_t t = 0; t < rows.num_edges(); ++t) {
        std::copy(plan.data() + t * heads_, plan.data() + (t + 1) * heads_,
                  col_plan_.data() + position[rows.first_edge() + t] * heads_);
      }
    });
  }

  // Values of the edges of rows of the transpose.
  void gather_edges(const sparse::Rows& rows, const T* values, T* out) const {
    const std::int64_t* position = graph_.out_to_in().data() + rows.first_edge();
    for (std::int64_t t = 0; t < rows.num_edges(); ++t) {
      std::copy(values + position[t] * heads_, values + (position[t] + 1) * heads_,
                out + t * heads_);
    }
  }

  void collect(Evaluated& evaluated) const {
    const std::span<double> per_head = evaluated.per_head.mutable_data<double>();
    const double rho = setup_.options.rho;
    for (std::int64_t h = 0; h < heads_ && edges_ > 0; ++h) {
      double rows = 0;
      double columns = 0;
      for (std::int64_t i = 0; i < nodes_; ++i) {
        rows += static_cast<double>(row_mean_.data()[i * heads_ + h]);
        columns += static_cast<double>(col_mean_.data()[i * heads_ + h]);
      }
      const double mean = (1 - rho) * rows / static_cast<double>(num_queries_) +
                          rho * columns / static_cast<double>(num_keys_);
      per_head[h] = setup_.chord() ? mean : 1 - mean;
      evaluated.loss += per_head[h];
    }
  }

  // From plans and costs to the derivatives with respect to logits and cosines, in place of both.
  void differentiate_edges() {
    const T of_row = static_cast<T>((1 - setup_.options.rho) / static_cast<double>(num_queries_));
    const T of_col = static_cast<T>(setup_.options.rho / static_cast<double>(num_keys_));
    const T sign = setup_.chord() ? T(1) : T(-1);
    const T floor = std::sqrt(static_cast<T>(kChordFloor));
    for_row_blocks(graph_.in_edges(), [&](const sparse::Rows& rows) {
      for (std::int64_t i = rows.begin; i < rows.end; ++i) {
        for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e) {
          for (std::int64_t h = 0; h < heads_; ++h) {
            const std::int64_t at = e * heads_ + h;
            const T p = of_row * row_plan_.data()[at];
            const T t = of_col * col_plan_.data()[at];
            const T cost = costs_.data()[at];
            logits_.data()[at] =
                sign * (p * (cost - row_mean_.data()[i * heads_ + h]) +
                        t * (cost - col_mean_.data()[rows.col_idx[e] * heads_ + h]));
            const T slope = !setup_.chord() ? T(1) : cost > floor ? T(1) / cost : T(0);
            costs_.data()[at] = -(p + t) * slope;
          }
        }
      }
    });
  }

  // Sums over the edges of each row of the derivatives times the vectors at the other end.
  Side<T> gather(const graph::CsrView& edges, bool transposed, const Side<T>& from) const {
    Side<T> sums(setup_, nodes_, heads_);
    for_row_blocks(edges, [&](const sparse::Rows& rows) {
      PoolArray<T> weights(transposed ? rows.num_edges() * heads_ : 0);
      const auto add = [&](const PoolArray<T>& values, const NodeVectors<T>& in,
                           NodeVectors<T>& out) {
        const T* weight = values.data() + rows.first_edge() * heads_;
        if (transposed) {
          gather_edges(rows, values.data(), weights.data());
          weight = weights.data();
        }
        sparse::kernels<T>().weighted_sums(rows, heads_, in.channels, weight, in.values.data(),
                                           out.values.data());
      };
      add(logits_, from.nav, sums.nav);
      add(costs_, from.unit, sums.unit);
    });
    return sums;
  }

  const graph::Graph& graph_;
  const CtSetup& setup_;
  const PoolVector<Problem<T>>* problems_ = nullptr;
  std::int64_t nodes_;
  std::int64_t edges_;
  std::int64_t heads_;
  std::int64_t num_queries_;
  std::int64_t num_keys_;
  Side<T> queries_;
  Side<T> keys_;
  PoolArray<T> logits_;  // [edges, heads] in the order of in_edges(), as are the next three
  PoolArray<T> costs_;   // cosines, or distances
  PoolArray<T> row_plan_;
  PoolArray<T> col_plan_;
  PoolArray<T> row_mean_;  // [nodes, heads]
  PoolArray<T> col_mean_;
};

}  // namespace

Variable ct_on_edges(const graph::Graph& graph, const Variable& queries, const Variable& keys,
                     const Network& critic, const Network& navigator,
                     const core::RandomStream& random, const CtOptions& options, Tensor* per_head) {
  constexpr const char* kWho = "align::ct_on_edges";
  const Clouds clouds{.queries = queries, .keys = keys};
  check_ct(clouds, critic, navigator, options, kWho);
  for (const Variable* side : {&queries, &keys}) {
    if (side->shape()[0] != graph.num_nodes()) {
      throw ShapeError(core::text(kWho, ": expected ", graph.num_nodes(),
                                  " queries and keys, one a node, got ", side->shape()[0]));
    }
  }
  Points points = gather_points(clouds, kWho);
  const ParameterList parameters = ct_parameters(critic, navigator, options);
  Evaluated evaluated = make_evaluated(clouds, points.selection, parameters);
  const PanelDropout critic_dropout(critic.options.dropout, random);
  const PanelDropout navigator_dropout(navigator.options.dropout,
                                       random.with_stream(random.stream() + 1));
  const CtSetup setup{
      critic, navigator, critic_dropout, navigator_dropout, options, evaluated.grads.any()};
  if (graph.num_edges() > 0) {
    core::dispatch(queries.dtype(), [&]<class T>() {
      EdgeTransport<T> transport(graph, setup, queries.shape()[1]);
      transport.run(head_problems<T>(points, evaluated.grads.clouds), evaluated);
    });
  } else {
    evaluated.grads.clouds.fill(0);
  }
  if (per_head != nullptr) {
    *per_head = evaluated.per_head;
  }
  return record_loss(kWho, clouds, std::move(points.selection), parameters, options.reversal,
                     std::move(evaluated));
}

}  // namespace attune::align
