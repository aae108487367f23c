#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>

#include "sources.hpp"

using namespace attune::testing;

namespace {

using Strings = std::vector<std::string>;

std::vector<SourceFile> all_sources() {
  std::vector<SourceFile> files = sources_below("include/attune");
  std::vector<SourceFile> others = sources_below("src");
  files.insert(files.end(), std::make_move_iterator(others.begin()),
               std::make_move_iterator(others.end()));
  return files;
}

}  // namespace

TEST_CASE("house: the rooms stand in the order of the design", "[house]") {
  const Strings design = {"core", "autograd", "ops",   "graph", "sparse", "align",
                          "nn",   "models",   "optim", "data",  "train",  "cli"};
  REQUIRE(rooms() == design);
}

TEST_CASE("house: a room includes the rooms below it only", "[house]") {
  const std::vector<SourceFile> files = all_sources();
  REQUIRE(files.size() > 100);
  const Strings order = rooms();
  Strings found;
  for (const SourceFile& file : files) {
    REQUIRE(std::find(order.begin(), order.end(), room_of(file.path)) != order.end());
    const Strings upward = upward_includes(file, order);
    found.insert(found.end(), upward.begin(), upward.end());
  }
  REQUIRE(found == Strings{});
}

TEST_CASE("house: what looks up is found", "[house]") {
  const Strings order = {"core", "graph", "nn"};
  const SourceFile file{.path = "src/graph/x.cpp",
                        .content =
                            "#include <attune/core/a.hpp>\n"
                            "#include <attune/graph/a.hpp>\n"
                            "  #  include <attune/nn/a.hpp>\n"
                            "#include \"core/b.hpp\"\n"
                            "#include \"nn/b.hpp\"\n"
                            "#include <vector>\n"
                            "#include <boost/graph/graph_traits.hpp>\n"
                            "#include <attune/attic/a.hpp>\n"
                            "// #include <attune/nn/a.hpp>\n"};
  REQUIRE(upward_includes(file, order) ==
          Strings{"src/graph/x.cpp:3: includes attune/nn/a.hpp",
                  "src/graph/x.cpp:5: includes nn/b.hpp",
                  "src/graph/x.cpp:8: includes attune/attic/a.hpp"});
  REQUIRE(upward_includes({.path = "include/attune/nn/x.hpp", .content = file.content}, order) ==
          Strings{"include/attune/nn/x.hpp:8: includes attune/attic/a.hpp"});
}

TEST_CASE("house: public headers include no library and nothing private", "[house]") {
  Strings found;
  for (const SourceFile& file : sources_below("include/attune")) {
    if (file.path != "include/attune/graph/boost_graph.hpp") {  // whose whole point it is
      const Strings heavy = heavy_includes(file);
      found.insert(found.end(), heavy.begin(), heavy.end());
    }
  }
  REQUIRE(found == Strings{});
  REQUIRE(heavy_includes({.path = "include/attune/core/x.hpp",
                          .content = "#include <vector>\n"
                                     "#include <attune/core/a.hpp>\n"
                                     "#include <tbb/parallel_for.h>\n"
                                     "#include \"core/a.hpp\"\n"})
              .size() == 2);
}

TEST_CASE("house: headers are guarded and leave names where they are", "[house]") {
  for (const SourceFile& file : all_sources()) {
    if (file.path.ends_with(".cpp")) {
      continue;
    }
    CAPTURE(file.path);
    // Highway compiles a file several times over and has a guard of its own for that.
    const bool guarded = file.content.starts_with("#pragma once\n") ||
                         file.content.find("HWY_TARGET_TOGGLE") != std::string::npos;
    REQUIRE(guarded);
    REQUIRE(file.content.find("using namespace std") == std::string::npos);
  }
}

TEST_CASE("house: every file is in the list of its room", "[house]") {
  for (const SourceFile& file : all_sources()) {
    CAPTURE(file.path);
    const std::string list = source("src/" + room_of(file.path) + "/CMakeLists.txt");
    const std::string name = std::filesystem::path(file.path).filename().string();
    if (file.path.starts_with("include/")) {
      const std::string header =
          name.ends_with(".in") ? file.path.substr(0, file.path.size() - 3) : file.path;
      REQUIRE(list.find(header.substr(std::string("include").size())) != std::string::npos);
    } else if (name.ends_with(".cpp")) {
      REQUIRE(list.find(name) != std::string::npos);
    }
  }
}

TEST_CASE("house: every test is in the list of its folder", "[house]") {
  for (const char* folder : {"tests/unit", "tests/property", "tests/parity", "tests/e2e"}) {
    for (const SourceFile& file : sources_below(folder)) {
      const std::filesystem::path path = file.path;
      if (path.extension() == ".cpp") {
        CAPTURE(file.path);
        const std::string list = source((path.parent_path() / "CMakeLists.txt").string());
        REQUIRE(list.find(path.filename().string()) != std::string::npos);
      }
    }
  }
}

// CTest hands the name of a case to its program, where one that starts with a dash would be an
// option: another case runs, or all of them, and nobody notices.
TEST_CASE("house: names of test cases start with a letter or a digit", "[house]") {
  static const std::regex kCase("TEST_CASE\\(\\s*\"([^\"]*)\"");
  std::size_t count = 0;
  for (const SourceFile& file : sources_below("tests")) {
    for (std::sregex_iterator it(file.content.begin(), file.content.end(), kCase), end; it != end;
         ++it) {
      const std::string name = (*it)[1];
      CAPTURE(file.path, name);
      REQUIRE(std::isalnum(static_cast<unsigned char>(name.front())) != 0);
      ++count;
    }
  }
  REQUIRE(count > 300);
}
