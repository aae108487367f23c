// A program of someone else, with nothing but the installed library: trains a small aligned GAT,
// saves it, loads it into a new model and predicts.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <attune/attune.hpp>

using namespace attune;

namespace {

double accuracy_of(const core::Tensor& logits, const data::NodeDataset& dataset) {
  std::int64_t right = 0;
  for (const std::int64_t node : dataset.split.test) {
    const auto row =
        logits.data<float>().subspan(static_cast<std::size_t>(node * dataset.num_classes),
                                     static_cast<std::size_t>(dataset.num_classes));
    right += std::max_element(row.begin(), row.end()) - row.begin() == dataset.labels[node];
  }
  return static_cast<double>(right) / static_cast<double>(dataset.split.test.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: consumer FOLDER\n");
    return 2;
  }
  const data::NodeDataset dataset =
      data::generate_citation_like({.num_nodes = 300, .num_classes = 3});
  const train::NodeClassification problem(dataset);
  const models::GraphClassifier model(
      {.in_channels = dataset.features.columns(), .num_classes = dataset.num_classes}, /*seed=*/1);
  train::AlignmentRegularizer alignment({.distance = {.kind = align::Kind::ct}});
  train::Trainer trainer(model.parameters(), problem.task(model),
                         {.epochs = 50, .learning_rate = 0.01, .seed = 1}, {&alignment});
  const double trained = train::fit(trainer).test->accuracy;
  train::save_checkpoint(
      argv[1], {.model = train::to_settings(model.options()), .dataset = {}, .run = {}}, trainer);

  const train::Checkpoint saved = train::load_checkpoint(argv[1]);
  const models::GraphClassifier loaded(train::graph_classifier_options(saved.description.model),
                                       /*seed=*/2);
  train::load_best_parameters(loaded, saved);
  const double predicted = accuracy_of(problem.logits(loaded), dataset);
  std::printf("test accuracy %.3f when trained, %.3f when loaded\n", trained, predicted);
  return trained > 0.5 && predicted == trained ? 0 : 1;
}
