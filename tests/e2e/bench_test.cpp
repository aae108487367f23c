#include <map>
#include <set>
#include <string>

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
  for (const char* section : {"epoch", "layers", "alignment", "kernels"}) {
    for (const json& row : result.at(section)) {
      CHECK(row.at("ms") > 0);
    }
  }
}

TEST_CASE("bench holds every kernel against what the machine allows", "[e2e]") {
  const TemporaryFolder folder;
  const std::string file = folder.path("bench.json");
  const CommandOutcome outcome =
      run_attune({"bench", "--only", "kernels", "--dataset", "citation-like:200", "--repeat", "1",
                  "--shapes", "2x4", "--positions", "32", "--in-channels", "4", "--json", file});
  CAPTURE(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, Catch::Contains("of the bound"));
  const json result = json::parse(slurp(file));
  CHECK_FALSE(result.contains("epoch"));
  CHECK(result.at("machine").at("copies").size() > 3);
  std::map<std::string, std::set<std::string>> passes;
  for (const json& row : result.at("kernels")) {
    passes[row.at("kernel")].insert(row.at("pass").get<std::string>());
    CAPTURE(row.dump());
    CHECK(row.at("bytes") > 0);
    CHECK(row.at("operations") > 0);
    CHECK(row.at("touched_bytes") > 0);
    CHECK(row.at("bound_ms") > 0);
    CHECK((row.at("bound") == "bytes" || row.at("bound") == "operations"));
    CHECK(row.at("percent").get<double>() ==
          Approx(100 * row.at("bound_ms").get<double>() / row.at("ms").get<double>()));
    CHECK_THAT(outcome.out, Catch::Contains(row.at("kernel").get<std::string>()));
  }
  const std::set<std::string> both{"forward", "backward"};
  for (const char* kernel :
       {"sparse features x dense", "dense x dense", "dropout", "bias and ELU", "GCN propagation",
        "edge softmax", "GAT attention", "GATv2 attention", "dot attention"}) {
    CAPTURE(kernel);
    CHECK(passes[kernel] == both);
  }
  CHECK(passes["dropout of sparse features"] == std::set<std::string>{"forward"});
  CHECK(passes["Adam"] == std::set<std::string>{"step"});
  for (const char* distance :
       {"distance gan", "distance ct", "distance mmd", "distance ot, 10 pairs"}) {
    CAPTURE(distance);
    CHECK(passes[distance] == std::set<std::string>{"both"});
  }
}

TEST_CASE("bench: optimal transport stops after as many pairs as it is told", "[e2e]") {
  const TemporaryFolder folder;
  const auto ms = [&](const char* pairs) {
    const std::string file = folder.path("bench.json");
    const CommandOutcome outcome = run_attune(
        {"bench", "--only", "alignment", "--dataset", "citation-like:100", "--distances", "ot",
         "--positions", "512", "--repeat", "3", "--ot-iterations", pairs, "--json", file});
    CAPTURE(outcome.err);
    REQUIRE(outcome.status == 0);
    return json::parse(slurp(file)).at("alignment").at(0).at("ms").get<double>();
  };
  CHECK(ms("1") < ms("60"));
  CHECK(run_attune({"bench", "--only", "alignment", "--ot-iterations", "0"}).status == 2);
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
  const CommandOutcome refused = run_attune({"bench", "--only", "kernel"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Catch::Contains("kernel"));
  for (const char* shape : {"8", "8x", "x8", "0x8", "8x8x8", "-1x8"}) {
    const CommandOutcome outcome = run_attune(
        {"bench", "--only", "layers", "--dataset", "citation-like:100", "--shapes", shape});
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains("--shapes"));
  }
}

}  // namespace
}  // namespace attune::testing
