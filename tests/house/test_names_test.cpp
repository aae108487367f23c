#include <regex>

#include "sources.hpp"

using namespace attune::testing;

// CMake keeps lists of test names in which a semicolon or an open bracket joins one name to the
// next; CTest would then ask for a test that does not exist, run nothing and call it passed.
TEST_CASE("house: no test name holds a character that CTest loses names by", "[house]") {
  const std::regex name(R"re(TEST_CASE(?:_METHOD)?\(\s*"([^"]*)")re");
  std::vector<std::string> found;
  std::size_t seen = 0;
  for (const SourceFile& file : sources_below("tests")) {
    for (std::sregex_iterator match(file.content.begin(), file.content.end(), name), end;
         match != end; ++match) {
      ++seen;
      if ((*match)[1].str().find_first_of("[];\\") != std::string::npos) {
        found.push_back(file.path + ": " + (*match)[1].str());
      }
    }
  }
  REQUIRE(seen > 400);
  REQUIRE(found == std::vector<std::string>{});
}
