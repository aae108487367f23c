// A folder of graphs in the layout of ppi, of which any file is replaced.
#include "fuzz/damaged_folder.hpp"
#include "fuzz/target.hpp"
#include "support/small_graphs.hpp"
#include <attune/data/graph_folder.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  static DamagedFolder folder(testing::small_graph_folder());
  folder.run(input,
             [](const std::string&) { data::validate(data::load_graph_folder(folder.path())); });
}

std::vector<std::string> seeds() {
  return DamagedFolder::seeds(testing::small_graph_folder());
}

}  // namespace attune::fuzz
