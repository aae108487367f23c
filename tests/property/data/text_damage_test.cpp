// Damaged text data sets end in a clear error or in a valid data set. Never in a crash, which the
// sanitizers would see, and never in another kind of exception, which would end the test.

#include <map>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "support/effort.hpp"
#include "support/skip.hpp"
#include "support/small_datasets.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text_datasets.hpp>

namespace attune::data {

namespace {

using Files = std::map<std::string, std::string>;
using testing::small_text_datasets;
using Format = testing::SmallDataset;

constexpr int kFlips = testing::tries(1500);

/// Whether it is refused; the error must be about the data set and short enough to read.
bool refused(const std::string& folder, const std::string& path) {
  try {
    validate_nodes(load_text_dataset(path));
  } catch (const FileError& error) {
    if (error.path().rfind(folder, 0) != 0 || std::string(error.what()).size() > 1000) {
      FAIL("unclear error: " << error.what());
    }
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("text data sets: files cut anywhere are refused or valid", "[data][property]") {
  for (const Format& format : small_text_datasets()) {
    const testing::TemporaryFolder folder;
    for (const auto& [name, content] : format.files) {
      folder.write(name, content);
    }
    REQUIRE_FALSE(refused(folder.path(), folder.path() + format.entry));
    int stopped = 0;
    for (const auto& [name, content] : format.files) {
      for (std::size_t length = 0; length < content.size(); ++length) {
        CAPTURE(format.name, name, length);
        folder.write(name, content.substr(0, length));
        stopped += refused(folder.path(), folder.path() + format.entry) ? 1 : 0;
      }
      folder.write(name, content);
    }
    CHECK(stopped > 0);
  }
}

TEST_CASE("text data sets: files with bytes changed are refused or valid", "[data][property]") {
  std::mt19937 random(20261121);
  for (const Format& format : small_text_datasets()) {
    const testing::TemporaryFolder folder;
    for (const auto& [name, content] : format.files) {
      folder.write(name, content);
    }
    int stopped = 0;
    for (int i = 0; i < kFlips; ++i) {
      const auto file = std::next(format.files.begin(),
                                  static_cast<std::ptrdiff_t>(random() % format.files.size()));
      if (file->second.empty()) {
        continue;
      }
      std::string damaged = file->second;
      for (auto changes = 1 + random() % 3; changes > 0; --changes) {
        // As often as not by what means something to one of the formats.
        constexpr std::string_view kMeaningful = "\t\n\r,\"<>/='# -.9e0";
        const std::size_t at = random() % damaged.size();
        damaged[at] = random() % 2 == 0 ? kMeaningful[random() % kMeaningful.size()]
                                        : static_cast<char>(random() % 256);
      }
      CAPTURE(format.name, file->first, damaged);
      folder.write(file->first, damaged);
      stopped += refused(folder.path(), folder.path() + format.entry) ? 1 : 0;
      folder.write(file->first, file->second);
    }
    CHECK(stopped > 0);
  }
}

TEST_CASE("text data sets: public files of geom-gcn cut short are refused or valid",
          "[data][property]") {
  const auto data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const std::string source = *data + "/geom-gcn/new_data/texas/";
  const testing::TemporaryFolder folder;
  const Files files = {
      {"out1_graph_edges.txt", testing::slurp(source + "out1_graph_edges.txt")},
      {"out1_node_feature_label.txt", testing::slurp(source + "out1_node_feature_label.txt")}};
  for (const auto& [name, content] : files) {
    folder.write(name, content);
  }
  constexpr std::size_t kCuts = 60;
  for (const auto& [name, content] : files) {
    for (std::size_t cut = 0; cut < kCuts; ++cut) {
      CAPTURE(name, cut);
      folder.write(name, content.substr(0, content.size() * cut / kCuts));
      const bool stopped = refused(folder.path(), folder.path());
      // Fewer edges make another graph; fewer nodes contradict the edges.
      CHECK((stopped || name == "out1_graph_edges.txt"));
    }
    folder.write(name, content);
  }
}

}  // namespace attune::data
