#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/split.hpp>
#include <attune/graph/builder.hpp>

namespace attune::data {

namespace {

using Catch::Contains;
using core::text;
using Nodes = std::vector<std::int64_t>;

/// `sizes[c]` nodes of class c, one after the other, then five without a label.
NodeDataset with_classes(const std::vector<std::int64_t>& sizes) {
  NodeDataset dataset;
  dataset.name = "toy";
  for (std::size_t label = 0; label < sizes.size(); ++label) {
    dataset.labels.insert(dataset.labels.end(), static_cast<std::size_t>(sizes[label]),
                          static_cast<std::int32_t>(label));
  }
  dataset.labels.insert(dataset.labels.end(), 5, -1);
  dataset.num_classes = std::ssize(sizes);
  dataset.graph = graph::from_edges(std::ssize(dataset.labels), {});
  return dataset;
}

Nodes count_by_class(const NodeDataset& dataset, const Nodes& part) {
  Nodes counts(static_cast<std::size_t>(dataset.num_classes), 0);
  for (const std::int64_t node : part) {
    ++counts[dataset.labels[node]];
  }
  return counts;
}

std::string error_of(const NodeDataset& dataset, const std::string& rule) {
  try {
    static_cast<void>(with_split(dataset, rule));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

NodeDataset with_two_splits() {
  NodeDataset dataset = with_classes({2, 2});
  dataset.splits = {{.train = {0, 2}, .validation = {1}, .test = {3}},
                    {.train = {1, 3}, .validation = {0}, .test = {2}}};
  return dataset;
}

}  // namespace

TEST_CASE("split: random takes 20 and 30 nodes a class and tests the rest", "[data]") {
  const NodeDataset dataset = with_split(with_classes({60, 51, 200}), "random");
  CHECK(dataset.split_name == "random:0");
  CHECK(count_by_class(dataset, dataset.split.train) == Nodes{20, 20, 20});
  CHECK(count_by_class(dataset, dataset.split.validation) == Nodes{30, 30, 30});
  CHECK(count_by_class(dataset, dataset.split.test) == Nodes{10, 1, 150});
}

TEST_CASE("split: every labelled node is in one part of a drawn split", "[data]") {
  const char* rule = GENERATE("random:4", "per-class:3/2:1", "fraction:0.6/0.2:9", "kfold:5:3");
  CAPTURE(rule);
  const NodeDataset dataset = with_split(with_classes({60, 51, 200}), rule);
  std::vector<std::int64_t> all = dataset.split.train;
  all.insert(all.end(), dataset.split.validation.begin(), dataset.split.validation.end());
  all.insert(all.end(), dataset.split.test.begin(), dataset.split.test.end());
  std::sort(all.begin(), all.end());
  REQUIRE(std::ssize(all) == 311);
  for (std::int64_t node = 0; node < 311; ++node) {
    REQUIRE(all[node] == node);
  }
}

TEST_CASE("split: the same rule gives the same nodes, another seed others", "[data]") {
  const NodeDataset toy = with_classes({60, 60});
  for (const char* kind : {"random", "per-class:5/5", "fraction:0.5/0.2"}) {
    CAPTURE(kind);
    const NodeSplit one = with_split(toy, text(kind, ":1")).split;
    CHECK(with_split(toy, text(kind, ":1")).split.train == one.train);
    CHECK(with_split(toy, text(kind, ":2")).split.train != one.train);
    CHECK(with_split(toy, kind).split.train == with_split(toy, text(kind, ":0")).split.train);
  }
}

TEST_CASE("split: the nodes of a drawn split are those of every earlier version", "[data]") {
  // Published results name a split by its seed alone.
  const NodeSplit split = with_split(with_classes({6, 6}), "per-class:2/1:7").split;
  CHECK(split.train == Nodes{0, 2, 7, 10});
  CHECK(split.validation == Nodes{1, 9});
}

TEST_CASE("split: fractions are of each class, and a class of one node is trained on", "[data]") {
  const NodeDataset dataset = with_split(with_classes({100, 1, 2, 10}), "fraction:0.6/0.2");
  CHECK(count_by_class(dataset, dataset.split.train) == Nodes{60, 1, 1, 6});
  CHECK(count_by_class(dataset, dataset.split.validation) == Nodes{20, 0, 1, 2});
  CHECK(count_by_class(dataset, dataset.split.test) == Nodes{20, 0, 0, 2});
  CHECK(with_split(with_classes({3, 3}), "fraction:1/0").split.test.empty());
  CHECK(with_split(with_classes({3, 3}), "fraction:0/0").split.train.size() == 2);
}

TEST_CASE("split: every node is tested once in k folds, classes spread evenly", "[data]") {
  const NodeDataset toy = with_classes({20, 7, 1});
  std::multiset<std::int64_t> tested;
  for (int fold = 0; fold < 4; ++fold) {
    const NodeSplit split = with_split(toy, text("kfold:4:", fold)).split;
    tested.insert(split.test.begin(), split.test.end());
    CHECK(split.test.size() == 7);
    CHECK(count_by_class(toy, split.test)[0] == 5);
    CHECK(split.validation == with_split(toy, text("kfold:4:", (fold + 1) % 4)).split.test);
  }
  CHECK(tested.size() == 28);
  CHECK(std::set<std::int64_t>(tested.begin(), tested.end()).size() == 28);
  CHECK(with_split(toy, "kfold:4:4").split.test != with_split(toy, "kfold:4:0").split.test);
}

TEST_CASE("split: published splits go by their numbers", "[data]") {
  const NodeDataset toy = with_two_splits();
  CHECK(with_split(toy, "").split_name == "0");
  CHECK(with_split(toy, "1").split.train == Nodes{1, 3});
  CHECK_THAT(error_of(toy, "2"), Contains("split \"2\": data set toy brings splits 0 to 1"));
  CHECK_THAT(error_of(toy, "public"), Contains("brings 2 splits"));
  NodeDataset one = toy;
  one.splits.pop_back();
  CHECK(with_split(one, "").split_name == "public");
  CHECK(with_split(one, "public").split.train == Nodes{0, 2});
  CHECK(with_split(one, "0").split.train == Nodes{0, 2});
  CHECK_THAT(error_of(with_classes({2, 2}), "0"), Contains("brings no split"));
}

TEST_CASE("split: all goes by the seed of the run", "[data]") {
  const NodeDataset toy = with_two_splits();
  CHECK(split_of_run("all", toy, 0) == "0");
  CHECK(split_of_run("all", toy, 13) == "1");
  CHECK(split_of_run("random:all", toy, 13) == "random:13");
  CHECK(split_of_run("per-class:20/30:all", toy, 13) == "per-class:20/30:13");
  CHECK(split_of_run("geom-gcn:all", toy, 13) == "geom-gcn:3");
  for (const char* rule : {"", "public", "1", "random", "random:5", "file:/some:all"}) {
    CHECK_FALSE(differs_by_run(rule));
    CHECK(split_of_run(rule, toy, 13) == rule);
  }
  CHECK(differs_by_run("kfold:10:all"));
  CHECK_THROWS_AS(split_of_run("all", with_classes({2, 2}), 0), InvalidArgument);
  CHECK_THAT(error_of(toy, "all"), Contains("\"all\" is for runs"));
}

TEST_CASE("split: what is no rule is refused with what was expected", "[data]") {
  const NodeDataset toy = with_classes({60, 60});
  const std::vector<std::pair<const char*, const char*>> refused = {
      {"radnom", "did you mean \"random\"?"},
      {"random:-1", "expected a number from 0 on"},
      {"random:x", "expected a number from 0 on"},
      {"random:1:2", "at most 1 colons"},
      {"random:99999999999999999999", "expected a number from 0 on"},
      {"-1", "expected a number or a rule"},
      {"per-class", "as 20/30, found \"\""},
      {"per-class:20", "as 20/30, found \"20\""},
      {"per-class:-2/3", "as 20/30"},
      {"per-class:0/3", "one training node a class at least"},
      {"per-class:2147483648/3", "as 20/30"},
      {"per-class:20/x", "as 20/30"},
      {"fraction:0.6/0.5", "sum to 1 at most, found 1.1"},
      {"fraction:nan/0", "expected shares that sum"},
      {"fraction:inf/0", "expected shares that sum"},
      {"fraction:-0.1/0.5", "as 0.6/0.2"},
      {"kfold:2:0", "expected 3 to 10000 folds"},
      {"kfold:1000000000", "expected 3 to 10000 folds"},
      {"geom-gcn:0", "expected cora, citeseer or pubmed"},
      {"per-class:40/21", "expected 40 + 21 nodes of each class"},
  };
  for (const auto& [rule, message] : refused) {
    CAPTURE(rule);
    CHECK_THROWS_AS(with_split(toy, rule), InvalidArgument);
    CHECK_THAT(error_of(toy, rule), Contains(message));
  }
}

TEST_CASE("split: a class too small says which and what would do", "[data]") {
  CHECK_THAT(error_of(with_classes({60, 49}), "random"),
             Contains("expected 20 + 30 nodes of each class") &&
                 Contains("found 49 of class 1; split fraction:0.6/0.2"));
}

TEST_CASE("split: masks come from a file", "[data]") {
  const testing::TemporaryFolder folder;
  const auto masks = [&](const std::vector<std::int64_t>& train) {
    const std::vector<std::int64_t> rest(train.size(), 0);
    const std::vector<std::int64_t> shape{std::ssize(train)};
    write_npz(folder.path("s.npz"), {{"train_mask", NpyArray::from(train, shape)},
                                     {"val_mask", NpyArray::from(rest, shape)},
                                     {"test_mask", NpyArray::from(rest, shape)}});
    return text("file:", folder.path("s.npz"));
  };
  const NodeDataset toy = with_classes({2, 2});
  CHECK(with_split(toy, masks({1, 0, 0, 1, 0, 0, 0, 0, 0})).split.train == Nodes{0, 3});
  CHECK_THAT(error_of(toy, masks({1, 0, 0, 1})), Contains("s.npz: member \"train_mask\": expected "
                                                          "shape [9], found [4]"));
  CHECK_THAT(error_of(toy, masks({1, 1, 0, 0, 0, 0, 0, 0, 0})), Contains("found class 0 alone"));
  CHECK_THAT(error_of(toy, masks({1, 0, 1, 0, 1, 0, 0, 0, 0})), Contains("node 4 has no label"));
  CHECK_THAT(error_of(toy, "file:/no/such.npz"), Contains("/no/such.npz"));
}

TEST_CASE("split: Cora and CiteSeer take the ten splits of geom-gcn", "[data]") {
  const auto data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const NodeDataset cora = load_dataset("cora", *data);
  for (int i = 0; i < 10; ++i) {
    const NodeSplit split = with_split(cora, text("geom-gcn:", i), *data).split;
    CHECK(split.train.size() == 1192);
    CHECK(split.validation.size() == 796);
    CHECK(split.test.size() == 497);
  }
  // The file lists 1,596 + 1,065 + 666, the 15 nodes without a label among them.
  const NodeSplit citeseer = load_dataset("citeseer", *data, "geom-gcn:0").split;
  CHECK(citeseer.train.size() + citeseer.validation.size() + citeseer.test.size() == 3312);
  CHECK_THROWS_AS(with_split(cora, "geom-gcn:10", *data), InvalidArgument);
}

}  // namespace attune::data
