#include <csignal>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using Catch::Contains;
using nlohmann::json;

CommandOutcome generate(const std::string& folder, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"vqa",
                                     "generate",
                                     "--output",
                                     folder,
                                     "--seed",
                                     "3",
                                     "--train-scenes",
                                     "120",
                                     "--validation-scenes",
                                     "30",
                                     "--test-scenes",
                                     "30",
                                     "--channels",
                                     "8"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_attune(arguments);
}

TEST_CASE("vqa generate: makes a data set that vqa info describes", "[e2e][vqa]") {
  const TemporaryFolder folder;
  const CommandOutcome made = generate(folder.path("scenes"), {"--json", folder.path("g.json")});
  REQUIRE(made.status == 0);
  CHECK_THAT(made.out, Contains("scenes 120 to train with"));
  const json report = json::parse(slurp(folder.path("g.json")));
  const CommandOutcome info =
      run_attune({"vqa", "info", "--data", folder.path("scenes"), "--json", folder.path("i.json")});
  REQUIRE(info.status == 0);
  CHECK_THAT(info.out, Contains("existence") && Contains("two hops") && Contains("8 channels"));
  const json data = json::parse(slurp(folder.path("i.json"))).at("data");
  CHECK(data.at("name") == "scenes");
  CHECK(data.at("region_channels") == 8);
  REQUIRE(data.at("parts").size() == 3);
  const json& train = data.at("parts")[0];
  CHECK(train.at("pictures") == 120);
  CHECK(train.at("questions") == report.at("parts").at("train").at("questions"));
  CHECK(train.at("types").at("spatial").at("usual_share") == Approx(0.5).margin(0.02));
  CHECK(data.at("guesses").at("by_type").get<double>() < 0.5);
  CHECK(data.at("guesses").at("by_words").get<double>() < 0.5);
}

TEST_CASE("vqa generate: refuses a folder that has something in it", "[e2e][vqa]") {
  const TemporaryFolder folder;
  folder.write("scenes/mine.txt", "text");
  const CommandOutcome again = generate(folder.path("scenes"));
  CHECK(again.status == 2);
  CHECK_THAT(again.err, Contains("expected a new or an empty folder"));
  CHECK(folder.files() == std::vector<std::string>{"scenes/mine.txt"});
  const CommandOutcome wrong = generate(folder.path("other"), {"--questions", "0"});
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.err, Contains("questions_per_scene must be 1 to 60, got 0"));
}

TEST_CASE("vqa generate: what was killed is not read as a data set", "[e2e][vqa]") {
  const TemporaryFolder folder;
  const CommandOutcome killed = run_attune(
      {"vqa", "generate", "--output", folder.path("scenes"), "--train-scenes", "1000000"},
      {.kill_signal = SIGKILL, .kill_after = std::chrono::milliseconds(700)});
  REQUIRE(killed.status == 128 + SIGKILL);
  REQUIRE_FALSE(folder.files().empty());
  const CommandOutcome info = run_attune({"vqa", "info", "--data", folder.path("scenes")});
  CHECK(info.status == 2);
  CHECK_THAT(info.err, Contains("expected v2_OpenEnded_NAME_PART_questions.json"));
  CHECK(generate(folder.path("scenes")).status == 2);
}

TEST_CASE("vqa info: counts the parameters of the published model", "[e2e][vqa]") {
  const TemporaryFolder folder;
  const CommandOutcome info =
      run_attune({"vqa", "info", "--model", "--json", folder.path("m.json")});
  REQUIRE(info.status == 0);
  CHECK_THAT(info.out, Contains("43,097,611") && Contains("43,172,627"));
  const json model = json::parse(slurp(folder.path("m.json"))).at("model");
  std::int64_t sum = 0;
  for (const json& component : model.at("components")) {
    sum += component.get<std::int64_t>();
  }
  CHECK(sum == model.at("parameters"));
  // The self-attention of four layers and four, each with a discriminator of 64 channels.
  CHECK(model.at("discriminators") == 8 * (2 * 64 * 64 + 2 * 64 + 16 * 64 + 2 * 16 + 1));
}

TEST_CASE("vqa info: says what it needs", "[e2e][vqa]") {
  CHECK_THAT(run_attune({"vqa", "info"}).err, Contains("expected --data DIR, --model or both"));
  const CommandOutcome none = run_attune({"vqa", "info", "--data", "/nowhere"});
  CHECK(none.status == 2);
  CHECK_THAT(none.err, Contains("/nowhere: expected a folder"));
}

}  // namespace
}  // namespace attune::testing
