// The folder of a fine-tuned model, of which any file is replaced: as it is used, and as training
// goes on from it.
#include "fuzz/damaged_folder.hpp"
#include "fuzz/target.hpp"
#include <attune/core/error.hpp>
#include <attune/train/saved_text.hpp>
#include <attune/train/step_checkpoint.hpp>

namespace attune::fuzz {

namespace {

// A committed run of `attune text train`, so that the corpus fits it on any machine.
DamagedFolder::Files files() {
  return DamagedFolder::files_in(ATTUNE_FUZZ_RUN_FOLDER);
}

}  // namespace

void run(std::string_view input) {
  static DamagedFolder folder(files());
  folder.run(input, [](const std::string& damaged) {
    if (damaged.starts_with("training")) {
      (void)train::load_step_checkpoint(folder.path());
    } else {
      const train::SavedText model(folder.path());
      (void)model.probabilities(std::vector<train::TextInput>{{.first = "a good film"}});
    }
  });
}

std::vector<std::string> seeds() {
  return DamagedFolder::seeds(files());
}

}  // namespace attune::fuzz
