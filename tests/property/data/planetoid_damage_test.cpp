// Damaged Planetoid files end in a clear error or in a valid data set. Never in a crash, which the
// sanitizers would see, and never in another kind of exception, which would end the test.

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "data/planetoid_files.hpp"
#include "data/planetoid_parts.hpp"
#include "support/effort.hpp"
#include "support/pickle_writer.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/planetoid.hpp>

namespace attune::data {

namespace {

using core::text;

constexpr int kCuts = testing::tries(50);
constexpr int kFlips = testing::tries(1000);

using Files = std::map<std::string, std::string>;  // from part to bytes

void parse(const std::string& part, const std::string& bytes, PlanetoidParts& out) {
  const std::string path = text("folder/", planetoid_file_name("set", part));
  if (part == "graph") {
    out.graph = parse_adjacency_lists(bytes, path);
  } else if (part == "test.index") {
    out.test_index = parse_test_index(bytes, path);
  } else if (part.back() == 'y') {
    (part == "y" ? out.y : part == "ty" ? out.ty : out.ally) = parse_label_rows(bytes, path);
  } else {
    (part == "x" ? out.x : part == "tx" ? out.tx : out.allx) = parse_feature_rows(bytes, path);
  }
}

PlanetoidParts parse_all(const Files& files) {
  PlanetoidParts parts;
  for (const auto& [part, bytes] : files) {
    parse(part, bytes, parts);
  }
  return parts;
}

/// Whether `load` ends in a FileError, which must be about the set and short enough to read.
template <class Load>
bool refused(const std::string& folder, Load load) {
  try {
    load();
  } catch (const FileError& error) {
    if (error.path().rfind(folder, 0) != 0 || std::string(error.what()).size() > 1000) {
      FAIL("unclear error: " << error.what());
    }
    return true;
  }
  return false;
}

/// The bytes with one of them changed. Every other change is near an end of the file, where pickles
/// of arrays have all their opcodes; a uniform choice would hit little but elements.
std::string flip(const std::string& bytes, int number, std::mt19937& random) {
  constexpr std::size_t kEnds = 1000;
  const std::size_t range = number % 2 == 0 ? bytes.size() : std::min(bytes.size(), kEnds);
  std::size_t at = random() % range;
  if (number % 4 == 3) {
    at = bytes.size() - 1 - at;
  }
  std::string damaged = bytes;
  damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1 + random() % 255));
  return damaged;
}

/// A cut takes two bytes at least: test.index without its last line feed is as good as with it.
void check_cuts(const Files& files) {
  const testing::TemporaryFolder folder;
  testing::write_planetoid(files, folder.path(), "set");
  for (const auto& [part, bytes] : files) {
    const std::string name = planetoid_file_name("set", part);
    for (std::size_t cut = 0; cut < kCuts; ++cut) {
      folder.write(name, bytes.substr(0, (bytes.size() - 1) * cut / kCuts));
      CAPTURE(name, cut);
      CHECK(
          refused(folder.path(), [&] { static_cast<void>(load_planetoid(folder.path(), "set")); }));
    }
    folder.write(name, bytes);
  }
  CHECK_NOTHROW(load_planetoid(folder.path(), "set"));
}

/// Parses every damaged file; of those that parse, one in `every` goes on to a whole data set.
void check_flips(const Files& files, int every) {
  const PlanetoidParts whole = parse_all(files);
  std::mt19937 random(20240607);
  for (const auto& [part, bytes] : files) {
    PlanetoidParts parts = whole;
    int parsed = 0;
    for (int i = 0; i < kFlips; ++i) {
      const std::string damaged = flip(bytes, i, random);
      CAPTURE(part, i);
      const bool stopped = refused("folder", [&, &name = part] { parse(name, damaged, parts); });
      if (!stopped && parsed++ % every == 0) {
        refused("folder", [&] { validate(assemble_planetoid(parts, "folder", "set")); });
      }
    }
    CAPTURE(part, parsed);
    CHECK(parsed > 0);
    CHECK(parsed < kFlips);
  }
}

Files published(const std::string& data, const std::string& name) {
  Files files;
  for (const std::string_view part : kPlanetoidParts) {
    files.emplace(part, testing::slurp(text(data, "/planetoid/", planetoid_file_name(name, part))));
  }
  return files;
}

}  // namespace

TEST_CASE("Planetoid: a small set with a file cut short is refused", "[data][property]") {
  check_cuts(testing::small_planetoid());
}

TEST_CASE("Planetoid: a small set with a byte flipped is refused or valid", "[data][property]") {
  check_flips(testing::small_planetoid(), 1);
}

TEST_CASE("Planetoid: Cora and CiteSeer with a file cut short are refused", "[data][property]") {
  const std::optional<std::string> data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  check_cuts(published(*data, "cora"));
  check_cuts(published(*data, "citeseer"));
}

TEST_CASE("Planetoid: Cora and CiteSeer with a byte flipped are refused or valid",
          "[data][property]") {
  const std::optional<std::string> data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  check_flips(published(*data, "cora"), 50);
  check_flips(published(*data, "citeseer"), 50);
}

}  // namespace attune::data
