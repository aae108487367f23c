// Damaged files of texts end in a clear error or in examples whose labels are in range. Never in a
// crash, and never in another kind of exception, which would end the test.

#include <random>

#include <catch2/catch.hpp>

#include "support/small_texts.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>

namespace attune::data {
namespace {

/// Whether it is refused; the error must be about the file and short enough to read.
bool refused(const testing::TemporaryFolder& folder, const testing::SmallText& text) {
  try {
    testing::read_small_text(text, folder.path());
  } catch (const FileError& error) {
    if (error.path().rfind(folder.path(), 0) != 0 || std::string(error.what()).size() > 1000) {
      FAIL("unclear error: " << error.what());
    }
    return true;
  }
  return false;
}

TEST_CASE("text tasks: files cut anywhere are refused or valid", "[data][property]") {
  for (const testing::SmallText& format : testing::small_texts()) {
    const testing::TemporaryFolder folder;
    folder.write(format.file, format.content);
    REQUIRE_FALSE(refused(folder, format));
    int stopped = 0;
    for (std::size_t length = 0; length < format.content.size(); ++length) {
      CAPTURE(format.reader, length);
      folder.write(format.file, format.content.substr(0, length));
      stopped += refused(folder, format) ? 1 : 0;
    }
    CHECK(stopped > 0);
  }
}

TEST_CASE("text tasks: files with bytes changed are refused or valid", "[data][property]") {
  std::mt19937 random(20261121);
  constexpr std::string_view kMeaningful = "\t\n\r,\"<>{}[]:\\# -.9e0";
  for (const testing::SmallText& format : testing::small_texts()) {
    const testing::TemporaryFolder folder;
    int stopped = 0;
    for (int i = 0; i < 250; ++i) {
      std::string damaged = format.content;
      for (auto changes = 1 + random() % 3; changes > 0; --changes) {
        damaged[random() % damaged.size()] = random() % 2 == 0
                                                 ? kMeaningful[random() % kMeaningful.size()]
                                                 : static_cast<char>(random() % 256);
      }
      CAPTURE(format.reader, damaged);
      folder.write(format.file, damaged);
      stopped += refused(folder, format) ? 1 : 0;
    }
    CHECK(stopped > 0);
  }
}

}  // namespace
}  // namespace attune::data
