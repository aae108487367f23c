// Archives, and the data sets that they may hold.
#include "fuzz/target.hpp"
#include "support/temporary_folder.hpp"
#include <attune/data/generator.hpp>
#include <attune/data/native_npz.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/npz_dataset.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  static const testing::TemporaryFolder folder;
  const data::NpzArchive archive = data::parse_npz(input, "input.npz", {.keep_pickles = true});
  for (const std::string& name : archive.names()) {
    (void)archive.is_pickled(name);
  }
  data::validate_nodes(data::load_npz(folder.write("input.npz", input)));
}

std::vector<std::string> seeds() {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path("native.npz");
  data::save_native_npz(path, data::generate_citation_like({.num_nodes = 12,
                                                            .num_classes = 2,
                                                            .num_features = 8,
                                                            .train_per_class = 2,
                                                            .num_validation = 2,
                                                            .num_test = 2}));
  // The layout of the heterophilous graphs.
  const std::vector<double> features{1, 0, 0, 1, 1, 1, 0, 0};
  const std::vector<std::int64_t> labels{0, 1, 0, 1};
  const std::vector<std::int64_t> edges{0, 1, 1, 2, 2, 3};
  const std::vector<std::uint8_t> train{1, 1, 0, 0};
  const std::vector<std::uint8_t> validation{0, 0, 1, 0};
  const std::vector<std::uint8_t> test{0, 0, 0, 1};
  using data::NpyArray;
  return {testing::slurp(path),
          data::encode_npz({{"node_features", NpyArray::from(features, {4, 2})},
                            {"node_labels", NpyArray::from(labels, {4})},
                            {"edges", NpyArray::from(edges, {3, 2})},
                            {"train_masks", NpyArray::from_bools(train, {1, 4})},
                            {"val_masks", NpyArray::from_bools(validation, {1, 4})},
                            {"test_masks", NpyArray::from_bools(test, {1, 4})}})};
}

}  // namespace attune::fuzz
