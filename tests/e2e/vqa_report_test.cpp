#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/markup.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_vqa.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;
using Catch::Contains;

CommandOutcome train(const std::string& data, const std::string& run, const Arguments& more = {}) {
  Arguments arguments{"vqa",      "train", "--data",   data,   "--out",   run,
                      "--epochs", "2",     "--hidden", "8",    "--heads", "2",
                      "--layers", "2",     "--lr",     "0.01", "--quiet"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_attune(arguments);
}

/// A small generated data set and a soft and an aligned run on it.
class Scenes {
 public:
  Scenes() : data(folder.path("scenes")) {
    REQUIRE(run_attune({"vqa", "generate", "--output", data, "--train-scenes", "12",
                        "--validation-scenes", "4", "--test-scenes", "4", "--channels", "8"})
                .status == 0);
    REQUIRE(train(data, path("soft")).status == 0);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder.path(name); }

  [[nodiscard]] CommandOutcome report(const Arguments& more) const {
    Arguments arguments{"report",   path("soft"),   "--data", data,
                        "--output", path("r.html"), "--json", path("r.json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_attune(arguments);
  }

  TemporaryFolder folder;
  std::string data;
};

// The page that a command wrote, which has to be sound in itself.
ParsedMarkup read_page(const std::string& path) {
  const ParsedMarkup page = parse_markup(slurp(path));
  CHECK(page.problems == std::vector<std::string>{});
  CHECK(outside_references(page) == std::vector<std::string>{});
  return page;
}

std::int64_t pictures(const ParsedMarkup& page, const std::string& name) {
  return std::ranges::count_if(page.elements, [&](const MarkupElement& element) {
    return element.tag == "svg" && element.attribute("class") == name;
  });
}

TEST_CASE("report shows two runs on visual questions side by side", "[e2e][report][vqa]") {
  const Scenes scenes;
  const std::string aligned = scenes.path("aligned");
  REQUIRE(train(scenes.data, aligned, {"--align", "ct"}).status == 0);
  const Arguments options{"--against", aligned, "--questions", "3", "--question-seed", "5"};
  const CommandOutcome outcome = scenes.report(options);
  CAPTURE(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, Contains("wrote") && Contains("r.html"));
  const ParsedMarkup page = read_page(scenes.path("r.html"));
  CHECK(page.texts("h1") == std::vector<std::string>{"soft against aligned"});
  CHECK(page.all("section").size() == 3);
  CHECK(pictures(page, "picture") == 3);
  // Three kinds of two layers of two heads, of two runs, for three questions.
  CHECK(pictures(page, "heat") == 3 * 3 * 2 * 2 * 2);

  const json found = json::parse(slurp(scenes.path("r.json")));
  CHECK(found.at("part") == "test");
  REQUIRE(found.at("questions").size() == 3);
  // The answers are those of `vqa predict`.
  const std::string told = scenes.path("told.json");
  REQUIRE(run_attune(
              {"vqa", "predict", "--checkpoint", aligned, "--data", scenes.data, "--output", told})
              .status == 0);
  for (const json& question : found.at("questions")) {
    const json& answer = question.at("runs").at(1);
    for (const json& one : json::parse(slurp(told))) {
      if (one.at("question_id") == question.at("question_id")) {
        CHECK(answer.at("answer") == one.at("answer"));
        CHECK(answer.at("probability").get<double>() ==
              Approx(one.at("probability").get<double>()).epsilon(1e-5));
      }
    }
  }

  const std::string once = slurp(scenes.path("r.html"));
  Arguments threads = options;
  threads.insert(threads.end(), {"--threads", "2"});
  REQUIRE(scenes.report(threads).status == 0);
  CHECK(slurp(scenes.path("r.html")) == once);
}

TEST_CASE("report shows the questions that are asked for and escapes them", "[e2e][report][vqa]") {
  const TemporaryFolder folder;
  const std::string data = write_toy_vqa(folder);
  const std::string file = data + "/v2_OpenEnded_toy_test2015_questions.json";
  const std::string hostile = "<script>alert(1)</script> red?";
  json questions = json::parse(slurp(file));
  questions.at("questions").at(0).at("question") = hostile;
  folder.write("vqa-toy/v2_OpenEnded_toy_test2015_questions.json", questions.dump());
  REQUIRE(train(data, folder.path("run")).status == 0);
  REQUIRE(run_attune({"report", folder.path("run"), "--data", data, "--question", "403",
                      "--question", "400", "--output", folder.path("r.html")})
              .status == 0);
  const ParsedMarkup page = read_page(folder.path("r.html"));
  CHECK(page.all("script").empty());
  CHECK(page.texts("h2") == std::vector<std::string>{"Is it red?", hostile});
  CHECK(pictures(page, "picture") == 0);  // these pictures have no boxes
  CHECK(pictures(page, "heat") == 2 * 3 * 2 * 2);
}

TEST_CASE("report says which attention each panel shows", "[e2e][report][vqa]") {
  const Scenes scenes;
  const std::string aligned = scenes.path("aligned");
  REQUIRE(train(scenes.data, aligned, {"--align", "gan", "--align-weight", "0.02"}).status == 0);
  REQUIRE(scenes.report({"--against", aligned, "--questions", "1"}).status == 0);
  const ParsedMarkup page = read_page(scenes.path("r.html"));
  const std::vector<std::string> words = page.texts("p");
  CHECK(std::ranges::count(words, "soft attention") == 3 * 2 * 2);
  CHECK(std::ranges::count(words, "AA-GAN, lambda 0.02") == 3 * 2 * 2);
  const json found = json::parse(slurp(scenes.path("r.json")));
  const json& runs = found.at("questions").at(0).at("runs");
  CHECK(runs.at(0).at("attention") == "soft attention");
  CHECK(runs.at(1).at("attention") == "AA-GAN, lambda 0.02");
}

/// A report that has to be refused: status 2, one line that says why, and nothing written.
class Refusals {
 public:
  explicit Refusals(const Scenes& scenes) : scenes_(scenes) {}

  [[nodiscard]] std::string of(const CommandOutcome& outcome) const {
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK(std::ranges::count(outcome.err, '\n') == 1);
    for (const std::string& file : scenes_.folder.files()) {
      CHECK_FALSE(file.starts_with("r."));
    }
    return outcome.err;
  }
  [[nodiscard]] std::string with(const Arguments& more) const { return of(scenes_.report(more)); }
  /// Of another folder than that of the soft run.
  [[nodiscard]] std::string about(const std::string& run, const Arguments& more) const {
    Arguments arguments{"report", run, "--output", scenes_.path("r.html")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return of(run_attune(arguments));
  }

 private:
  const Scenes& scenes_;
};

TEST_CASE("report refuses runs and questions that do not fit", "[e2e][report][vqa]") {
  const Scenes scenes;
  const Refusals refused(scenes);
  CHECK_THAT(refused.with({"--question", "7"}), Contains("--question: expected the number"));
  CHECK_THAT(refused.with({"--against", scenes.path("nowhere")}), Contains("nowhere"));
  CHECK_THAT(refused.with({"--node", "1"}), Contains("--node"));

  const std::string other = scenes.path("other");
  REQUIRE(run_attune({"vqa", "generate", "--output", other, "--train-scenes", "12",
                      "--validation-scenes", "4", "--test-scenes", "0", "--channels", "8"})
              .status == 0);
  CHECK_THAT(refused.about(scenes.path("soft"), {}), Contains("--data"));
  CHECK_THAT(refused.about(scenes.path("soft"), {"--data", other}), Contains("SHA-256"));
  CHECK_THAT(refused.about(scenes.path("nowhere"), {}), Contains("nowhere"));
  CHECK_THAT(refused.about(scenes.path("nowhere"), {"--data", other}), Contains("vqa_model.json"));
  REQUIRE(train(other, scenes.path("short")).status == 0);
  CHECK_THAT(refused.about(scenes.path("short"), {"--data", other, "--part", "test"}),
             Contains("no test part"));
}

TEST_CASE("report keeps runs of other kinds apart", "[e2e][report][vqa]") {
  const Scenes scenes;
  const Refusals refused(scenes);
  const std::string graph = scenes.path("graph");
  REQUIRE(run_attune({"train", "--dataset", "citation-like:100", "--epochs", "2", "--out", graph})
              .status == 0);
  CHECK_THAT(refused.with({"--against", graph}),
             Contains("graph: --against: expected a run on visual questions"));
  CHECK_THAT(refused.about(graph, {"--against", scenes.path("soft")}),
             Contains("soft: --against: expected a run on a graph"));
  CHECK_THAT(refused.about(graph, {"--data", scenes.data}), Contains("--data, --part, --question"));

  // As a run that was killed before its end leaves it.
  const std::string killed = scenes.path("killed");
  REQUIRE(train(scenes.data, killed).status == 0);
  std::filesystem::remove(killed + "/vqa_model.json");
  CHECK_THAT(refused.about(killed, {"--data", scenes.data}),
             Contains("killed: ") && Contains("not finished"));
  CHECK_THAT(refused.with({"--against", killed}), Contains("killed: ") && Contains("--against"));
}

// The first file of a folder, by name.
std::string first_file(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path().string());
  }
  return *std::ranges::min_element(files);
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST_CASE("report refuses data that are damaged, gone or not those of the training",
          "[e2e][report][vqa]") {
  const Scenes scenes;
  const Refusals refused(scenes);
  const Arguments all{"--questions", "100"};
  // What is done to a file, and what the line about it has to say.
  const auto check = [&](const std::string& path, const auto& damage, const std::string& said) {
    CAPTURE(path, said);
    const std::string good = slurp(path);
    damage(good);
    const std::string err = refused.with(all);
    CHECK_THAT(err, Contains(said));
    write(path, good);
  };
  const std::string features = first_file(scenes.data + "/test");
  const std::string picture = std::filesystem::path(features).stem().string();
  check(
      features, [&](const std::string&) { std::filesystem::remove(features); }, "test");
  check(
      features, [&](const std::string& good) { write(features, good.substr(0, 200)); }, picture);

  const std::string questions = scenes.data + "/v2_OpenEnded_scenes_test_questions.json";
  check(
      questions, [&](const std::string& good) { write(questions, good + " "); }, "SHA-256");

  const std::string file = scenes.data + "/scenes_test.jsonl";
  const auto scene_file = [&](const auto& change, const std::string& said) {
    check(
        file, [&](std::string good) { write(file, change(std::move(good))); }, said);
  };
  scene_file([](const std::string& good) { return good.substr(0, good.size() - 30); },
             "scenes_test.jsonl:4: expected a JSON object");
  scene_file([](const std::string& good) { return good.substr(good.find('\n') + 1); },
             "scenes_test.jsonl: expected a scene of picture");
  scene_file(
      [](std::string good) {
        const std::size_t second = good.find("}, {") + 3;
        return good.erase(second, good.find("}, {", second) + 3 - second);
      },
      "expected a region an object of its scene");
  scene_file([](const std::string&) { return std::string("\xFF\xFE\n"); },
             "scenes_test.jsonl:1: expected a JSON object");

  const std::string model = first_file(scenes.path("soft"));
  check(
      model, [&](const std::string& good) { write(model, good.substr(0, good.size() / 2)); },
      model);
  // Whole again, all of them.
  CHECK(scenes.report(all).status == 0);

  // A page that is there stays as it was.
  const std::string page = slurp(scenes.path("r.html"));
  write(file, "");
  CHECK(scenes.report(all).status == 2);
  CHECK(slurp(scenes.path("r.html")) == page);
  // Without the scenes the boxes are drawn.
  std::filesystem::remove(file);
  REQUIRE(scenes.report({"--questions", "1"}).status == 0);
  CHECK(pictures(read_page(scenes.path("r.html")), "picture") == 1);
}

}  // namespace
}  // namespace attune::testing
