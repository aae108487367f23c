// A split rule, and the file that one of them names.
#include "fuzz/target.hpp"
#include <attune/data/generator.hpp>
#include <attune/data/split.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  static const data::NodeDataset dataset = data::generate_citation_like({.num_nodes = 30,
                                                                         .num_classes = 2,
                                                                         .num_features = 8,
                                                                         .train_per_class = 2,
                                                                         .num_validation = 2,
                                                                         .num_test = 2});
  data::validate(data::with_split(dataset, std::string(input)));
}

std::vector<std::string> seeds() {
  return {"",          "public",          "0",
          "random:3",  "per-class:2/3:1", "fraction:0.5/0.2:7",
          "kfold:5:2", "geom-gcn:1",      "file:masks.npz"};
}

}  // namespace attune::fuzz
