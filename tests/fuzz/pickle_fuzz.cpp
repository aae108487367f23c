// Pickles, and the pickled matrices in published archives.
#include "data/pickle.hpp"

#include "fuzz/target.hpp"
#include "support/pickle_writer.hpp"

namespace attune::fuzz {

void run(std::string_view input) {
  (void)data::Pickle::parse(input, "input.pickle");
}

std::vector<std::string> seeds() {
  std::vector<std::string> seeds;
  for (const auto& [part, content] : testing::small_planetoid()) {
    if (part != "test.index") {
      seeds.push_back(content);
    }
  }
  seeds.push_back(testing::pickle::file(testing::pickle::object_array(
      {2}, {testing::pickle::string("a"), testing::pickle::integer(1 << 20)})));
  return seeds;
}

}  // namespace attune::fuzz
