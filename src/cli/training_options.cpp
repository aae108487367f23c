#include "cli/training_options.hpp"

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/settings.hpp>

namespace attune::cli {
namespace {

// An unsigned number would take -1 for its largest value.
void add_model_options(Command command, TrainingOptions& o) {
  const std::string group = "Model";
  command.add_option("--model", o.model, "Layers to stack")
      .check(one_of({"gat", "gatv2", "transformer", "gcn", "sage"}))
      .group(group);
  command
      .add_option("--hidden-channels", o.hidden_channels,
                  "Channels of each hidden layer, per head [8, gcn and sage: 16]")
      .type_name("N")
      .group(group);
  command.add_option("--heads", o.heads, "Heads of each hidden layer").type_name("N").group(group);
  command.add_option("--out-heads", o.out_heads, "Heads of the last layer, averaged")
      .type_name("N")
      .group(group);
  command.add_option("--layers", o.layers, "Layers, the last one included")
      .type_name("N")
      .group(group);
  command
      .add_option("--dropout", o.dropout,
                  "Dropout on the input of every layer [0.6, gcn and sage: 0.5]")
      .type_name("P")
      .group(group);
  command.add_option("--attention-dropout", o.attention_dropout, "Dropout of coefficients")
      .type_name("P")
      .group(group);
  command
      .add_option("--value-dropout", o.value_dropout,
                  "Dropout of the projected features that attention sums")
      .type_name("P")
      .group(group);
  command.add_option("--negative-slope", o.negative_slope, "Of the leaky ReLU on the logits")
      .type_name("X")
      .group(group);
  command
      .add_option(
          "--norm", o.norm,
          "Of hidden features: over the channels of a node, or over the nodes of a step, of "
          "which --compute auto then takes all")
      .check(one_of({"none", "layer", "batch"}))
      .group(group);
  command
      .add_option("--jumping", o.jumping,
                  "Jumping knowledge: make logits, by a linear layer, of the last hidden layer, of "
                  "all side by side, or of their maximum")
      .check(one_of({"none", "last", "cat", "max"}))
      .group(group);
  command.add_flag("--residual", o.residual, "Add the input of every layer to its output")
      .group(group);
  command
      .add_flag("--root-weight,!--no-root-weight", o.root_weight,
                "Skip projection of transformer layers [on]")
      .group(group);
  command
      .add_flag("--edge-features", o.edge_features,
                "Let attention see the features of the data set's edges (gat, gatv2, transformer)")
      .group(group);
}

void add_fit_options(Command command, TrainingOptions& o) {
  const std::string group = "Training";
  command
      .add_option("--gat-heads", o.gat_heads,
                  "What of a gat layer is aligned: its heads, or the two numbers of a logit")
      .check(one_of({"product", "logit"}))
      .group(group);
  command.add_option("--seed", o.seed, "Of weights and dropout")
      .check(not_negative())
      .type_name("N")
      .group(group);
  command.add_option("--epochs", o.fit.epochs, "At most").type_name("N").group(group);
  command
      .add_option("--patience", o.fit.patience,
                  "Epochs without better validation loss or accuracy to stop after; 0: never")
      .type_name("N")
      .group(group);
  command.add_option("--lr", o.fit.learning_rate, "Learning rate of Adam")
      .type_name("X")
      .group(group);
  command.add_option("--weight-decay", o.fit.weight_decay, "L2 on the parameters")
      .type_name("X")
      .group(group);
  command
      .add_option(
          "--compute", o.compute,
          "Nodes that an epoch computes: those that the task's losses depend on, of which then "
          "come the aligned ones too, or all; auto: all with --align-samples 0 or "
          "--align-support edges, else needed")
      .check(one_of({"auto", "needed", "all"}))
      .group(group);
  command
      .add_option("--max-gradient-norm", o.fit.max_gradient_norm, "Clip gradients to it; 0: never")
      .type_name("X")
      .group(group);
  command
      .add_option("--label-smoothing", o.fit.label_smoothing,
                  "Share of a training label that is spread over all classes")
      .type_name("P")
      .group(group);
  command
      .add_option("--drop-edge", o.drop_edge,
                  "Probability that an epoch is trained without an edge; self-loops stay")
      .type_name("P")
      .group(group);
}

// Features of edges that the model sees.
std::int64_t edge_channels(const TrainingOptions& options, const data::NodeDataset& dataset) {
  if (!options.edge_features) {
    return 0;
  }
  if (options.model == "gcn" || options.model == "sage") {
    throw InvalidArgument(
        core::text("--edge-features: expected --model gat, gatv2 or transformer beside it, got ",
                   options.model));
  }
  if (dataset.edge_channels() == 0) {
    throw InvalidArgument(
        core::text("--edge-features: the edges of ", dataset.name, " have no features"));
  }
  return dataset.edge_channels();
}

}  // namespace

void add_split_option(Command command, std::string& split, const std::string& also) {
  command
      .add_option("--split", split,
                  "Number of a published split; public; random[:SEED]; per-class:T/V[:SEED]; "
                  "fraction:A/B[:SEED]; kfold:K[:N]; geom-gcn:N; file:PATH" +
                      (also.empty() ? also : "; " + also) + " [first published, else random]")
      .type_name("RULE");
}

train::ComputedNodes computed_nodes(const TrainingOptions& options) {
  // Statistics of the nodes that a loss happens to need are not those of the graph.
  const bool statistics = options.norm == "batch" && options.compute == "auto";
  return options.compute == "all" || statistics ? train::ComputedNodes::all
                                                : train::ComputedNodes::needed;
}

void add_training_options(Command command, TrainingOptions& options) {
  command.add_option("--dataset", options.dataset, "Name or file; see `attune datasets list`")
      .required()
      .type_name("NAME");
  add_split_option(command, options.split, "all: by seed, one run after the other");
  add_model_options(command, options);
  add_fit_options(command, options);
  add_schedule_options(command, options.schedule);
  add_batch_options(command, options.batches);
  add_alignment_options(command, options.align);
}

train::FitOptions fit_options(const TrainingOptions& options, std::uint64_t seed) {
  train::FitOptions fit = options.fit;
  fit.seed = seed;
  fit.schedule = options.schedule.schedule();
  return fit;
}

models::GraphClassifierOptions classifier_options(const TrainingOptions& options,
                                                  const data::NodeDataset& dataset) {
  const models::GraphModel model = train::graph_model(options.model);
  const bool convolution = model == models::GraphModel::gcn || model == models::GraphModel::sage;
  return {.model = model,
          .in_channels = dataset.features.columns(),
          .num_classes = dataset.num_classes,
          .hidden_channels = options.hidden_channels.value_or(convolution ? 16 : 8),
          .heads = options.heads,
          .out_heads = options.out_heads,
          .layers = options.layers,
          .dropout = options.dropout.value_or(convolution ? 0.5 : 0.6),
          .attention_dropout = options.attention_dropout,
          .value_dropout = options.value_dropout,
          .negative_slope = options.negative_slope,
          .residual = options.residual,
          .root_weight = options.root_weight,
          .gat_heads = train::gat_heads(options.gat_heads),
          .norm = train::graph_norm(options.norm),
          .jumping = train::jumping(options.jumping),
          .edge_channels = edge_channels(options, dataset)};
}

}  // namespace attune::cli
