#include "cli/generate_command.hpp"

#include <cstdint>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/training_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/generator.hpp>
#include <attune/data/graph_folder.hpp>
#include <attune/data/graph_generator.hpp>
#include <attune/data/native_npz.hpp>

namespace attune::cli {
namespace {

/// None: as each of the two generators has it.
struct GenerateOptions {
  std::string output;
  std::uint64_t seed = 0;
  std::optional<std::int64_t> nodes;
  std::optional<std::int64_t> features;
  std::optional<double> degree;
  std::optional<double> homophily;
  // Of one graph.
  std::optional<std::int64_t> classes;
  std::optional<std::int64_t> words;
  std::optional<double> topic_strength;
  std::optional<std::int64_t> edge_channels;
  // Of several.
  std::optional<std::int64_t> graphs;
  std::optional<std::int64_t> labels;
  std::optional<double> noise;
};

template <class Value>
void take(const std::optional<Value>& given, Value& option) {
  option = given.value_or(option);
}

// Options of the other generator, which would be passed over in silence.
void refuse(std::initializer_list<std::pair<const char*, bool>> given, const char* why) {
  for (const auto& [option, is_given] : given) {
    if (is_given) {
      throw InvalidArgument(core::text(option, ": ", why));
    }
  }
}

data::NodeDataset one_graph(const GenerateOptions& o) {
  refuse({{"--labels", o.labels.has_value()}, {"--noise", o.noise.has_value()}},
         "expected --graphs beside it, got none");
  data::GeneratorOptions options{.seed = o.seed};
  take(o.nodes, options.num_nodes);
  take(o.classes, options.num_classes);
  take(o.features, options.num_features);
  take(o.degree, options.average_degree);
  take(o.homophily, options.homophily);
  take(o.words, options.words_per_node);
  take(o.topic_strength, options.topic_strength);
  take(o.edge_channels, options.edge_channels);
  return data::generate_citation_like(options);
}

data::NodeDataset several_graphs(const GenerateOptions& o) {
  refuse({{"--classes", o.classes.has_value()},
          {"--words", o.words.has_value()},
          {"--topic-strength", o.topic_strength.has_value()},
          {"--edge-channels", o.edge_channels.has_value()}},
         "expected no --graphs beside it");
  data::GraphGeneratorOptions options{.num_graphs = *o.graphs, .seed = o.seed};
  // A twelfth each to validate and to test, as of the 24 graphs of ppi.
  options.num_validation = options.num_graphs < 3 ? 0 : (options.num_graphs + 11) / 12;
  options.num_test = options.num_graphs < 2 ? 0 : (options.num_graphs + 11) / 12;
  take(o.nodes, options.nodes_per_graph);
  take(o.labels, options.num_labels);
  take(o.features, options.num_features);
  take(o.degree, options.average_degree);
  take(o.homophily, options.homophily);
  take(o.noise, options.noise);
  return data::generate_multi_label_graphs(options);
}

int generate(const GenerateOptions& options, const GlobalOptions& global) {
  const data::NodeDataset dataset = options.graphs ? several_graphs(options) : one_graph(options);
  if (options.graphs) {
    data::save_graph_folder(options.output, dataset);
  } else {
    data::save_native_npz(options.output, dataset);
  }
  if (!global.quiet) {
    std::cout << "wrote " << options.output << ": " << describe(dataset) << '\n';
  }
  return kSuccess;
}

void add_options(Command command, GenerateOptions& o) {
  command.add_option("--output", o.output, "File to write; with --graphs a folder")
      .required()
      .type_name("PATH");
  command.add_option("--nodes", o.nodes, "Nodes; with --graphs of a graph, on average [2708, 300]")
      .type_name("N");
  command.add_option("--features", o.features, "Words of the vocabulary, or numbers [1433, 50]")
      .type_name("N");
  command.add_option("--degree", o.degree, "Neighbours a node, on average [4, 14]").type_name("X");
  command
      .add_option("--homophily", o.homophily,
                  "Share of edges inside a class, or by a label in common [0.7, 0.8]")
      .type_name("X");
  command.add_option("--seed", o.seed, "Of the generator").type_name("N");
  const std::string one = "One citation-like graph";
  command.add_option("--classes", o.classes, "Topics [7]").type_name("N").group(one);
  command.add_option("--words", o.words, "Words a paper, on average [18]")
      .type_name("N")
      .group(one);
  command.add_option("--topic-strength", o.topic_strength, "Share of words of the topic [0.2]")
      .type_name("X")
      .group(one);
  command
      .add_option("--edge-channels", o.edge_channels,
                  "Features an edge, which tell under noise whether its ends share a topic [0]")
      .type_name("N")
      .group(one);
  const std::string several = "Several graphs, nodes with several labels";
  command
      .add_option("--graphs", o.graphs, "Graphs, a twelfth of them to validate, a twelfth to test")
      .type_name("N")
      .group(several);
  command.add_option("--labels", o.labels, "Labels that there are [20]")
      .type_name("N")
      .group(several);
  command.add_option("--noise", o.noise, "Of features, in units of a label's signal [2]")
      .type_name("X")
      .group(several);
}

}  // namespace

void add_generate_command(Command datasets, Action& action) {
  Command command = datasets.add_subcommand(
      "generate",
      "Make a citation-like graph and write it as .npz, or graphs whose nodes have several labels "
      "and write them in the files that ppi has");
  const auto options = std::make_shared<GenerateOptions>();
  add_options(command, *options);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return generate(*options, global); };
  });
}

}  // namespace attune::cli
