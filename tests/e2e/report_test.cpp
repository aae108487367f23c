#include <algorithm>
#include <csignal>
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/markup.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/text.hpp>

namespace attune::testing {
namespace {

using Arguments = std::vector<std::string>;
using Catch::Contains;

CommandOutcome train(const std::string& folder, const Arguments& more = {}) {
  Arguments arguments{"train",    "--out", folder,    "--dataset", "citation-like:200",
                      "--epochs", "30",    "--heads", "2",         "--hidden-channels",
                      "4"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_attune(arguments);
}

CommandOutcome report(const std::string& folder, const std::string& output,
                      const Arguments& more = {}) {
  Arguments arguments{"report", folder, "--output", output, "--map-nodes", "30"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_attune(arguments);
}

// The page that a command wrote, which has to be sound in itself.
ParsedMarkup read_page(const std::string& path) {
  const ParsedMarkup page = parse_markup(slurp(path));
  CHECK(page.problems == std::vector<std::string>{});
  CHECK(outside_references(page) == std::vector<std::string>{});
  for (const MarkupElement& link : page.all("a")) {
    CHECK(std::ranges::any_of(page.elements, [&](const MarkupElement& target) {
      return core::text('#', target.attribute("id")) == link.attribute("href");
    }));
  }
  return page;
}

std::int64_t count_class(const ParsedMarkup& page, const std::string& tag,
                         const std::string& name) {
  return std::ranges::count_if(page.elements, [&](const MarkupElement& element) {
    const std::string classes = core::text(' ', element.attribute("class"), ' ');
    return element.tag == tag && classes.find(core::text(' ', name, ' ')) != std::string::npos;
  });
}

std::vector<std::string> sections(const ParsedMarkup& page) {
  std::vector<std::string> ids;
  for (const MarkupElement& section : page.all("section")) {
    ids.push_back(section.attribute("id"));
  }
  return ids;
}

bool has_text(const ParsedMarkup& page, const std::string& tag, const std::string& part) {
  return std::ranges::any_of(page.texts(tag), [&](const std::string& text) {
    return text.find(part) != std::string::npos;
  });
}

const std::vector<std::string> kSections{"results", "curves", "maps", "attention", "settings"};

TEST_CASE("report writes a page about a run", "[e2e][report]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  REQUIRE(train(run, {"--json", folder.path("t.json")}).status == 0);
  const std::string file = folder.path("r.html");
  const CommandOutcome outcome =
      report(run, file, {"--node", "17", "--json", folder.path("r.json")});
  REQUIRE(outcome.status == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, Contains("wrote") && Contains("r.html"));

  const ParsedMarkup page = read_page(file);
  CHECK(sections(page) == kSections);
  CHECK(page.texts("h1") == std::vector<std::string>{"run"});
  CHECK(has_text(page, "h2", "Attention of node 17"));
  CHECK(count_class(page, "svg", "map") == 3);        // two heads and the one of the last layer
  CHECK(count_class(page, "svg", "heat") == 2);       // two layers
  CHECK(count_class(page, "path", "line") == 2 + 3);  // legend; two losses and the accuracy
  // The queries and keys of 30 nodes, each a dot.
  std::int64_t dots = 0;
  for (const MarkupElement& path : page.all("path")) {
    const bool on_map = path.attribute("class").starts_with("dots ") &&
                        path.path.ends_with("figure/div/div/svg/path");
    dots += on_map ? std::ranges::count(path.attribute("d"), 'M') : 0;
  }
  CHECK(dots == 3 * 2 * 30);

  // The figures are those that training found.
  const auto trained = nlohmann::json::parse(slurp(folder.path("t.json"))).at("runs").at(0);
  const auto reported = nlohmann::json::parse(slurp(folder.path("r.json")));
  CHECK(reported.at("node") == 17);
  CHECK(reported.at("ece_bins") == 10);
  const auto& found = reported.at("runs").at(0);
  for (const char* metric : {"accuracy", "macro_f1", "nll"}) {
    CHECK(found.at("test").at(metric) == trained.at("test").at(metric));
    CHECK(found.at("validation").at(metric) == trained.at("validation").at(metric));
  }
  CHECK(found.at("best_epoch") == trained.at("best_epoch"));
  CHECK(found.at("mmd").get<double>() == Approx(trained.at("mmd").get<double>()).epsilon(1e-5));
  const double accuracy = found.at("test").at("accuracy");
  char shown[32];
  std::snprintf(shown, sizeof shown, "%.2f %%", 100 * accuracy);
  CHECK(has_text(page, "td", shown));
}

TEST_CASE("report sets two runs side by side", "[e2e][report]") {
  const TemporaryFolder folder;
  REQUIRE(train(folder.path("plain")).status == 0);
  REQUIRE(train(folder.path("aligned"), {"--align", "mmd"}).status == 0);
  const std::string file = folder.path("r.html");
  REQUIRE(report(folder.path("aligned"), file, {"--against", folder.path("plain")}).status == 0);
  const ParsedMarkup page = read_page(file);
  CHECK(sections(page) == kSections);
  CHECK(page.texts("h1") == std::vector<std::string>{"aligned against plain"});
  CHECK(count_class(page, "svg", "map") == 6);
  CHECK(count_class(page, "svg", "heat") == 4);
  CHECK(has_text(page, "figcaption", "Alignment, before its weight"));
  CHECK(has_text(page, "th", "difference"));
  CHECK(has_text(page, "p", "aligned by mmd, weight 0.01"));
  CHECK(has_text(page, "p", "not aligned"));
  CHECK(count_class(page, "tr", "differs") >= 2);  // align and its weight
}

TEST_CASE("report names runs of one name by their paths", "[e2e][report]") {
  const TemporaryFolder folder;
  REQUIRE(train(folder.path("a/run")).status == 0);
  REQUIRE(train(folder.path("b/run"), {"--seed", "2"}).status == 0);
  const std::string file = folder.path("r.html");
  REQUIRE(report(folder.path("a/run/"), file, {"--against", folder.path("b/run")}).status == 0);
  CHECK(read_page(file).texts("h1") ==
        std::vector<std::string>{folder.path("a/run/") + " against " + folder.path("b/run")});
}

TEST_CASE("report writes the same bytes on any number of threads", "[e2e][report][threads]") {
  const TemporaryFolder folder;
  REQUIRE(train(folder.path("run")).status == 0);
  REQUIRE(train(folder.path("other"), {"--align", "ct"}).status == 0);
  const auto page = [&](const char* threads, const char* seed) {
    const std::string file = folder.path(core::text("page", threads, ".html"));
    REQUIRE(report(folder.path("run"), file,
                   {"--against", folder.path("other"), "--threads", threads, "--map-seed", seed})
                .status == 0);
    return slurp(file);
  };
  const std::string once = page("1", "0");
  CHECK(page("2", "0") == once);
  CHECK(page("8", "0") == once);
  CHECK(page("1", "1") != once);
}

TEST_CASE("report escapes what it is given", "[e2e][report]") {
  const TemporaryFolder folder;
  const std::string name = "<b onclick=\"x\">&amp;'\xFF";
  REQUIRE(train(folder.path(name)).status == 0);
  const std::string file = folder.path("r.html");
  REQUIRE(report(folder.path(name), file, {"--json", folder.path("r.json")}).status == 0);
  const ParsedMarkup page = read_page(file);
  CHECK(page.texts("h1") == std::vector<std::string>{"<b onclick=\"x\">&amp;'\xEF\xBF\xBD"});
  CHECK(nlohmann::json::parse(slurp(folder.path("r.json"))).contains("runs"));
}

TEST_CASE("report does with a model that has no heads, and with runs that differ in theirs",
          "[e2e][report]") {
  const TemporaryFolder folder;
  REQUIRE(train(folder.path("gcn"), {"--model", "gcn"}).status == 0);
  const std::string file = folder.path("r.html");
  REQUIRE(report(folder.path("gcn"), file).status == 0);
  const ParsedMarkup alone = read_page(file);
  CHECK(sections(alone) == kSections);
  CHECK(count_class(alone, "svg", "map") == 0);
  CHECK(has_text(alone, "p", "no attention heads"));

  REQUIRE(train(folder.path("deep"), {"--model", "gatv2", "--layers", "3"}).status == 0);
  REQUIRE(report(folder.path("gcn"), file, {"--against", folder.path("deep")}).status == 0);
  const ParsedMarkup both = read_page(file);
  CHECK(count_class(both, "svg", "map") == 5);
  CHECK(count_class(both, "svg", "heat") == 3);
}

TEST_CASE("report shows a run that was never finished", "[e2e][report]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  CommandOptions interrupted;
  interrupted.kill_signal = SIGINT;
  interrupted.kill_after = std::chrono::milliseconds(500);
  REQUIRE(run_attune({"train", "--dataset", "citation-like:200", "--epochs", "1000000",
                      "--patience", "0", "--checkpoint-every", "1000000", "--out", run},
                     interrupted)
              .status == 130);
  const std::string file = folder.path("r.html");
  REQUIRE(report(run, file).status == 0);
  CHECK(has_text(read_page(file), "p", "training was not finished"));
}

TEST_CASE("report refuses what is not a run, or not of the same data", "[e2e][report]") {
  const TemporaryFolder folder;
  const std::string file = folder.path("r.html");
  const std::string run = folder.path("run");
  REQUIRE(train(run).status == 0);
  const auto refused = [&](const Arguments& more, const std::string& folder_of_run = "") {
    const CommandOutcome outcome = report(folder_of_run.empty() ? run : folder_of_run, file, more);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK_THROWS(slurp(file));  // nothing was written
    return outcome.err;
  };
  CHECK_THAT(refused({}, folder.path("nowhere")), Contains("nowhere/checkpoint.json"));
  CHECK_THAT(refused({"--node", "200"}),
             Contains("--node: expected 0 to 199, the nodes of citation-like:200, got 200"));
  CHECK_THAT(refused({"--node", "-1"}), Contains("got -1"));
  CHECK_THAT(refused({"--against", folder.path("nowhere")}), Contains("nowhere"));
  CHECK_THAT(refused({"--perplexity", "nan"}), Contains("perplexity"));

  const std::string other = folder.path("other");
  REQUIRE(run_attune({"train", "--dataset", "citation-like:100", "--epochs", "3", "--out", other})
              .status == 0);
  CHECK_THAT(refused({"--against", other}),
             Contains("--against: expected a run on citation-like:200"));
  CHECK(report(run, "/nowhere/r.html").status == 2);
}

TEST_CASE("report refuses damaged checkpoints and changed data, and names the file",
          "[e2e][report]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  REQUIRE(train(run).status == 0);
  const TemporaryFolder pages;
  const std::string file = pages.path("r.html");
  for (const std::string& part : folder.files()) {
    CAPTURE(part);
    const std::string path = folder.path(part);
    const std::string good = slurp(path);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << good.substr(0, good.size() / 2);
    const CommandOutcome outcome = report(run, file);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Contains(part));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << good;
  }
  CHECK(report(run, file).status == 0);

  const std::string graph = folder.path("graph.npz");
  const auto generate = [&](const char* seed) {
    return run_attune({"datasets", "generate", "--nodes", "120", "--seed", seed, "--output", graph})
        .status;
  };
  REQUIRE(generate("1") == 0);
  const std::string changed = folder.path("changed");
  REQUIRE(run_attune({"train", "--dataset", graph, "--epochs", "3", "--out", changed}).status == 0);
  REQUIRE(report(changed, file).status == 0);
  REQUIRE(generate("2") == 0);
  const CommandOutcome outcome = report(changed, file);
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, Contains("checkpoint.json") && Contains("SHA-256"));
}

}  // namespace
}  // namespace attune::testing
