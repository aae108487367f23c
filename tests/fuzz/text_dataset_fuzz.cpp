// One of the text formats, ATTUNE_FUZZ_FORMAT.
#include "fuzz/damaged_folder.hpp"
#include "fuzz/target.hpp"
#include "support/small_datasets.hpp"
#include <attune/data/text_datasets.hpp>

namespace attune::fuzz {

namespace {

testing::SmallDataset format() {
  for (testing::SmallDataset& dataset : testing::small_text_datasets()) {
    if (dataset.name == ATTUNE_FUZZ_FORMAT) {
      return std::move(dataset);
    }
  }
  std::abort();
}

}  // namespace

void run(std::string_view input) {
  static const testing::SmallDataset dataset = format();
  static DamagedFolder folder(dataset.files);
  folder.run(input, [](const std::string&) {
    data::validate_nodes(data::load_text_dataset(folder.path() + dataset.entry));
  });
}

std::vector<std::string> seeds() {
  return DamagedFolder::seeds(format().files);
}

}  // namespace attune::fuzz
