#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "data/alias_table.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/data/generator.hpp>
#include <attune/graph/builder.hpp>

namespace attune::data {

using core::RandomStream;
using core::text;

namespace {

// Streams of random numbers, one a question, so that changing the answer to one leaves the others.
enum Stream : std::uint32_t {
  kClasses,
  kPropensities,
  kEdges,
  kTopics,
  kWords,
  kSplit,
  kEdgeFeatures
};

constexpr std::int64_t kGrain = 4096;

template <class T>
void require(const char* option, T value, bool fits, const std::string& expected) {
  if (!fits) {
    throw InvalidArgument(
        text("generate_citation_like: ", option, " must be ", expected, ", got ", value));
  }
}

void check(const GeneratorOptions& o) {
  constexpr std::int64_t kMaxNodes = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t kMaxFeatures = 1 << 22;
  const auto share = [](double x) { return x >= 0 && x <= 1; };
  require("num_classes", o.num_classes, o.num_classes >= 2 && o.num_classes <= kMaxFeatures,
          text("2 to ", kMaxFeatures));
  require("num_nodes", o.num_nodes, o.num_nodes >= o.num_classes && o.num_nodes <= kMaxNodes,
          text("num_classes=", o.num_classes, " to ", kMaxNodes));
  require("num_features", o.num_features, o.num_features >= 1 && o.num_features <= kMaxFeatures,
          text("1 to ", kMaxFeatures));
  require("average_degree", o.average_degree, o.average_degree >= 0 && o.average_degree <= 10000,
          "0 to 10000");
  require("homophily", o.homophily, share(o.homophily), "0 to 1");
  require("words_per_node", o.words_per_node, o.words_per_node >= 1 && o.words_per_node <= 10000,
          "1 to 10000");
  require("topic_strength", o.topic_strength, share(o.topic_strength), "0 to 1");
  require("edge_channels", o.edge_channels, o.edge_channels >= 0 && o.edge_channels <= 1024,
          "0 to 1024");
  require("train_per_class", o.train_per_class, o.train_per_class >= 1, "at least 1");
  require("num_validation", o.num_validation, o.num_validation >= 0, "at least 0");
  require("num_test", o.num_test, o.num_test >= 0, "at least 0");
}

// Zipf's law with Mandelbrot's offset: the most frequent word is not all there is.
AliasTable zipf(std::int64_t size) {
  std::vector<double> weights(static_cast<std::size_t>(size));
  for (std::int64_t rank = 0; rank < size; ++rank) {
    weights[rank] = 1 / (static_cast<double>(rank) + 2.7);
  }
  return AliasTable(weights);
}

// The numbers below `count` in random order; the first `wanted` of them.
std::vector<std::int64_t> shuffled(std::int64_t count, std::int64_t wanted,
                                   const RandomStream& random, std::uint64_t first_index) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t i = 0; i < wanted; ++i) {
    const auto left = static_cast<std::uint64_t>(count - i);
    std::swap(order[i], order[i + static_cast<std::int64_t>(random.below(first_index + i, left))]);
  }
  order.resize(static_cast<std::size_t>(wanted));
  return order;
}

class Generator {
 public:
  explicit Generator(const GeneratorOptions& options)
      : options_(options), random_(options.seed, core::Purpose::generation) {}

  NodeDataset run() {
    NodeDataset dataset;
    dataset.name = "citation-like";
    dataset.num_classes = options_.num_classes;
    dataset.labels = draw_classes();
    dataset.graph = draw_graph(dataset.labels);
    dataset.edge_features = draw_edge_features(dataset.graph, dataset.labels);
    dataset.features = draw_features(dataset.labels);
    dataset.split = draw_split(dataset.labels);
    return dataset;
  }

 private:
  // Class sizes differ by up to a factor of two, and no class is empty.
  [[nodiscard]] std::vector<std::int32_t> draw_classes() const {
    const RandomStream random = random_.with_stream(kClasses);
    std::vector<double> weights(static_cast<std::size_t>(options_.num_classes));
    for (std::size_t c = 0; c < weights.size(); ++c) {
      weights[c] = 1 + random.uniform(c);
    }
    const AliasTable table(weights);
    std::vector<std::int32_t> classes(static_cast<std::size_t>(options_.num_nodes));
    for (std::int64_t node = 0; node < options_.num_nodes; ++node) {
      const double u = random.uniform(static_cast<std::uint64_t>(options_.num_classes + node));
      classes[node] = static_cast<std::int32_t>(node < options_.num_classes ? node : table.pick(u));
    }
    return classes;
  }

  // Pareto with density ~ w^-3, as the degrees of citation networks have it. A square root, unlike
  // a power, has the same bits everywhere. The bound is what the largest of num_nodes reaches.
  [[nodiscard]] std::vector<double> draw_propensities() const {
    const RandomStream random = random_.with_stream(kPropensities);
    const double least = 1 / static_cast<double>(options_.num_nodes);
    std::vector<double> propensities(static_cast<std::size_t>(options_.num_nodes));
    for (std::size_t node = 0; node < propensities.size(); ++node) {
      propensities[node] = 1 / std::sqrt(std::max(random.uniform(node), least));
    }
    return propensities;
  }

