#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> browser() {
  const char* const variable = std::getenv("PATH");
  std::string path = variable == nullptr ? "" : variable;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
      const fs::path candidate = fs::path(path.substr(0, end)) / name;
      if (std::error_code error; fs::exists(candidate, error)) {
        return candidate.string();
      }
    }
    path.erase(0, end + 1);
  }
  return std::nullopt;
}

// What a browser makes of a page, which a script put at the end of a copy says: the report itself
// has none.
constexpr const char* kProbe = R"html(<script>
const root = document.documentElement;
const boxes = [...document.querySelectorAll('section svg')].map(e => e.getBoundingClientRect());
document.title = JSON.stringify({
  inner: window.innerWidth, scroll: root.scrollWidth, height: root.scrollHeight,
  background: getComputedStyle(document.body).backgroundColor,
  color: getComputedStyle(document.querySelector('h1')).color,
  graphics: boxes.length, empty: boxes.filter(b => b.width < 5 || b.height < 5).length,
  loaded: performance.getEntriesByType('resource').length,
  rows: document.querySelectorAll('#results tbody tr').length,
  columns: new Set([...document.querySelectorAll('figure.head')].map(
      e => Math.round(e.getBoundingClientRect().left))).size,
});
</script>)html";

nlohmann::json look_at(const std::string& browser, const std::string& page, int width, bool dark) {
  const TemporaryFolder profile;
  const std::string command =
      "timeout 120 '" + browser + "' --headless --no-sandbox --disable-gpu --no-first-run " +
      "--user-data-dir='" + profile.path() + "' --window-size=" + std::to_string(width) +
      ",900 --blink-settings=preferredColorScheme=" + (dark ? "0" : "1") + " --dump-dom 'file://" +
      page + "' 2>/dev/null";
  std::string dom;
  FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 65536> buffer;
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    dom.append(buffer.data(), n);
  }
  CHECK(::pclose(pipe) == 0);
  const std::size_t begin = dom.find("<title>") + 7;
  return nlohmann::json::parse(dom.substr(begin, dom.find("</title>") - begin));
}

TEST_CASE("A browser shows a report whole: wide and narrow, light and dark", "[e2e][report]") {
  const std::optional<std::string> chromium = browser();
  if (!chromium) {
    ATTUNE_SKIP("needs the browser chromium");
  }
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  const std::string other = folder.path("a-run-of-a-rather-long-name-that-has-no-place-to-break");
  REQUIRE(run_attune({"train", "--dataset", "citation-like:200", "--epochs", "30", "--out", run})
              .status == 0);
  REQUIRE(run_attune({"train", "--dataset", "citation-like:200", "--epochs", "30", "--align", "ct",
                      "--out", other})
              .status == 0);
  const std::string file = folder.path("r.html");
  REQUIRE(run_attune({"report", run, "--against", other, "--map-nodes", "40", "--output", file})
              .status == 0);
  const std::string probed = folder.write("probed.html", slurp(file) + kProbe);

  for (const int width : {1280, 390}) {
    nlohmann::json light;
    for (const bool dark : {false, true}) {
      CAPTURE(width, dark);
      const nlohmann::json seen = look_at(*chromium, probed, width, dark);
      CAPTURE(seen.dump());
      const int inner = seen.at("inner");  // some do not get narrower than 500
      CHECK(inner <= std::max(width, 500));
      CHECK(seen.at("scroll") <= inner);  // nothing sticks out
      CHECK(seen.at("loaded") == 0);
      CHECK(seen.at("graphics") > 20);
      CHECK(seen.at("empty") == 0);
      CHECK(seen.at("rows") == 10);
      CHECK(seen.at("columns") == (width > 1000 ? 2 : 1));
      if (dark) {
        CHECK(seen.at("background") != light.at("background"));
        CHECK(seen.at("color") != light.at("color"));
      }
      light = seen;
    }
  }
}

}  // namespace
}  // namespace attune::testing
