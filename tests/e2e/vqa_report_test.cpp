#include <algorithm>
#include <filesystem>
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

TEST_CASE("report refuses runs and questions that do not fit", "[e2e][report][vqa]") {
  const Scenes scenes;
  const auto refused = [&](const Arguments& more) {
    const CommandOutcome outcome = scenes.report(more);
    CHECK(outcome.status == 2);
    CHECK_FALSE(std::filesystem::exists(scenes.path("r.html")));
    return outcome.err;
  };
  CHECK_THAT(refused({"--question", "7"}), Contains("--question: expected the number"));
  CHECK_THAT(refused({"--against", scenes.path("nowhere")}), Contains("nowhere"));
  CHECK_THAT(refused({"--node", "1"}), Contains("--node"));

  const std::string other = scenes.path("other");
  REQUIRE(run_attune({"vqa", "generate", "--output", other, "--train-scenes", "12",
                      "--validation-scenes", "4", "--test-scenes", "0", "--channels", "8"})
              .status == 0);
  const auto about = [&](const std::string& run, const Arguments& more) {
    Arguments arguments{"report", run, "--output", scenes.path("r.html")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandOutcome outcome = run_attune(arguments);
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  CHECK_THAT(about(scenes.path("soft"), {}), Contains("--data"));
  CHECK_THAT(about(scenes.path("soft"), {"--data", other}), Contains("SHA-256"));
  CHECK_THAT(about(scenes.path("nowhere"), {}), Contains("nowhere"));
  CHECK_THAT(about(scenes.path("nowhere"), {"--data", other}), Contains("vqa_model.json"));
  REQUIRE(train(other, scenes.path("short")).status == 0);
  CHECK_THAT(about(scenes.path("short"), {"--data", other, "--part", "test"}),
             Contains("no test part"));
}

}  // namespace
}  // namespace attune::testing
