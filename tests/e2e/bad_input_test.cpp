#include <catch2/catch.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

TEST_CASE("A missing data folder, a damaged file and a full target exit with 2", "[e2e]") {
  const TemporaryFolder folder;
  const std::string broken = folder.write("broken.npz", "PK\x03\x04 and then nothing");
  const std::string text = folder.write("text.npz", "this is no archive");
  const std::string empty = folder.write("empty.npz", "");
  struct Case {
    std::vector<std::string> arguments;
    std::string says;
  };
  const std::vector<Case> cases{
      {{"train", "--dataset", "cora", "--data-dir", "/nowhere"}, "/nowhere"},
      {{"train", "--dataset", "cora", "--data-dir", folder.path()}, "ind.cora"},
      {{"train", "--dataset", broken}, "broken.npz"},
      {{"train", "--dataset", text}, "text.npz"},
      {{"train", "--dataset", empty}, "empty.npz"},
      {{"train", "--dataset", "citation-like:60", "--epochs", "2", "--json",
        "/nowhere/result.json"},
       "/nowhere"},
      {{"train", "--dataset", "citation-like:60", "--epochs", "2", "--out", broken}, "broken.npz"},
      {{"datasets", "generate", "--nodes", "50", "--output", "/nowhere/g.npz"}, "/nowhere"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.arguments);
    const CommandOutcome outcome = run_attune(one.arguments);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains(one.says));
  }
}

TEST_CASE("Training that diverges stops with epoch and loss named", "[e2e]") {
  const CommandOutcome outcome =
      run_attune({"train", "--dataset", "citation-like:100", "--lr", "1e30", "--epochs", "200"});
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, Catch::Contains("epoch"));
}

TEST_CASE("A damaged checkpoint is named", "[e2e]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  REQUIRE(run_attune({"train", "--dataset", "citation-like:60", "--epochs", "2", "--out", run})
              .status == 0);
  folder.write("run/checkpoint.json", "{\"format\": ");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"evaluate", "--checkpoint", run},
           {"predict", "--checkpoint", run, "--output", folder.path("p.csv")},
           {"train", "--dataset", "citation-like:60", "--epochs", "4", "--resume", run}}) {
    const CommandOutcome outcome = run_attune(arguments);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains("checkpoint.json"));
  }
  const std::vector<std::string> left = folder.files();
  CHECK(std::find(left.begin(), left.end(), "p.csv") == left.end());
}

}  // namespace
}  // namespace attune::testing
