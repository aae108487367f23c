#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "data/alias_table.hpp"
#include "data/assemble.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/data/graph_generator.hpp>

namespace attune::data {

using core::RandomStream;
using core::text;

namespace {

// Streams of random numbers, one a question, so that changing the answer to one leaves the others.
enum Stream : std::uint32_t { kSizes, kLabels, kEdges, kSignals, kNoise };

template <class T>
void require(const char* option, T value, T least, T most) {
  if (!(value >= least && value <= most)) {
    throw InvalidArgument(text("generate_multi_label_graphs: ", option, " must be ", least, " to ",
                               most, ", got ", value));
  }
}

void check(const GraphGeneratorOptions& o) {
  using Count = std::int64_t;
  require<Count>("num_graphs", o.num_graphs, 1, 1 << 20);
  require<Count>("num_validation", o.num_validation, 0, o.num_graphs - 1);
  require<Count>("num_test", o.num_test, 0, o.num_graphs - 1 - o.num_validation);
  require<Count>("nodes_per_graph", o.nodes_per_graph, 2, 1 << 24);
  require<Count>("num_labels", o.num_labels, 2, 1 << 16);
  require<Count>("labels_per_node", o.labels_per_node, 1, 1000);
  require<Count>("num_features", o.num_features, 1, 1 << 16);
  require("average_degree", o.average_degree, 0.0, 10000.0);
  require("homophily", o.homophily, 0.0, 1.0);
  require("noise", o.noise, 0.0, 1e6);
}

AliasTable label_frequencies(std::int64_t num_labels) {
  std::vector<double> weights(static_cast<std::size_t>(num_labels));
  for (std::int64_t rank = 0; rank < num_labels; ++rank) {
    weights[rank] = 1 / std::sqrt(static_cast<double>(rank) + 1);
  }
  return AliasTable(weights);
}

class Generator {
 public:
  explicit Generator(const GraphGeneratorOptions& options)
      : options_(options),
        random_(options.seed, core::Purpose::generation),
        frequencies_(label_frequencies(options.num_labels)) {}

  NodeDataset run() {
    draw_sizes();
    draw_labels();
    NodeDataset dataset;
    dataset.name = "generated graphs";
    dataset.num_classes = options_.num_labels;
    dataset.graph = undirected(num_nodes(), draw_edges());
    dataset.features = draw_features();
    dataset.targets = targets();
    dataset.split = split();
    dataset.split_name = "public";
    dataset.splits = {dataset.split};
    dataset.graph_ptr = std::move(graph_ptr_);
    return dataset;
  }

 private:
  [[nodiscard]] std::int64_t num_nodes() const { return graph_ptr_.back(); }

  // Half the average to one and a half of it.
  void draw_sizes() {
    const RandomStream random = random_.with_stream(kSizes);
    for (std::int64_t graph = 0; graph < options_.num_graphs; ++graph) {
      const double share = 0.5 + random.uniform(static_cast<std::uint64_t>(graph));
      const auto size =
          static_cast<std::int64_t>(share * static_cast<double>(options_.nodes_per_graph));
      graph_ptr_.push_back(graph_ptr_.back() + std::max<std::int64_t>(size, 1));
    }
  }

  void draw_labels() {
    const RandomStream random = random_.with_stream(kLabels);
    const std::int64_t draws = options_.labels_per_node;
    labels_.resize(static_cast<std::size_t>(num_nodes()));
    for (std::int64_t node = 0; node < num_nodes(); ++node) {
      std::vector<std::int64_t>& own = labels_[node];
      for (std::int64_t i = 0; i < draws; ++i) {
        own.push_back(
            frequencies_.pick(random.uniform(static_cast<std::uint64_t>(node * draws + i))));
      }
      std::ranges::sort(own);
      own.erase(std::unique(own.begin(), own.end()), own.end());
    }
  }

  std::vector<graph::Edge> draw_edges() {
    std::vector<graph::Edge> edges;
    for (std::size_t graph = 1; graph < graph_ptr_.size(); ++graph) {
      draw_edges(graph_ptr_[graph - 1], graph_ptr_[graph], edges);
    }
    return edges;
  }

  void draw_edges(std::int64_t begin, std::int64_t end, std::vector<graph::Edge>& edges) {
    const RandomStream random = random_.with_stream(kEdges);
    std::vector<std::vector<std::int64_t>> having(static_cast<std::size_t>(options_.num_labels));
    for (std::int64_t node = begin; node < end; ++node) {
      for (const std::int64_t label : labels_[node]) {
        having[label].push_back(node);
      }
    }
    const auto nodes = static_cast<std::uint64_t>(end - begin);
    const auto count =
        static_cast<std::int64_t>(options_.average_degree * static_cast<double>(nodes) / 2);
    for (std::int64_t e = 0; e < count; ++e) {
      const auto at = 4 * static_cast<std::uint64_t>(std::ssize(edges));
      const std::int64_t a = begin + static_cast<std::int64_t>(random.below(at, nodes));
      const auto& own = labels_[a];
      const auto& alike = having[own[random.below(at + 1, own.size())]];
      const bool in_common = random.uniform(at + 2) < options_.homophily;
      const std::int64_t b = in_common
                                 ? alike[random.below(at + 3, alike.size())]
                                 : begin + static_cast<std::int64_t>(random.below(at + 3, nodes));
      edges.push_back({a, b});
    }
  }

