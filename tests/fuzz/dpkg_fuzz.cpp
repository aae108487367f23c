#include "fuzz/target.hpp"
#include "support/temporary_folder.hpp"
#include <attune/data/dpkg.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  static const testing::TemporaryFolder folder;
  (void)data::build_dpkg_graph({.status_file = folder.write("status", input),
                                .min_section = 1,
                                .min_packages = 1,
                                .max_share = 1});
}

std::vector<std::string> seeds() {
  const auto package = [](const std::string& name, const std::string& section,
                          const std::string& rest) {
    return "Package: " + name + "\nStatus: install ok installed\nSection: " + section +
           "\nVersion: 1\n" + rest + "Description: a " + name + " of sorts\n more words\n .\n\n";
  };
  return {package("a", "libs", "Depends: b (>= 1) | c, d:any\n") +
          package("b", "contrib/net", "Provides: d (= 2)\nPre-Depends: a\n") +
          package("c", "libs", "") + package("e", "net", "Depends: c\n") + package("f", "net", "") +
          package("g", "libs", "Depends: f\n")};
}

}  // namespace attune::fuzz
