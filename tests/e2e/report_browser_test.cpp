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
const box = e => e.getBoundingClientRect();
const all = selector => [...document.querySelectorAll(selector)];
const boxes = all('section svg').map(box);
const cut = label => {
  const inner = box(label), outer = box(label.ownerSVGElement);
  return inner.left < outer.left - 1 || inner.right > outer.right + 1 ||
      inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
};
document.title = JSON.stringify({
  inner: window.innerWidth, scroll: root.scrollWidth, height: root.scrollHeight,
  background: getComputedStyle(document.body).backgroundColor,
  color: getComputedStyle(document.querySelector('h1')).color,
  graphics: boxes.length, empty: boxes.filter(b => b.width < 5 || b.height < 5).length,
  loaded: performance.getEntriesByType('resource').length,
  cut: all('svg.heat text, svg.picture text').filter(cut).length,
  rows: all('#results tbody tr').length,
  columns: new Set(all('figure.head').map(e => Math.round(box(e).left))).size,
  pairs: all('.grids').length,
  beside: all('.grids').filter(e => box(e.children[0]).bottom == box(e.children[1]).bottom).length,
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

// Looks at a page, wide and narrow, light and dark, for what no page may do.
// @param check  what else is expected of it, told what was seen and whether the window is wide
template <typename Check>
void look_everywhere(const std::string& browser, const TemporaryFolder& folder,
                     const std::string& page, const Check& check) {
  const std::string probed = folder.write("probed.html", slurp(page) + kProbe);
  for (const int width : {1280, 390}) {
    nlohmann::json light;
    for (const bool dark : {false, true}) {
      CAPTURE(width, dark);
      const nlohmann::json seen = look_at(browser, probed, width, dark);
      CAPTURE(seen.dump());
      const int inner = seen.at("inner");  // some do not get narrower than 500
      CHECK(inner <= std::max(width, 500));
      CHECK(seen.at("scroll") <= inner);  // nothing sticks out
      CHECK(seen.at("loaded") == 0);
      CHECK(seen.at("empty") == 0);
      CHECK(seen.at("cut") == 0);
      if (dark) {
        CHECK(seen.at("background") != light.at("background"));
        CHECK(seen.at("color") != light.at("color"));
      }
      check(seen, width > 1000);
      light = seen;
    }
  }
}

const char* const kLongName = "a-run-of-a-rather-long-name-that-has-no-place-to-break";

TEST_CASE("A browser shows a report whole: wide and narrow, light and dark", "[e2e][report]") {
  const std::optional<std::string> chromium = browser();
  if (!chromium) {
    ATTUNE_SKIP("needs the browser chromium");
  }
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  const std::string other = folder.path(kLongName);
  REQUIRE(run_attune({"train", "--dataset", "citation-like:200", "--epochs", "30", "--out", run})
              .status == 0);
  REQUIRE(run_attune({"train", "--dataset", "citation-like:200", "--epochs", "30", "--align", "ct",
                      "--out", other})
              .status == 0);
  const std::string file = folder.path("r.html");
  REQUIRE(run_attune({"report", run, "--against", other, "--map-nodes", "40", "--output", file})
              .status == 0);
  look_everywhere(*chromium, folder, file, [](const nlohmann::json& seen, bool wide) {
    CHECK(seen.at("graphics") > 20);
    CHECK(seen.at("rows") == 10);
    CHECK(seen.at("columns") == (wide ? 2 : 1));
  });
}

TEST_CASE("A browser shows a report on visual questions whole: wide and narrow, light and dark",
          "[e2e][report][vqa]") {
  const std::optional<std::string> chromium = browser();
  if (!chromium) {
    ATTUNE_SKIP("needs the browser chromium");
  }
  const TemporaryFolder folder;
  const std::string data = folder.path("scenes");
  REQUIRE(run_attune({"vqa", "generate", "--output", data, "--train-scenes", "12",
                      "--validation-scenes", "4", "--test-scenes", "4", "--channels", "8"})
              .status == 0);
  const auto train = [&](const std::string& out, const char* align) {
    return run_attune({"vqa", "train", "--data", data, "--out", out, "--epochs", "2", "--hidden",
                       "8", "--heads", "2", "--layers", "2", "--quiet", "--align", align})
        .status;
  };
  REQUIRE(train(folder.path("soft"), "none") == 0);
  REQUIRE(train(folder.path(kLongName), "gan") == 0);
  const std::string file = folder.path("r.html");
  REQUIRE(run_attune({"report", folder.path("soft"), "--against", folder.path(kLongName), "--data",
                      data, "--questions", "3", "--output", file})
              .status == 0);
  look_everywhere(*chromium, folder, file, [](const nlohmann::json& seen, bool wide) {
    CHECK(seen.at("graphics") == 3 * (1 + 3 * 2 * 2 * 2));
    CHECK(seen.at("pairs") == 3 * 3 * 2 * 2);
    // The two models beside each other wherever there is room for it.
    CHECK((!wide || seen.at("beside") == seen.at("pairs")));
  });
}

}  // namespace
}  // namespace attune::testing
