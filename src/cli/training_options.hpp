#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/alignment_options.hpp"
#include "cli/arguments.hpp"
#include "cli/batch_options.hpp"
#include "cli/schedule_options.hpp"
#include <attune/data/node_dataset.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/trainer.hpp>

namespace attune::cli {

/// Options of `train` and `sweep`: what to train, on what, and how.
struct TrainingOptions {
  std::string dataset;
  std::string split;
  std::string model = "gat";
  std::string gat_heads = "product";
  std::string norm = "none";
  std::string jumping = "none";
  std::string compute = "auto";
  std::uint64_t seed = 0;
  std::optional<std::int64_t> hidden_channels;  ///< unset: what the model's authors take
  std::optional<double> dropout;                ///< the same
  std::int64_t heads = 8;
  std::int64_t out_heads = 1;
  std::int64_t layers = 2;
  double attention_dropout = 0.6;
  double value_dropout = 0;
  double negative_slope = 0.2;
  bool residual = false;
  bool root_weight = true;
  bool edge_features = false;
  double drop_edge = 0;
  train::FitOptions fit;
  ScheduleFlags schedule;
  AlignmentFlags align;
  BatchFlags batches;
};

/// `--split`, as data::with_split() takes it. `also` is one more thing to say about it.
void add_split_option(Command command, std::string& split, const std::string& also = {});

/// What training steps compute: the nodes needed, or all. `auto` leaves it to the regulariser.
[[nodiscard]] train::ComputedNodes computed_nodes(const TrainingOptions& options);

/// How to train with this seed.
[[nodiscard]] train::FitOptions fit_options(const TrainingOptions& options, std::uint64_t seed);

void add_training_options(Command command, TrainingOptions& options);

/// @throws InvalidArgument  features of edges asked for where the data set has none or the model
///                          does not look at them
[[nodiscard]] models::GraphClassifierOptions classifier_options(const TrainingOptions& options,
                                                                const data::NodeDataset& dataset);

}  // namespace attune::cli
