#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;

TEST_CASE("bench measures what it is asked for, and writes it down", "[e2e]") {
  const TemporaryFolder folder;
  const std::string file = folder.path("bench.json");
  const CommandOutcome outcome = run_attune(
      {"bench", "--dataset", "citation-like:200", "--repeat", "1", "--models", "gat,gcn",
       "--aligns", "none,gan", "--positions", "32", "--in-channels", "4", "--json", file});
  CAPTURE(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, Catch::Contains("gat, gan"));
  const json result = json::parse(slurp(file));
  CHECK(result.at("machine").at("bytes_per_second") > 0);
  CHECK(result.at("machine").at("flops") > 0);
  const json& epochs = result.at("epoch");
  REQUIRE(epochs.size() == 3);  // gcn has no heads to align
  CHECK(epochs[0].at("to_plain") == 1);
  CHECK(epochs[1].at("align") == "gan");
  CHECK(epochs[1].at("align_parameters") > 0);
  CHECK(result.at("layers").size() == 6);
  CHECK(result.at("alignment").size() == 4);
  for (const char* section : {"epoch", "layers", "alignment"}) {
    for (const json& row : result.at(section)) {
      CHECK(row.at("ms") > 0);
    }
  }
}

TEST_CASE("bench leaves out the sections that nobody asked for, and refuses unknown ones",
          "[e2e]") {
  const TemporaryFolder folder;
  const std::string file = folder.path("bench.json");
  REQUIRE(
      run_attune({"bench", "--only", "alignment", "--positions", "16", "--repeat", "1", "--json",
                  file, "--dataset", "citation-like:100", "--quiet", "--distances", "mmd,gan"})
          .status == 0);
  const json result = json::parse(slurp(file));
  CHECK_FALSE(result.contains("epoch"));
  CHECK_FALSE(result.contains("layers"));
  CHECK(result.at("alignment").size() == 2);
  const CommandOutcome refused = run_attune({"bench", "--only", "kernels"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Catch::Contains("kernels"));
  for (const char* shape : {"8", "8x", "x8", "0x8", "8x8x8", "-1x8"}) {
    const CommandOutcome outcome = run_attune(
        {"bench", "--only", "layers", "--dataset", "citation-like:100", "--shapes", shape});
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains("--shapes"));
  }
}

}  // namespace
}  // namespace attune::testing
