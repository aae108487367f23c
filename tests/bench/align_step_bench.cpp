// What aligned heads cost in a training step: epochs of plain and aligned training, validation
// included, in turns, so that both meet the same machine. Prints JSON.
//
//     align_step_bench [--dataset cora] [--rounds 40] [--epochs 16] [--cpu] [RUN ...]
//
// RUN: none:all for plain training that computes all nodes, or KIND:SAMPLES[:EVERY][:needed|:all].
// --cpu: one thread, and its processor time instead of that of the wall, on a machine that has
// other things to do.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <attune/core/parallel.hpp>
#include <attune/data/registry.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/trainer.hpp>

namespace {

using namespace attune;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

constexpr int kWarmUp = 8;

bool cpu_time = false;

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// A training run of one kind, with the times of its epochs.
class Run {
 public:
  Run(const train::NodeClassification& problem, const std::string& name) : name_(name) {
    const data::NodeDataset& dataset = problem.dataset();
    model_ = std::make_unique<models::GraphClassifier>(
        models::GraphClassifierOptions{.in_channels = dataset.features.columns(),
                                       .num_classes = dataset.num_classes},
        1);
    std::vector<train::Regularizer*> regularizers;
    const auto computed =
        name == "none:all" ? train::ComputedNodes::all : train::ComputedNodes::needed;
    const std::vector<std::string> parts = split(name);
    if (parts.front() != "none") {
      train::AlignmentOptions options;
      options.distance.kind = align::kind_of(parts.at(0));
      if (parts.size() > 1 && !parts[1].empty() && parts[1] != "needed") {
        options.distance.samples = std::stoll(parts[1]);
      }
      if (parts.size() > 2 && parts[2] != "needed" && parts[2] != "all") {
        options.every = std::stoll(parts[2]);
      }
      options.all_nodes = parts.back() != "needed";
      alignment_ = std::make_unique<train::AlignmentRegularizer>(options);
      regularizers.push_back(alignment_.get());
    }
    trainer_ = std::make_unique<train::Trainer>(
        model_->parameters(), problem.task(*model_, computed),
        train::FitOptions{.epochs = 1 << 30, .patience = 0, .seed = 1}, regularizers);
  }

  // Milliseconds an epoch, the mean of `epochs`.
  double time(int epochs) {
    std::vector<double> times;
    for (int i = 0; i < kWarmUp; ++i) {
      trainer_->run_epoch();  // the caches hold another run
    }
    for (int i = 0; i < epochs; ++i) {
      if (cpu_time) {
        const double start = thread_seconds();
        trainer_->run_epoch();
        times.push_back(1000 * (thread_seconds() - start));
      } else {
        times.push_back(1000 * trainer_->run_epoch().seconds);
      }
    }
    return std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  std::vector<double> ms;

 private:
  std::string name_;
  std::unique_ptr<models::GraphClassifier> model_;
  std::unique_ptr<train::AlignmentRegularizer> alignment_;
  std::unique_ptr<train::Trainer> trainer_;
};

}  // namespace

int main(int argc, char** argv) {
  std::string dataset_name = "cora";
  int rounds = 40;
  int epochs = 16;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--dataset" && i + 1 < argc) {
      dataset_name = argv[++i];
    } else if (argument == "--cpu") {
      cpu_time = true;
      core::set_num_threads(1);
    } else if (argument == "--rounds" && i + 1 < argc) {
      rounds = std::atoi(argv[++i]);
    } else if (argument == "--epochs" && i + 1 < argc) {
      epochs = std::atoi(argv[++i]);
    } else {
      names.push_back(argument);
    }
  }
  const data::NodeDataset dataset = data::load_dataset(dataset_name);
  const train::NodeClassification problem(dataset);
  nlohmann::json rows = nlohmann::json::array();
  core::with_threads(core::num_threads(), [&] {
    Run plain(problem, "none");
    std::vector<std::unique_ptr<Run>> runs;
    for (const std::string& name : names) {
      runs.push_back(std::make_unique<Run>(problem, name));
    }
    plain.time(20);
    for (const auto& run : runs) {
      run->time(20);
    }
    std::vector<std::vector<double>> ratios(runs.size());
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t r = 0; r < runs.size(); ++r) {
        const double before = plain.time(epochs);
        const double aligned = runs[r]->time(epochs);
        const double after = plain.time(epochs);
        plain.ms.push_back(before);
        runs[r]->ms.push_back(aligned);
        ratios[r].push_back(aligned / (0.5 * (before + after)));
      }
    }
    rows.push_back({{"align", "none"}, {"ms", median(plain.ms)}, {"ratio", 1.0}});
    for (std::size_t r = 0; r < runs.size(); ++r) {
      rows.push_back(
          {{"align", runs[r]->name()}, {"ms", median(runs[r]->ms)}, {"ratio", median(ratios[r])}});
    }
  });
  std::printf(
      "%s\n",
      nlohmann::json({{"dataset", dataset_name}, {"threads", core::num_threads()}, {"rows", rows}})
          .dump(1)
          .c_str());
}
