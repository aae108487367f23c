// Damaged .npz data sets end in a clear error or in a valid data set. Never in a crash, which the
// sanitizers would see, and never in another kind of exception, which would end the test.

#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/npz_dataset.hpp>

namespace attune::data {

namespace {

constexpr std::size_t kCuts = 40;
constexpr int kFlips = 400;

// Whether it is refused; the error must be about the file and short enough to read.
bool refused(const std::string& path) {
  try {
    validate_nodes(load_npz(path));
  } catch (const FileError& error) {
    if (error.path().rfind(path, 0) != 0 || std::string(error.what()).size() > 1000) {
      FAIL("unclear error: " << error.what());
    }
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("npz data set: a public file cut short is refused", "[data][property]") {
  const auto data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const char* name = GENERATE("heterophilous/texas.npz", "npz/gnn-benchmark/cora.npz");
  const std::string whole = testing::slurp(*data + "/" + name);
  const testing::TemporaryFolder folder;
  for (std::size_t cut = 0; cut < kCuts; ++cut) {
    CAPTURE(name, cut);
    CHECK(refused(folder.write("x.npz", whole.substr(0, (whole.size() - 1) * cut / kCuts))));
  }
}

TEST_CASE("npz data set: a public file with a byte flipped is refused or valid",
          "[data][property]") {
  const auto data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const char* name = GENERATE("heterophilous/texas.npz", "heterophilous/cornell.npz");
  const std::string whole = testing::slurp(*data + "/" + name);
  const testing::TemporaryFolder folder;
  std::mt19937 random(20261121);
  int stopped = 0;
  for (int i = 0; i < kFlips; ++i) {
    std::string damaged = whole;
    // Every other change is in the directory at the end, where all sizes are.
    const std::size_t range = i % 2 == 0 ? whole.size() : 600;
    const std::size_t at = whole.size() - 1 - random() % range;
    damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1 + random() % 255));
    CAPTURE(name, i, at);
    stopped += refused(folder.write("x.npz", damaged)) ? 1 : 0;
  }
  CHECK(stopped > kFlips / 2);  // CRC-32 sees every change of an element
}

}  // namespace attune::data
