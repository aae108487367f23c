#include "cli/training_run.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/data/split.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/settings.hpp>

namespace attune::cli {

using core::text;

std::string describe(const data::NodeDataset& dataset) {
  const auto size = [](const std::vector<std::int64_t>& part) {
    return with_thousands(static_cast<std::int64_t>(part.size()));
  };
  const std::string graphs =
      dataset.num_graphs() > 1 ? with_thousands(dataset.num_graphs()) + " graphs, " : "";
  return text(dataset.name, ": ", graphs, with_thousands(dataset.num_nodes()), " nodes, ",
              with_thousands(dataset.graph.num_edges() / 2), " edges, ",
              with_thousands(dataset.features.columns()), " features, ", dataset.num_classes,
              dataset.multi_label() ? " labels, " : " classes, ", size(dataset.split.train), "/",
              size(dataset.split.validation), "/", size(dataset.split.test),
              " train/validation/test");
}

namespace {

// What is trained in batches, or is several graphs, may be too large to compare every node with
// every other.
constexpr std::int64_t kMmdSamples = 8192;

// Of the best parameters; none for a model without attention heads.
std::optional<double> mmd_of_heads(const models::GraphClassifier& model,
                                   const train::NodeClassification& problem, bool sampled) {
  train::HeadMmd mmd({.samples = sampled ? kMmdSamples : 0});
  const autograd::NoGradScope no_grad;
  nn::ForwardContext ctx;
  ctx.head_sink = &mmd;
  (void)problem.forward(model, ctx);
  const models::GraphModel kind = model.options().model;
  const bool has_heads = kind != models::GraphModel::gcn && kind != models::GraphModel::sage;
  return has_heads ? std::optional(mmd.value()) : std::nullopt;
}

}  // namespace

train::CheckpointDescription description(const TrainingOptions& options,
                                         const models::GraphClassifierOptions& model,
                                         const data::NodeDataset& dataset) {
  train::Settings run = to_settings(options.align);
  run["compute"] = options.compute;
  run.merge(to_settings(options.batches));
  if (options.drop_edge != 0) {  // runs without it are resumed from before there was one
    run["drop_edge"] = options.drop_edge;
  }
  train::Settings data{{"name", options.dataset},
                       {"sha256", dataset.sha256},
                       {"num_nodes", dataset.num_nodes()},
                       {"split", dataset.split_name}};
  if (dataset.multi_label()) {
    data["multi_label"] = true;
  }
  return {.model = train::to_settings(model), .dataset = std::move(data), .run = std::move(run)};
}

train::ExperimentResult experiment(const TrainingOptions& options,
                                   const models::GraphClassifierOptions& model,
                                   const data::NodeDataset& dataset, const GlobalOptions& global) {
  train::Settings config = train::to_settings(model);
  config["dataset"] = options.dataset;
  config["split"] = data::differs_by_run(options.split) ? options.split : dataset.split_name;
  config.merge(to_settings(options.align));
  config["compute"] = options.compute;
  config.merge(to_settings(options.batches));
  config["epochs"] = options.fit.epochs;
  config["patience"] = options.fit.patience;
  config["learning_rate"] = options.fit.learning_rate;
  config["weight_decay"] = options.fit.weight_decay;
  config["max_gradient_norm"] = options.fit.max_gradient_norm;
  config["label_smoothing"] = options.fit.label_smoothing;
  config["drop_edge"] = options.drop_edge;
  config.merge(to_settings(options.schedule));
  return {.command = global.command_line,
          .config = std::move(config),
          .dataset = options.dataset,
          .dataset_sha256 = dataset.sha256,
          .dataset_source = dataset.source,
          .model = options.model,
          .align = options.align.kind,
          .align_weight = options.align.active() ? options.align.options.weight : 0,
          .multi_label = dataset.multi_label(),
          .threads = core::num_threads(),
          .runs = {}};
}

namespace {

// A step over a batch has the nodes that it computes, and no others.
void require_no_other_nodes(const TrainingOptions& options) {
  if (options.compute == "all") {
    throw InvalidArgument(
        "--compute all: expected no --batch-size beside it, whose steps compute "
        "some nodes");
  }
  if (options.align.active() && options.align.support == "edges") {
    throw InvalidArgument(
        "--align-support edges: expected no --batch-size beside it, for it needs "
        "all nodes");
  }
}

// What is learned must not depend on the graphs that are judged on.
void require_training_graphs(const TrainingOptions& options, std::int64_t num_graphs) {
  if (num_graphs > 1 && options.align.active() &&
      (options.compute == "all" || options.align.support == "edges")) {
    throw InvalidArgument(text(options.compute == "all" ? "--compute all" : "--align-support edges",
                               ": expected one graph where heads are aligned, got ", num_graphs,
                               ", of which some are judged on"));
  }
}

train::ClassificationTask task_of(const TrainingOptions& options,
                                  const train::NodeClassification& problem,
                                  const models::GraphClassifier& model) {
  if (!options.batches.active()) {
    return problem.task(model, computed_nodes(options), options.drop_edge);
  }
  if (options.drop_edge != 0) {
    throw InvalidArgument(
        "--drop-edge: expected no --batch-size beside it, whose steps look at a part of the graph "
        "anyway");
  }
  return problem.task(model,
                      node_batches(options.batches, options.layers, problem.dataset().num_graphs()),
                      computed_nodes(options));
}

}  // namespace

std::unique_ptr<train::AlignmentRegularizer> make_alignment(
    const TrainingOptions& options, const train::NodeClassification& problem) {
  AlignmentFlags flags = options.align;
  if (options.batches.active()) {
    require_no_other_nodes(options);
    flags.options.all_nodes = false;
    return make_alignment(flags, problem.graph());
  }
  const std::int64_t num_graphs = problem.dataset().num_graphs();
  require_training_graphs(options, num_graphs);
  const bool asks_for_all = flags.support == "edges" ||
                            (num_graphs == 1 && flags.options.distance.samples.value_or(1) == 0);
  flags.options.all_nodes = options.compute == "all" || (options.compute == "auto" && asks_for_all);
  return make_alignment(flags, problem.graph());
}

train::RunResult run_seed(const TrainingOptions& options,
                          const models::GraphClassifierOptions& model_options,
                          const train::NodeClassification& problem, std::uint64_t seed,
                          const TrainerSetup& setup) {
  models::GraphClassifier model(model_options, seed);
  const std::unique_ptr<train::AlignmentRegularizer> alignment = make_alignment(options, problem);
  std::vector<train::Regularizer*> regularizers;
  if (alignment) {
    regularizers.push_back(alignment.get());
  }
  train::Trainer trainer(model.parameters(), task_of(options, problem, model),
                         fit_options(options, seed), regularizers);
  if (setup.prepare) {
    setup.prepare(trainer);
  }
  train::RunResult result{.seed = seed, .fit = train::fit(trainer, setup.hooks)};
  result.split = problem.dataset().split_name;
  if (!result.fit.interrupted) {
    result.mmd = mmd_of_heads(model, problem,
                              options.batches.active() || problem.dataset().num_graphs() > 1);
  }
  return result;
}

std::string with_thousands(std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const bool starts_group = (digits.size() - i) % 3 == 0 && i > 0 && digits[i - 1] != '-';
    grouped += starts_group ? "," : "";
    grouped += digits[i];
  }
  return grouped;
}

std::string fixed(double number, int digits) {
  std::array<char, 64> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, number);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

}  // namespace attune::cli
