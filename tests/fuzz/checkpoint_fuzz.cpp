// A run folder, of which any file is replaced.
#include "fuzz/damaged_folder.hpp"
#include "fuzz/target.hpp"
#include <attune/models/graph_classifier.hpp>
#include <attune/train/checkpoint.hpp>

namespace attune::fuzz {

namespace {

// A committed run of `attune train`, so that the corpus fits it on any machine.
DamagedFolder::Files files() {
  return DamagedFolder::files_in(ATTUNE_FUZZ_RUN_FOLDER);
}

}  // namespace

void run(std::string_view input) {
  static DamagedFolder folder(files());
  folder.run(input, [](const std::string&) {
    const train::Checkpoint checkpoint = train::load_checkpoint(folder.path());
    const models::GraphClassifier model(
        train::graph_classifier_options(checkpoint.description.model), 1);
    train::load_best_parameters(model, checkpoint);
  });
}

std::vector<std::string> seeds() {
  return DamagedFolder::seeds(files());
}

}  // namespace attune::fuzz
