#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include "support/pickle_writer.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/native_npz.hpp>
#include <attune/data/registry.hpp>

namespace attune::data {

namespace {

using Catch::Contains;
using core::text;
using testing::TemporaryFolder;

/// Sets an environment variable until the end of its scope; null unsets it.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) {
      before_ = before;
    }
    set(value);
  }
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) const {
    if (value == nullptr) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, value, 1);
    }
  }

  const char* name_;
  std::optional<std::string> before_;
};

/// The working directory is another one until the end of the scope.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::string& path) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(path);
  }
  ~WorkingDirectory() { std::filesystem::current_path(before_); }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;

 private:
  std::filesystem::path before_;
};

/// Nothing of this machine: all folders that are looked in are below one that is empty at first.
struct Sandbox {
  TemporaryFolder root;
  Environment data{"ATTUNE_DATA", root.path("environment").c_str()};
  Environment cache{"XDG_CACHE_HOME", root.path("cache").c_str()};
  WorkingDirectory here{root.path()};

  [[nodiscard]] std::string place(int number) const {
    return root.path(std::vector<const char*>{"option", "environment", "datasets",
                                              "cache/attune/datasets"}[number]);
  }
};

std::string error_of(const std::string& name, const std::string& data_dir = {}) {
  try {
    static_cast<void>(load_dataset(name, data_dir));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("registry: folders are tried in order: option, environment, datasets, cache", "[data]") {
  const Environment data("ATTUNE_DATA", "/environment");
  const Environment cache("XDG_CACHE_HOME", "/cache");
  CHECK(data_folders("/option") ==
        std::vector<std::string>{"/option", "/environment", "datasets", "/cache/attune/datasets"});
  CHECK(data_folders() ==
        std::vector<std::string>{"/environment", "datasets", "/cache/attune/datasets"});
  const Environment unset("ATTUNE_DATA", nullptr);
  CHECK(data_folders() == std::vector<std::string>{"datasets", "/cache/attune/datasets"});
}

TEST_CASE("registry: the cache is below the home folder unless XDG says otherwise", "[data]") {
  const Environment home("HOME", "/home/someone");
  const Environment relative("XDG_CACHE_HOME", "relative");
  CHECK(default_data_folder() == "/home/someone/.cache/attune/datasets");
  const Environment unset("XDG_CACHE_HOME", nullptr);
  CHECK(default_data_folder() == "/home/someone/.cache/attune/datasets");
  const Environment homeless("HOME", nullptr);
  CHECK(default_data_folder().empty());
}

TEST_CASE("registry: an earlier folder goes before a later one", "[data]") {
  const Sandbox sandbox;
  for (int number = 3; number >= 0; --number) {
    testing::write_planetoid(testing::small_planetoid(), sandbox.place(number) + "/planetoid",
                             "cora");
    const NodeDataset dataset =
        load_dataset("cora", number == 0 ? sandbox.place(0) : std::string());
    const std::string expected = number == 2 ? "datasets" : sandbox.place(number);
    CHECK(dataset.source == text("Planetoid files in ", expected, "/planetoid"));
  }
}

TEST_CASE("registry: the files may also lie in the folder itself", "[data]") {
  const Sandbox sandbox;
  testing::write_planetoid(testing::small_planetoid(), sandbox.place(0), "citeseer");
  CHECK(load_dataset("citeseer", sandbox.place(0)).num_nodes() == 9);
}

TEST_CASE("registry: a complete set later goes before an incomplete one earlier", "[data]") {
  const Sandbox sandbox;
  std::map<std::string, std::string> parts = testing::small_planetoid();
  parts.erase("allx");
  testing::write_planetoid(parts, sandbox.place(1) + "/planetoid", "pubmed");
  CHECK_THAT(error_of("pubmed"),
             Contains(sandbox.place(1) + "/planetoid/ind.pubmed.allx: missing"));
  testing::write_planetoid(testing::small_planetoid(), sandbox.place(3) + "/planetoid", "pubmed");
  CHECK(load_dataset("pubmed").num_nodes() == 9);
}

TEST_CASE("registry: no other copy stands in for an incomplete one that was asked for", "[data]") {
  const Sandbox sandbox;
  std::map<std::string, std::string> parts = testing::small_planetoid();
  parts.erase("graph");
  testing::write_planetoid(parts, sandbox.place(0) + "/planetoid", "cora");
  testing::write_planetoid(testing::small_planetoid(), sandbox.place(1) + "/planetoid", "cora");
  CHECK_THAT(error_of("cora", sandbox.place(0)), Contains("/planetoid/ind.cora.graph: missing"));
}

TEST_CASE("registry: data found nowhere says where it was looked for and how to get it", "[data]") {
  const Sandbox sandbox;
  std::filesystem::create_directories(sandbox.place(0));
  const std::string error = error_of("cora", sandbox.place(0));
  CHECK_THAT(error, Contains("planetoid/ind.cora.allx: not found in " + sandbox.place(0) + ", " +
                             sandbox.place(1) + ", datasets, " + sandbox.place(3)));
  CHECK_THAT(error, Contains("`attune datasets fetch cora`"));
}

TEST_CASE("registry: a data folder that does not exist is an error, whatever else does", "[data]") {
  const Sandbox sandbox;
  testing::write_planetoid(testing::small_planetoid(), sandbox.place(1) + "/planetoid", "cora");
  CHECK_THAT(error_of("cora", sandbox.root.path("nowhere")),
             Contains("nowhere: expected a folder with data sets"));
}

TEST_CASE("registry: an unknown name offers near ones and all", "[data]") {
  CHECK_THROWS_AS(load_dataset("corra"), InvalidArgument);
  CHECK_THAT(error_of("corra"), Contains("unknown data set \"corra\" (did you mean \"cora\"?)") &&
                                    Contains("citeseer, pubmed"));
  CHECK_THROWS_AS(load_dataset(""), InvalidArgument);
}

TEST_CASE("registry: a published .npz set that is not there says how to get it", "[data]") {
  const Sandbox sandbox;
  CHECK_THAT(error_of("texas"), Contains("heterophilous/texas.npz: not found in ") &&
                                    Contains("`attune datasets fetch texas`"));
  CHECK_THAT(error_of("gnn-benchmark/cora"), Contains("npz/gnn-benchmark/cora.npz: not found"));
  CHECK_THAT(error_of("texas", sandbox.root.path("nowhere")), Contains("expected a folder"));
}

TEST_CASE("registry: a data set comes with the split that was asked for", "[data]") {
  CHECK(load_dataset("citation-like:300").split_name == "public");
  CHECK(load_dataset("citation-like:300", "", "fraction:0.5/0.2:3").split_name ==
        "fraction:0.5/0.2:3");
  CHECK(load_dataset("citation-like:300", "", "kfold:5:all", 8).split_name == "kfold:5:8");
  CHECK_THROWS_AS(load_dataset("citation-like:300", "", "7"), InvalidArgument);
}

TEST_CASE("registry: a path that ends in .npz is read in attune's own layout", "[data]") {
  const Sandbox sandbox;
  testing::write_planetoid(testing::small_planetoid(), sandbox.place(0), "cora");
  const NodeDataset saved = load_dataset("cora", sandbox.place(0));
  save_native_npz(sandbox.root.path("here.npz"), saved);
  save_native_npz(sandbox.place(0) + "/there.npz", saved);
  CHECK(load_dataset("here.npz").labels == saved.labels);
  CHECK(load_dataset(sandbox.root.path("here.npz")).labels == saved.labels);
  CHECK(load_dataset("there.npz", sandbox.place(0)).labels == saved.labels);
  CHECK_THAT(error_of("there.npz"),
             Contains("there.npz: not found, nor in " + sandbox.place(1) + ", datasets"));
  CHECK_THAT(error_of("/there.npz"), Contains("/there.npz: not found"));
  CHECK_THROWS_AS(load_dataset(".npz"), FileError);
}

TEST_CASE("registry: citation-like is generated, of as many nodes as asked for", "[data]") {
  CHECK(load_dataset("citation-like").num_nodes() == 2708);
  const NodeDataset dataset = load_dataset("citation-like:300");
  CHECK(dataset.num_nodes() == 300);
  CHECK(dataset.name == "citation-like:300");
  CHECK(load_dataset(dataset.name).sha256 == dataset.sha256);
}

TEST_CASE("registry: citation-like with anything but a sensible number is refused", "[data]") {
  for (const char* name : {"citation-like:", "citation-like:x", "citation-like:300x",
                           "citation-like: 300", "citation-like:99999999999999999999",
                           "citation-like:0", "citation-like:-5", "citation-like:9999999999"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(load_dataset(name), InvalidArgument);
  }
  CHECK_THAT(error_of("citation-like:x"), Contains("expected citation-like:N"));
  CHECK_THAT(error_of("citation-likes"), Contains("did you mean \"citation-like\"?"));
}

TEST_CASE("registry: every data set is listed with a line about it", "[data]") {
  const std::vector<KnownDataset> known = known_datasets();
  REQUIRE(known.size() == 21);
  CHECK(known.front().name == "cora");
  CHECK(known.front().fetchable);
  CHECK(known.back().name == "citation-like");
  CHECK_FALSE(known.back().fetchable);
  for (const KnownDataset& dataset : known) {
    CHECK_FALSE(dataset.summary.empty());
  }
}

}  // namespace attune::data