  struct ClassMembers {
    std::vector<std::int64_t> nodes;
    std::vector<double> propensities;
  };

  [[nodiscard]] graph::Graph draw_graph(const std::vector<std::int32_t>& classes) const {
    const std::vector<double> propensities = draw_propensities();
    std::vector<ClassMembers> members(static_cast<std::size_t>(options_.num_classes));
    for (std::int64_t node = 0; node < options_.num_nodes; ++node) {
      members[classes[node]].nodes.push_back(node);
      members[classes[node]].propensities.push_back(propensities[node]);
    }
    const AliasTable any_node(propensities);
    std::vector<AliasTable> node_of_class;
    for (const ClassMembers& of_class : members) {
      node_of_class.emplace_back(of_class.propensities);
    }

    const RandomStream random = random_.with_stream(kEdges);
    const auto num_edges = static_cast<std::int64_t>(options_.average_degree *
                                                     static_cast<double>(options_.num_nodes) / 2);
    std::vector<graph::Edge> edges(static_cast<std::size_t>(num_edges));
    core::parallel_for(num_edges, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t e = begin; e < end; ++e) {
        const std::uint64_t first = static_cast<std::uint64_t>(e) * kDrawsPerEdge;
        const std::int64_t src = any_node.pick(random.uniform(first));
        const std::int32_t c = classes[src];
        const bool same_class = random.uniform(first + 1) < options_.homophily;
        edges[e] = {.src = src,
                    .dst = same_class
                               ? members[c].nodes[node_of_class[c].pick(random.uniform(first + 2))]
                               : other_class(any_node, classes, c, random, first + 2)};
      }
    });
    return graph::from_edges(options_.num_nodes, edges,
                             {.self_loops = graph::SelfLoops::remove,
                              .duplicates = graph::Duplicates::merge,
                              .symmetric = true});
  }

  // A node outside class c, by trial. Should all 30 fail, which takes a class that is nearly all
  // there is, the edge joins the class after all.
  static std::int64_t other_class(const AliasTable& any_node,
                                  const std::vector<std::int32_t>& classes, std::int32_t c,
                                  const RandomStream& random, std::uint64_t first) {
    std::int64_t node = 0;
    for (std::uint64_t i = first; i < first + kDrawsPerEdge - 2; ++i) {
      node = any_node.pick(random.uniform(i));
      if (classes[node] != c) {
        break;
      }
    }
    return node;
  }

  // Both ways of an edge have one number in the list that was drawn, and so the same features.
  [[nodiscard]] core::Tensor draw_edge_features(const graph::Graph& graph,
                                                const std::vector<std::int32_t>& classes) const {
    constexpr double kNoise = 2;
    const std::int64_t channels = options_.edge_channels;
    if (channels == 0) {
      return {};
    }
    const RandomStream random = random_.with_stream(kEdgeFeatures);
    const graph::CsrView in = graph.in_edges();
    core::Tensor features = core::Tensor::empty({graph.num_edges(), channels});
    float* to = features.mutable_data<float>().data();
    core::parallel_for(graph.num_dst(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
          const double signal = classes[i] == classes[in.col_idx[e]] ? 1 : -1;
          for (std::int64_t c = 0; c < channels; ++c) {
            const auto index = static_cast<std::uint64_t>(graph.input_edge()[e] * channels + c);
            to[e * channels + c] = static_cast<float>(signal + kNoise * random.normal(index));
          }
        }
      }
    });
    return features;
  }

  struct Topics {
    std::int64_t size;                // words a topic
    std::vector<std::int64_t> words;  // [num_classes, size], the most frequent first
  };

  [[nodiscard]] Topics draw_topics() const {
    const RandomStream random = random_.with_stream(kTopics);
    Topics topics{.size = std::max<std::int64_t>(1, options_.num_features / options_.num_classes),
                  .words = {}};
    for (std::int64_t c = 0; c < options_.num_classes; ++c) {
      const std::vector<std::int64_t> words = shuffled(options_.num_features, topics.size, random,
                                                       static_cast<std::uint64_t>(c * topics.size));
      topics.words.insert(topics.words.end(), words.begin(), words.end());
    }
    return topics;
  }

  // Distinct words of one node into `words`, ascending; their number.
  template <class Draw>
  static std::int64_t draw_words(std::span<std::int32_t> words, const Draw& draw) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      words[i] = static_cast<std::int32_t>(draw(i));
    }
    std::sort(words.begin(), words.end());
    return std::unique(words.begin(), words.end()) - words.begin();
  }

  [[nodiscard]] sparse::CsrMatrix draw_features(const std::vector<std::int32_t>& classes) const {
    const Topics topics = draw_topics();
    const AliasTable common = zipf(options_.num_features);
    const AliasTable topical = zipf(topics.size);
    const RandomStream random = random_.with_stream(kWords);
    // Numbers of words are uniform around their mean; a node's draws have indices of their own.
    const std::int64_t mean = options_.words_per_node;
    const auto most = static_cast<std::uint64_t>(mean + mean / 2 + 1);
    std::vector<std::int64_t> row_ptr(static_cast<std::size_t>(options_.num_nodes) + 1, 0);
    std::vector<std::int32_t> words(static_cast<std::size_t>(options_.num_nodes) * most);
    core::parallel_for(options_.num_nodes, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t node = begin; node < end; ++node) {
        const std::uint64_t first = static_cast<std::uint64_t>(node) * (2 * most + 1);
        const std::uint64_t spread = random.below(first, static_cast<std::uint64_t>(mean) + 1);
        const std::size_t count = std::max<std::size_t>(1, mean - mean / 2 + spread);
        const std::int64_t* topic = topics.words.data() + classes[node] * topics.size;
        row_ptr[node + 1] =
            draw_words(std::span(words).subspan(node * most, count), [&](std::size_t i) {
              const bool of_topic = random.uniform(first + 1 + 2 * i) < options_.topic_strength;
              const double u = random.uniform(first + 2 + 2 * i);
              return of_topic ? topic[topical.pick(u)] : common.pick(u);
            });
      }
    });
    return compact(std::move(row_ptr), words, static_cast<std::int64_t>(most));
  }

  // From rows of `stride` words, of which row_ptr[node + 1] count, to CSR with rows that sum to
  // one.
  [[nodiscard]] sparse::CsrMatrix compact(std::vector<std::int64_t> row_ptr,
                                          const std::vector<std::int32_t>& words,
                                          std::int64_t stride) const {
    std::vector<std::int32_t> col_idx;
    std::vector<float> values;
    for (std::int64_t node = 0; node < options_.num_nodes; ++node) {
      const std::int64_t count = row_ptr[node + 1];
      const auto row = words.begin() + node * stride;
      col_idx.insert(col_idx.end(), row, row + count);
      values.insert(values.end(), static_cast<std::size_t>(count), 1 / static_cast<float>(count));
      row_ptr[node + 1] = row_ptr[node] + count;
    }
    core::Tensor tensor = core::Tensor::from(values, {std::ssize(values)});
    return {options_.num_features, std::move(row_ptr), std::move(col_idx), std::move(tensor)};
  }

  [[nodiscard]] NodeSplit draw_split(const std::vector<std::int32_t>& classes) const {
    const RandomStream random = random_.with_stream(kSplit);
    std::vector<std::int64_t> quota(static_cast<std::size_t>(options_.num_classes), 0);
    for (const std::int32_t c : classes) {
      ++quota[c];
    }
    for (std::int64_t& size : quota) {
      // Of a small class half is left to be judged by.
      size = std::min(options_.train_per_class, std::max<std::int64_t>(1, size / 2));
    }
    NodeSplit split;
    std::vector<std::int64_t> rest;
    for (const std::int64_t node : shuffled(options_.num_nodes, options_.num_nodes, random, 0)) {
      const bool train = quota[classes[node]]-- > 0;
      (train ? split.train : rest).push_back(node);
    }
    const std::int64_t num_rest = std::ssize(rest);
    const std::int64_t num_validation = std::min(options_.num_validation, num_rest / 3);
    const std::int64_t num_test = std::min(options_.num_test, num_rest - num_validation);
    const auto middle = rest.begin() + num_validation;
    split.validation.assign(rest.begin(), middle);
    split.test.assign(middle, middle + num_test);
    for (std::vector<std::int64_t>* part : {&split.train, &split.validation, &split.test}) {
      std::sort(part->begin(), part->end());
    }
    return split;
  }

  static constexpr std::uint64_t kDrawsPerEdge = 32;

  const GeneratorOptions& options_;
  RandomStream random_;
};