  [[nodiscard]] sparse::CsrMatrix draw_features() const {
    const std::int64_t width = options_.num_features;
    const RandomStream noise = random_.with_stream(kNoise);
    const RandomStream signals = random_.with_stream(kSignals);
    std::vector<float> signal(static_cast<std::size_t>(options_.num_labels * width));
    for (std::size_t i = 0; i < signal.size(); ++i) {
      signal[i] = static_cast<float>(signals.normal(i));
    }
    std::vector<float> values(static_cast<std::size_t>(num_nodes() * width));
    for (std::int64_t node = 0; node < num_nodes(); ++node) {
      for (std::int64_t column = 0; column < width; ++column) {
        const std::int64_t at = node * width + column;
        double sum = 0;
        for (const std::int64_t label : labels_[node]) {
          sum += signal[label * width + column];
        }
        values[at] =
            static_cast<float>(sum / static_cast<double>(labels_[node].size()) +
                               options_.noise * noise.normal(static_cast<std::uint64_t>(at)));
      }
    }
    return with_all_columns(values, width);
  }

  [[nodiscard]] sparse::CsrMatrix with_all_columns(const std::vector<float>& values,
                                                   std::int64_t width) const {
    std::vector<std::int64_t> row_ptr(static_cast<std::size_t>(num_nodes()) + 1);
    std::vector<std::int32_t> col_idx(values.size());
    for (std::size_t i = 0; i < col_idx.size(); ++i) {
      col_idx[i] = static_cast<std::int32_t>(static_cast<std::int64_t>(i) % width);
    }
    for (std::size_t row = 0; row < row_ptr.size(); ++row) {
      row_ptr[row] = static_cast<std::int64_t>(row) * width;
    }
    return {width, std::move(row_ptr), std::move(col_idx),
            core::Tensor::from(values, {std::ssize(values)})};
  }

  [[nodiscard]] core::Tensor targets() const {
    core::Tensor targets = core::Tensor::zeros({num_nodes(), options_.num_labels});
    const std::span<float> cells = targets.mutable_data<float>();
    for (std::int64_t node = 0; node < num_nodes(); ++node) {
      for (const std::int64_t label : labels_[node]) {
        cells[node * options_.num_labels + label] = 1;
      }
    }
    return targets;
  }

  [[nodiscard]] NodeSplit split() const {
    const std::int64_t test = options_.num_graphs - options_.num_test;
    const std::int64_t validation = test - options_.num_validation;
    const auto nodes_of = [&](std::int64_t first, std::int64_t last) {
      std::vector<std::int64_t> nodes(
          static_cast<std::size_t>(graph_ptr_[last] - graph_ptr_[first]));
      std::iota(nodes.begin(), nodes.end(), graph_ptr_[first]);
      return nodes;
    };
    return {.train = nodes_of(0, validation),
            .validation = nodes_of(validation, test),
            .test = nodes_of(test, options_.num_graphs)};
  }

  const GraphGeneratorOptions& options_;
  RandomStream random_;
  AliasTable frequencies_;
  std::vector<std::int64_t> graph_ptr_{0};
  std::vector<std::vector<std::int64_t>> labels_;  // of each node, ascending
};

std::string digest(const NodeDataset& dataset) {
  core::Sha256 sha256;
  const auto add = [&](auto values) { sha256.update(std::as_bytes(std::span(values))); };
  add(dataset.graph.in_edges().row_ptr);
  add(dataset.graph.in_edges().col_idx);
  add(dataset.features.values().data<float>());
  add(dataset.targets.data<float>());
  add(std::span(dataset.graph_ptr));
  return sha256.hex();
}

}  // namespace

NodeDataset generate_multi_label_graphs(const GraphGeneratorOptions& options) {
  check(options);
  NodeDataset dataset = Generator(options).run();
  validate(dataset);
  dataset.sha256 = digest(dataset);
  dataset.source =
      text(options.num_graphs, " generated graphs: ", options.nodes_per_graph,
           " nodes a graph, degree ", options.average_degree, ", homophily ", options.homophily,
           ", ", options.num_labels, " labels, ", options.num_features, " features, noise ",
           options.noise, ", seed ", options.seed);
  return dataset;
}

}  // namespace attune::data
