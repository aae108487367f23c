#include "train/node_batches.hpp"

#include <memory>
#include <numeric>
#include <utility>
#include <variant>
#include <vector>

#include "train/epoch_order.hpp"
#include "train/sampling_streams.hpp"
#include "train/thinned_graphs.hpp"
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/neighbor_sampler.hpp>

namespace attune::train {

namespace {

/// The part of a problem that some nodes depend on.
struct PartOfProblem {
  nn::Features features;
  ThinnedGraphs graphs;
  std::vector<std::int32_t> labels;  // of the field's targets, in its order
  core::Tensor targets;              // the same where nodes have several labels
  std::vector<std::int64_t> rows;
};

void require_fan_out_a_layer(const NodeBatchOptions& options, std::int64_t layers) {
  if (std::ssize(options.fan_outs) != layers) {
    throw InvalidArgument(core::text("NodeClassification: expected ", layers,
                                     " fan-outs, one a layer, got ", options.fan_outs.size()));
  }
}

}  // namespace

std::vector<std::int32_t> labels_of(const NodeValues& values, std::span<const std::int64_t> nodes) {
  std::vector<std::int32_t> labels;
  if (!values.targets.defined()) {
    labels.reserve(nodes.size());
    for (const std::int64_t node : nodes) {
      labels.push_back(values.labels[node]);
    }
  }
  return labels;
}

core::Tensor targets_of(const NodeValues& values, std::span<const std::int64_t> nodes) {
  if (!values.targets.defined()) {
    return {};
  }
  const nn::Features rows = nn::select_rows(nn::Features(Variable(values.targets)), nodes);
  return std::get<Variable>(rows).value();
}

RowsPass pass_over(const graph::ReceptiveField& field, const NodeValues& values,
                   const models::GraphClassifier& model, std::optional<graph::DropEdge> drop) {
  auto part = std::make_shared<PartOfProblem>();
  part->features = nn::select_rows(values.features, field.nodes);
  part->graphs = {field.blocks, values.edge_features, std::move(drop)};
  part->labels = labels_of(values, field.targets());
  part->targets = targets_of(values, field.targets());
  part->rows.resize(field.targets().size());
  std::iota(part->rows.begin(), part->rows.end(), std::int64_t{0});
  return RowsPass{.logits =
                      [part, &model](nn::ForwardContext& context) {
                        const ThinnedGraphs::Pass pass = part->graphs.of(context);
                        return model.forward(part->features, pass.graphs, pass.edge_features,
                                             context);
                      },
                  .labels = part->labels,  // lives as long as the function
                  .rows = part->rows,
                  .targets = part->targets};
}

TrainingBatches sampled_batches(const graph::Graph& graph, std::span<const std::int64_t> train,
                                const NodeValues& values, const models::GraphClassifier& model,
                                const NodeBatchOptions& options) {
  require_fan_out_a_layer(options, model.options().layers);
  const auto order = std::make_shared<EpochOrder>(train, options.batch_size, "NodeClassification");
  const std::int64_t count = order->num_batches();
  return {.count = count,
          .pass = [order, count, values, &model,
                   sampler = graph::NeighborSampler(graph, options.fan_outs)](
                      std::uint64_t seed, std::int64_t epoch, std::int64_t batch) {
            const auto step = static_cast<std::uint32_t>((epoch - 1) * count + batch + 1);
            const core::RandomStream random(seed, core::Purpose::sampling,
                                            static_cast<std::uint32_t>(SamplingStream::first_layer),
                                            step);
            return pass_over(sampler.sample(order->batch(seed, epoch, batch), random), values,
                             model);
          }};
}

}  // namespace attune::train
