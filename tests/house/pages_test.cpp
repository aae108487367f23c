#include "support/pages.hpp"

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "sources.hpp"
#include "support/temporary_folder.hpp"

using namespace attune::testing;

namespace fs = std::filesystem;

namespace {

using Strings = std::vector<std::string>;

const fs::path kTop = ATTUNE_SOURCE_TREE;

// All pages of the tree, build folders and what begins with a dot left out.
std::vector<fs::path> pages() {
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator it(kTop), end; it != end; ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name.starts_with(".") || name == "build")) {
      it.disable_recursion_pending();
    } else if (it->path().extension() == ".md") {
      found.push_back(it->path());
    }
  }
  return found;
}

bool leads_somewhere(const fs::path& page, const std::string& target) {
  if (target.starts_with("https://") || target.starts_with("http://")) {
    return true;  // no test goes to the network
  }
  const std::size_t hash = target.find('#');
  const std::string file = target.substr(0, hash);
  const fs::path path = file.empty() ? page : page.parent_path() / file;
  if (!fs::exists(path)) {
    return false;
  }
  if (hash == std::string::npos) {
    return true;
  }
  const Strings there = anchors(slurp(path.string()));
  return std::ranges::find(there, target.substr(hash + 1)) != there.end();
}

// `src/nn`, `include/attune/nn/module.hpp`: a path of the tree by its first folder.
bool is_path_of_tree(const std::string& code) {
  if (code.find_first_of(" *<>{}$=|") != std::string::npos || code.find("ROOM") < code.size() ||
      code.find("NAME") < code.size()) {
    return false;
  }
  return std::ranges::any_of(
      Strings{"include/", "src/", "tests/", "docs/", "experiments/", "cmake/"},
      [&](const std::string& folder) { return code.starts_with(folder); });
}

}  // namespace

TEST_CASE("house: links between pages lead somewhere", "[house]") {
  Strings dead;
  std::size_t count = 0;
  for (const fs::path& page : pages()) {
    for (const PageLink& link : links(slurp(page.string()))) {
      ++count;
      if (!leads_somewhere(page, link.target)) {
        dead.push_back(fs::relative(page, kTop).string() + ":" + std::to_string(link.line) + ": " +
                       link.target);
      }
    }
  }
  CHECK(count > 30);
  REQUIRE(dead == Strings{});
}

TEST_CASE("house: files that the pages speak of are there", "[house]") {
  Strings missing;
  std::size_t count = 0;
  for (const fs::path& page : pages()) {
    for (const std::string& code : code_spans(slurp(page.string()))) {
      if (is_path_of_tree(code)) {
        ++count;
        if (!fs::exists(kTop / code)) {
          missing.push_back(fs::relative(page, kTop).string() + ": " + code);
        }
      }
    }
  }
  CHECK(count > 30);
  REQUIRE(missing == Strings{});
}

TEST_CASE("house: every page of docs is in its index", "[house]") {
  const std::vector<PageLink> listed = links(slurp((kTop / "docs/README.md").string()));
  for (const fs::directory_entry& entry : fs::directory_iterator(kTop / "docs")) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".md" && name != "README.md") {
      CAPTURE(name);
      CHECK(std::ranges::any_of(listed, [&](const PageLink& link) { return link.target == name; }));
    }
  }
}

TEST_CASE("house: code on the page about layers is that of the example", "[house]") {
  const std::string folder = (kTop / "docs/examples/own_layer/").string();
  const Strings files{slurp(folder + "cosine_conv.hpp"), slurp(folder + "cosine_conv.cpp"),
                      slurp(folder + "main.cpp")};
  std::size_t count = 0;
  for (const FencedBlock& block : fenced_blocks(slurp((kTop / "docs/write-a-layer.md").string()))) {
    if (block.language == "cpp") {
      CAPTURE(block.line);
      ++count;
      CHECK(std::ranges::any_of(files, [&](const std::string& file) {
        return file.find(block.content) != std::string::npos;
      }));
    }
  }
  REQUIRE(count >= 5);
}

TEST_CASE("house: what a page holds is found", "[house]") {
  const std::string page =
      "# One of `a/b.hpp`, \"two\"\n"
      "[x](y.md) and [z](../w.md#v)\n"
      "```sh\n[no](link) `no code`\n# no heading\n```\n"
      "## One of `a/b.hpp`, \"two\"\n"
      "<a name=\"here\">\n";
  REQUIRE(links(page).size() == 2);
  CHECK(links(page)[1].target == "../w.md#v");
  CHECK(links(page)[1].line == 2);
  CHECK(code_spans(page) == Strings{"a/b.hpp", "a/b.hpp"});
  CHECK(anchors(page) == Strings{"one-of-abhpp-two", "one-of-abhpp-two-1", "here"});
  REQUIRE(fenced_blocks(page).size() == 1);
  CHECK(fenced_blocks(page)[0].language == "sh");
  CHECK(fenced_blocks(page)[0].content == "[no](link) `no code`\n# no heading\n");
  CHECK_THROWS(fenced_blocks("```sh\nls\n"));
}
