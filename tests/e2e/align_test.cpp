#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;

json aligned_run(const TemporaryFolder& folder, std::vector<std::string> more,
                 const char* epochs = "15") {
  std::vector<std::string> arguments{"train",
                                     "--dataset",
                                     "citation-like:150",
                                     "--epochs",
                                     epochs,
                                     "--heads",
                                     "2",
                                     "--hidden-channels",
                                     "4",
                                     "--json",
                                     folder.path("r.json")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const CommandOutcome outcome = run_attune(arguments);
  CAPTURE(arguments, outcome.err);
  REQUIRE(outcome.status == 0);
  return json::parse(slurp(folder.path("r.json")));
}

TEST_CASE("Every distance trains, is reported and gives the same bits on any threads",
          "[e2e][align]") {
  const TemporaryFolder folder;
  for (const char* kind : {"gan", "ot", "ct", "mmd"}) {
    CAPTURE(kind);
    const json one = aligned_run(folder, {"--align", kind, "--threads", "1"});
    CHECK(one.at("align") == kind);
    CHECK(one.at("align_weight") == 0.01);
    const json& run = one.at("runs").at(0);
    CHECK(run.at("align_loss") != 0.0);
    CHECK(run.at("mmd") > 0.0);
    const json four = aligned_run(folder, {"--align", kind, "--threads", "4"});
    CHECK(four.at("runs").at(0).at("weights_sha256") == run.at("weights_sha256"));
    CHECK(four.at("runs").at(0).at("align_loss") == run.at("align_loss"));
  }
}

TEST_CASE("Alignment of weight 0 trains what no alignment trains", "[e2e][align]") {
  const TemporaryFolder folder;
  const json plain = aligned_run(folder, {});
  const json zero = aligned_run(folder, {"--align", "ct", "--align-weight", "0"});
  CHECK(zero.at("runs").at(0).at("weights_sha256") == plain.at("runs").at(0).at("weights_sha256"));
}

TEST_CASE("An aligned run is resumed to the bit, and not with another distance", "[e2e][align]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  const json whole = aligned_run(folder, {"--align", "gan"});
  (void)aligned_run(folder, {"--align", "gan", "--out", run}, "7");
  const json resumed = aligned_run(folder, {"--align", "gan", "--resume", run});
  CHECK(resumed.at("runs").at(0).at("weights_sha256") ==
        whole.at("runs").at(0).at("weights_sha256"));
  const CommandOutcome other =
      run_attune({"train", "--dataset", "citation-like:150", "--epochs", "20", "--heads", "2",
                  "--hidden-channels", "4", "--align", "ct", "--resume", run});
  CHECK(other.status == 2);
  CHECK_THAT(other.err, Catch::Contains("align"));
}

TEST_CASE("Options of alignment that cannot be exit with 2 and name themselves", "[e2e][align]") {
  struct Case {
    std::vector<std::string> options;
    std::string says;
  };
  const std::vector<Case> cases{{{"--align", "ct", "--align-weight", "-1"}, "weight"},
                                {{"--align", "ct", "--align-weight", "nan"}, "weight"},
                                {{"--align", "ot", "--ot-eps", "0"}, "eps"},
                                {{"--align", "ot", "--align-support", "edges"}, "edges"},
                                {{"--align", "ct", "--ct-rho", "1.5"}, "rho"},
                                {{"--align", "ct", "--align-hidden", "0"}, "hidden"},
                                {{"--align", "ct", "--align-samples", "-3"}, "samples"},
                                {{"--align", "mmd", "--mmd-sigma", "0"}, "sigma"},
                                {{"--align", "ct", "--model", "gcn"}, "no attention layer"},
                                {{"--align", "cct"}, "cct"}};
  for (const Case& one : cases) {
    std::vector<std::string> arguments{"train", "--dataset", "citation-like:60", "--epochs", "2"};
    arguments.insert(arguments.end(), one.options.begin(), one.options.end());
    CAPTURE(arguments);
    const CommandOutcome outcome = run_attune(arguments);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains(one.says));
  }
}

}  // namespace
}  // namespace attune::testing
