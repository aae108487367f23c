#include <filesystem>
#include <map>
#include <optional>

#include <catch2/catch.hpp>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/fetch.hpp>
#include <attune/data/planetoid.hpp>

namespace attune::data {

namespace {

using Catch::Contains;
using core::text;
using testing::slurp;
using testing::TemporaryFolder;

std::string error_of(const std::string& name, const std::string& target, const std::string& base) {
  try {
    fetch_dataset(name, target, base);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Of ind.cora.allx as published.
constexpr const char* kCoraAllx =
    "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543";

}  // namespace

TEST_CASE("fetch: Cora comes by file:// and by folder, is checked and loads", "[data]") {
  const std::optional<std::string> data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const std::string origin = std::filesystem::absolute(*data + "/planetoid").string();
  for (const std::string& base : {text("file://", origin), text("file://", origin, "/"), origin}) {
    CAPTURE(base);
    const TemporaryFolder target;
    const std::vector<FetchedFile> files = fetch_dataset("cora", target.path("new/folder"), base);
    REQUIRE(files.size() == 8);
    for (const FetchedFile& file : files) {
      CHECK(file.downloaded);
      CHECK(file.bytes == static_cast<std::int64_t>(slurp(file.path).size()));
    }
    CHECK(target.files().size() == 8);
    CHECK(load_planetoid(target.path("new/folder/planetoid"), "cora").num_nodes() == 2708);
  }
}

TEST_CASE("fetch: files in place are kept, damaged ones replaced", "[data]") {
  const std::optional<std::string> data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const std::string origin = *data + "/planetoid";
  const TemporaryFolder target;
  fetch_dataset("cora", target.path(), origin);
  std::string damaged = slurp(target.path("planetoid/ind.cora.tx"));
  damaged[1000] = static_cast<char>(damaged[1000] ^ 1);
  target.write("planetoid/ind.cora.tx", damaged);
  target.write("planetoid/ind.cora.y", "short");
  const auto ending = [](const std::string& path, std::string_view end) {
    return path.size() >= end.size() && path.substr(path.size() - end.size()) == end;
  };
  for (const FetchedFile& file : fetch_dataset("cora", target.path(), origin)) {
    CAPTURE(file.path);
    CHECK(file.downloaded == (ending(file.path, ".tx") || ending(file.path, "cora.y")));
  }
  CHECK(slurp(target.path("planetoid/ind.cora.tx")) == slurp(origin + "/ind.cora.tx"));
  // With everything in place the origin is not even asked.
  CHECK(error_of("cora", target.path(), "file:///no/such/folder") == "no error");
}

TEST_CASE("fetch: another content than published is refused and leaves nothing", "[data]") {
  const TemporaryFolder origin;
  const TemporaryFolder target;
  origin.write("ind.cora.allx", "not what was published");
  for (const std::string& base : {text("file://", origin.path()), origin.path()}) {
    const std::string error = error_of("cora", target.path(), base);
    CHECK_THAT(error, Contains(text(base, "/ind.cora.allx: expected SHA-256 ", kCoraAllx)));
    CHECK_THAT(
        error,
        Contains(
            "found 28fe8f955382eb143d6bdedd2568d203576c38d992d1ed54f29400a02f8ed3cd (22 bytes)"));
    CHECK(target.files().empty());
  }
}

TEST_CASE("fetch: what is longer than published is stopped and leaves nothing", "[data]") {
  const TemporaryFolder origin;
  const TemporaryFolder target;
  origin.write("ind.cora.allx", std::string(257305 + 1, 'x'));
  for (const std::string& base : {text("file://", origin.path()), origin.path()}) {
    CHECK_THAT(error_of("cora", target.path(), base), Contains("expected at most 257305 bytes"));
    CHECK(target.files().empty());
  }
}

TEST_CASE("fetch: a transfer that fails names the address and where to save by hand", "[data]") {
  const TemporaryFolder target;
  const std::string save = target.path("planetoid/ind.cora.allx");
  for (const char* base : {"file:///no/such/folder", "/no/such/folder", "gopher://localhost",
                           "http://127.0.0.1:1", "no-such-scheme://x"}) {
    CAPTURE(base);
    const std::string error = error_of("cora", target.path(), base);
    CHECK_THAT(error, Contains(text(base, "/ind.cora.allx: cannot ")));
    CHECK_THAT(error, Contains(text("to fetch it by hand, save it as ", save)));
    CHECK(target.files().empty());
  }
}

TEST_CASE("fetch: a target that cannot be written is an error", "[data]") {
  const std::optional<std::string> data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const TemporaryFolder target;
  target.write("planetoid", "a file where the folder should be");
  CHECK_THAT(error_of("cora", target.path(), *data + "/planetoid"),
             Contains("planetoid: cannot create the folder"));
  CHECK(target.files().size() == 1);
}

TEST_CASE("fetch: an unknown name is refused and near ones are offered", "[data]") {
  const TemporaryFolder target;
  CHECK_THAT(error_of("citeser", target.path(), ""),
             Contains("no data set \"citeser\" is published (did you mean \"citeseer\"?)"));
  CHECK_THROWS_AS(fetch_dataset("../../etc", target.path()), InvalidArgument);
}

}  // namespace attune::data
