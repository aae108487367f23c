#include "cli/bench/epochs.hpp"

#include <algorithm>
#include <memory>

#include "cli/bench/timing.hpp"
#include "cli/training_run.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/train/node_classification.hpp>

namespace attune::cli::bench {

namespace {

// As many as --align-every may put between two steps that cost more, and then some; fewer where
// they take long, but always whole pairs: by default every second step costs more.
constexpr std::int64_t kEpochsATurn = 20;
constexpr double kSecondsATurn = 1;

// A run that goes on forever, a few epochs at a time.
class Contender {
 public:
  Contender(const std::string& model, const std::string& align, const std::string& compute,
            const train::NodeClassification& problem)
      : options_(options_of(model, align, compute)),
        model_(classifier_options(options_, problem.dataset()), 0),
        regularizer_(make_alignment(options_, problem)),
        trainer_(model_.parameters(), problem.task(model_, computed_nodes(options_)), options_.fit,
                 regularizer_ ? std::vector<train::Regularizer*>{regularizer_.get()}
                              : std::vector<train::Regularizer*>{}) {}

  void take_turn() {
    core::reset_pool_peak();
    const std::int64_t before = core::pool_statistics().bytes_in_use;
    double seconds = 0;
    std::int64_t epochs = 0;
    while (epochs < kEpochsATurn && (seconds < kSecondsATurn || epochs % 2 != 0)) {
      seconds += trainer_.run_epoch().seconds;
      ++epochs;
    }
    ms_.push_back(1e3 * seconds / static_cast<double>(epochs));
    peak_ = std::max(peak_, core::pool_statistics().peak_bytes_in_use - before);
  }

  void forget() { ms_.clear(); }

  [[nodiscard]] EpochTime result() {
    const auto count = [](const std::vector<nn::NamedParameter>& parameters) {
      std::int64_t numbers = 0;
      for (const nn::NamedParameter& parameter : parameters) {
        numbers += parameter.variable.value().num_elements();
      }
      return numbers;
    };
    return {.model = options_.model,
            .align = options_.align.kind,
            .ms = median(ms_),
            .parameters = count(model_.parameters()),
            .align_parameters = regularizer_ ? count(regularizer_->parameters()) : 0,
            .peak_mb = static_cast<double>(peak_) / 1e6};
  }

 private:
  static TrainingOptions options_of(const std::string& model, const std::string& align,
                                    const std::string& compute) {
    TrainingOptions options;
    options.model = model;
    options.align.kind = align;
    options.compute = compute;
    options.fit.patience = 0;
    options.fit.epochs = 1000000;
    return options;
  }

  TrainingOptions options_;
  models::GraphClassifier model_;
  std::unique_ptr<train::AlignmentRegularizer> regularizer_;
  train::Trainer trainer_;
  std::vector<double> ms_;
  std::int64_t peak_ = 0;
};

void compare_with_plain(std::vector<EpochTime>& times) {
  for (EpochTime& time : times) {
    const auto plain = std::find_if(times.begin(), times.end(), [&](const EpochTime& other) {
      return other.model == time.model && other.align == "none";
    });
    time.to_plain = plain == times.end() ? 0 : time.ms / plain->ms;
  }
}

}  // namespace

std::vector<EpochTime> time_epochs(const data::NodeDataset& dataset, const EpochPlan& plan) {
  const train::NodeClassification problem(dataset);
  std::vector<std::unique_ptr<Contender>> contenders;
  for (const std::string& model : plan.models) {
    for (const std::string& align : plan.aligns) {
      if (model != "gcn" || align == "none") {  // gcn has no heads
        contenders.push_back(std::make_unique<Contender>(model, align, plan.compute, problem));
      }
    }
  }
  core::with_threads(core::num_threads(), [&] {
    for (std::int64_t turn = 0; turn <= plan.repeat; ++turn) {
      for (const auto& contender : contenders) {
        contender->take_turn();
        if (turn == 0) {  // fills caches and the pool
          contender->forget();
        }
      }
    }
  });
  std::vector<EpochTime> times;
  for (const auto& contender : contenders) {
    times.push_back(contender->result());
  }
  compare_with_plain(times);
  return times;
}

}  // namespace attune::cli::bench