// Of all that was generated: two data sets that differ have different digests.
std::string digest(const NodeDataset& dataset) {
  core::Sha256 sha256;
  const auto add = [&](auto values) { sha256.update(std::as_bytes(std::span(values))); };
  add(dataset.graph.in_edges().row_ptr);
  add(dataset.graph.in_edges().col_idx);
  if (dataset.edge_features.defined()) {
    add(dataset.edge_features.data<float>());
  }
  add(dataset.features.row_ptr());
  add(dataset.features.col_idx());
  add(dataset.features.values().data<float>());
  add(std::span(dataset.labels));
  add(std::span(dataset.split.train));
  add(std::span(dataset.split.validation));
  add(std::span(dataset.split.test));
  return sha256.hex();
}

}  // namespace

NodeDataset generate_citation_like(const GeneratorOptions& options) {
  check(options);
  NodeDataset dataset = Generator(options).run();
  validate(dataset);
  dataset.sha256 = digest(dataset);
  dataset.source =
      text("a generated citation-like graph: degree-corrected block model of ", options.num_nodes,
           " nodes in ", options.num_classes, " classes, degree ", options.average_degree,
           ", homophily ", options.homophily, ", ", options.num_features, " words, topic strength ",
           options.topic_strength, ", seed ", options.seed);
  if (options.edge_channels > 0) {
    dataset.source += text(", ", options.edge_channels, " features an edge");
  }
  return dataset;
}

}  // namespace attune::data
