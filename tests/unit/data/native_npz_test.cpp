#include <algorithm>
#include <limits>
#include <string>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/data/native_npz.hpp>
#include <attune/data/npz.hpp>
#include <attune/graph/builder.hpp>

using attune::FileError;
using attune::InvalidArgument;
using namespace attune::data;
using attune::testing::slurp;
using attune::testing::TemporaryFolder;
using Catch::Matchers::Contains;

namespace {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Arrays = std::vector<NamedArray>;

NpyArray ints(const Ints& values) {
  return NpyArray::from(values, {std::ssize(values)});
}

NpyArray matrix(const Floats& values, std::int64_t rows) {
  return NpyArray::from(values, {rows, std::ssize(values) / rows});
}

//   0 - 1 - 2 - 3, and 0 - 0; classes 0 1 0 1; word counts of three words
Arrays path_of_four() {
  return {{"labels", ints({0, 1, 0, 1})},
          {"train_mask", ints({1, 1, 0, 0})},
          {"val_mask", ints({0, 0, 1, 0})},
          {"test_mask", ints({0, 0, 0, 1})},
          {"edge_index", NpyArray::from(Ints{0, 1, 2, 0, 1, 1, 2, 3, 0, 0}, {2, 5})},
          {"features", matrix({1, 1, 0, 0, 2, 2, 0, 0, 0, 0, 0, 3}, 4)}};
}

void put(Arrays& arrays, const std::string& name, NpyArray array) {
  for (NamedArray& named : arrays) {
    if (named.first == name) {
      named.second = std::move(array);
      return;
    }
  }
  arrays.emplace_back(name, std::move(array));
}

void drop(Arrays& arrays, const std::string& name) {
  std::erase_if(arrays, [&](const NamedArray& named) { return named.first == name; });
}

NodeDataset load(const Arrays& arrays) {
  const TemporaryFolder folder;
  write_npz(folder.path("toy.npz"), arrays);
  return load_native_npz(folder.path("toy.npz"));
}

std::string message_of(const Arrays& arrays) {
  try {
    (void)load(arrays);
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

std::string message_with(const std::string& name, NpyArray array) {
  Arrays arrays = path_of_four();
  put(arrays, name, std::move(array));
  return message_of(arrays);
}

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

void require_equal(const NodeDataset& a, const NodeDataset& b) {
  REQUIRE(a.name == b.name);
  REQUIRE(copy(a.graph.in_edges().row_ptr) == copy(b.graph.in_edges().row_ptr));
  REQUIRE(copy(a.graph.in_edges().col_idx) == copy(b.graph.in_edges().col_idx));
  REQUIRE(a.features.columns() == b.features.columns());
  REQUIRE(copy(a.features.row_ptr()) == copy(b.features.row_ptr()));
  REQUIRE(copy(a.features.col_idx()) == copy(b.features.col_idx()));
  REQUIRE(copy(a.features.values().data<float>()) == copy(b.features.values().data<float>()));
  REQUIRE(a.labels == b.labels);
  REQUIRE(a.num_classes == b.num_classes);
  REQUIRE(a.split.train == b.split.train);
  REQUIRE(a.split.validation == b.split.validation);
  REQUIRE(a.split.test == b.split.test);
}

}  // namespace

TEST_CASE("native npz: reads arrays as a user of numpy would write them", "[data]") {
  const NodeDataset dataset = load(path_of_four());
  REQUIRE(dataset.name == "toy");
  REQUIRE(copy(dataset.graph.in_edges().row_ptr) == Ints{0, 1, 3, 5, 6});
  REQUIRE(copy(dataset.graph.in_edges().col_idx) == std::vector<std::int32_t>{1, 0, 2, 1, 3, 2});
  REQUIRE(copy(dataset.features.row_ptr()) == Ints{0, 2, 4, 4, 5});
  REQUIRE(copy(dataset.features.col_idx()) == std::vector<std::int32_t>{0, 1, 1, 2, 2});
  REQUIRE(copy(dataset.features.values().data<float>()) == Floats{0.5F, 0.5F, 0.5F, 0.5F, 1});
  REQUIRE(dataset.labels == std::vector<std::int32_t>{0, 1, 0, 1});
  REQUIRE(dataset.num_classes == 2);
  REQUIRE(dataset.split.train == Ints{0, 1});
  REQUIRE(dataset.split.validation == Ints{2});
  REQUIRE(dataset.split.test == Ints{3});
  REQUIRE_THAT(dataset.source, Contains("toy.npz"));
}

TEST_CASE("native npz: CSR and COO, sparse and dense say the same", "[data]") {
  Arrays arrays = path_of_four();
  drop(arrays, "edge_index");
  drop(arrays, "features");
  arrays.emplace_back("adj_indptr", ints({0, 2, 3, 4, 4}));
  arrays.emplace_back("adj_indices", ints({0, 1, 2, 3}));
  arrays.emplace_back("adj_shape", ints({4, 4}));
  arrays.emplace_back("adj_data", ints({1, 1, 1, 1}));
  arrays.emplace_back("attr_data", NpyArray::from(Floats{1, 1, 0, 2, 2, 3}, {6}));
  arrays.emplace_back("attr_indices", ints({1, 0, 2, 2, 1, 2}));  // not ascending, a stored zero
  arrays.emplace_back("attr_indptr", ints({0, 3, 5, 5, 6}));
  arrays.emplace_back("attr_shape", ints({4, 3}));
  require_equal(load(arrays), load(path_of_four()));

  put(arrays, "adj_data", NpyArray::from(Floats{1, 1, 0.5F, 1}, {4}));
  REQUIRE_THAT(message_of(arrays), Contains("member \"adj_data\": element 2: expected edges of "
                                            "weight 1, found 0.5"));
  put(arrays, "adj_data", ints({1}));
  REQUIRE_THAT(message_of(arrays), Contains("member \"adj_data\": expected shape [4], found [1]"));
  drop(arrays, "adj_data");
  put(arrays, "attr_indices", ints({1, 1, 2, 2, 1, 2}));
  REQUIRE_THAT(message_of(arrays), Contains("row 0: expected each column once, found 1 twice"));
  put(arrays, "attr_indices", ints({1, 3, 2, 2, 1, 2}));
  REQUIRE_THAT(message_of(arrays), Contains("element 1: expected 0 to 2, found 3"));
  put(arrays, "attr_indices", ints({1, 0, 2, 2, 1}));
  REQUIRE_THAT(message_of(arrays), Contains("member \"attr_data\": expected shape [5]"));
  put(arrays, "attr_indices", ints({1, 0, 2, 2, 1, 2}));
  for (const Ints& row_ptr : {Ints{1, 3, 5, 5, 6}, Ints{0, 3, 5, 5, 5}, Ints{0, 5, 3, 5, 6},
                              Ints{0, 3, 7, 5, 6}, Ints{0, -1, 5, 5, 6}}) {
    put(arrays, "attr_indptr", ints(row_ptr));
    REQUIRE_THAT(message_of(arrays), Contains("member \"attr_indptr\": element"));
  }
  put(arrays, "attr_indptr", ints({0, 6}));
  REQUIRE_THAT(message_of(arrays), Contains("expected shape [5], found [2]"));
  put(arrays, "attr_shape", ints({4, 1 << 30}));
  REQUIRE_THAT(message_of(arrays), Contains("expected 1 to 4194304 features"));
  put(arrays, "attr_shape", ints({5, 3}));
  REQUIRE_THAT(message_of(arrays), Contains("\"attr_shape\": element 0: expected 4 to 4, found 5"));
}

TEST_CASE("native npz: what is saved is loaded to the bit", "[data]") {
  const TemporaryFolder folder;
  NodeDataset dataset = load(path_of_four());
  dataset.name = "saved by itself";
  dataset.labels[2] = -1;  // unknown, so in no part of the split
  dataset.split.validation = {};
  save_native_npz(folder.path("a.npz"), dataset);
  const NodeDataset back = load_native_npz(folder.path("a.npz"));
  require_equal(back, dataset);
  REQUIRE(back.sha256 == attune::core::sha256(slurp(folder.path("a.npz"))));
  save_native_npz(folder.path("b.npz"), back);
  REQUIRE(slurp(folder.path("a.npz")) == slurp(folder.path("b.npz")));
  REQUIRE(folder.files() == std::vector<std::string>{"a.npz", "b.npz"});
}

TEST_CASE("native npz: masks are booleans to numpy", "[data]") {
  const TemporaryFolder folder;
  save_native_npz(folder.path("a.npz"), load(path_of_four()));
  const NpzArchive npz = read_npz(folder.path("a.npz"));
  for (const char* mask : {"train_mask", "val_mask", "test_mask"}) {
    REQUIRE(npz.at(mask).type() == NpyType::b1);
  }
}

TEST_CASE("native npz: features with negative numbers stay as they are", "[data]") {
  Arrays arrays = path_of_four();
  const Floats values = {1, -1, 0.5F, 2, 0.25F, -7, 3, 3, 3, 1, 1, 1};
  put(arrays, "features", matrix(values, 4));
  REQUIRE(copy(load(arrays).features.values().data<float>()) == Floats(values));
}

TEST_CASE("native npz: an invalid data set is not saved", "[data]") {
  const TemporaryFolder folder;
  NodeDataset dataset = load(path_of_four());
  dataset.labels[0] = 7;
  REQUIRE_THROWS_AS(save_native_npz(folder.path("a.npz"), dataset), InvalidArgument);
  REQUIRE(folder.files().empty());
}

TEST_CASE("native npz: a missing member is named", "[data]") {
  for (const char* name : {"labels", "train_mask", "val_mask", "test_mask"}) {
    Arrays arrays = path_of_four();
    drop(arrays, name);
    CAPTURE(name);
    REQUIRE_THAT(message_of(arrays), Contains("toy.npz: expected a member \"") && Contains(name));
  }
  Arrays arrays = path_of_four();
  drop(arrays, "edge_index");
  REQUIRE_THAT(message_of(arrays),
               Contains("expected edges as edge_index") && Contains("none of them"));
  arrays = path_of_four();
  arrays.emplace_back("adj_indices", ints({0}));
  REQUIRE_THAT(message_of(arrays), Contains("found several"));
  arrays = path_of_four();
  arrays.emplace_back("attr_data", ints({0}));
  REQUIRE_THAT(message_of(arrays), Contains("found both"));
  arrays = path_of_four();
  drop(arrays, "features");
  REQUIRE_THAT(message_of(arrays), Contains("expected features as") && Contains("neither"));
}

TEST_CASE("native npz: contradictions are named with the element", "[data]") {
  REQUIRE_THAT(message_with("edge_index", NpyArray::from(Ints{0, 4, 1, 2}, {2, 2})),
               Contains("member \"edge_index\": element 1: expected 0 to 3, found 4"));
  REQUIRE_THAT(message_with("edge_index", NpyArray::from(Ints{0, 1, 1, -2}, {2, 2})),
               Contains("element 3: expected 0 to 3, found -2"));
  REQUIRE_THAT(message_with("edge_index", NpyArray::from(Ints{0, 1, 1, 2}, {4, 1})),
               Contains("expected shape [2, any], found [4, 1]"));
  REQUIRE_THAT(message_with("edge_index", NpyArray::from(Floats{0, 1}, {2, 1})),
               Contains("expected integers, found dtype <f4"));
  REQUIRE_THAT(message_with("labels", ints({0, 1, 0})), Contains("expected shape [3], found [4]"));
  REQUIRE_THAT(message_with("labels", ints({0, 1, 0, -2})), Contains("element 3: expected -1"));
  REQUIRE_THAT(message_with("labels", ints({0, 1, 0, std::int64_t{1} << 40})),
               Contains("found 1099511627776"));
  REQUIRE_THAT(message_with("labels", matrix({0, 1, 0, 1}, 2)), Contains("expected shape [any]"));
  REQUIRE_THAT(message_with("num_classes", ints({1})), Contains("expected 2 to"));
  REQUIRE_THAT(message_with("num_classes", ints({2, 2})), Contains("expected one integer"));
  REQUIRE_THAT(message_with("train_mask", ints({1, 1, 0, 2})),
               Contains("expected 0 to 1, found 2"));
  REQUIRE_THAT(message_with("train_mask", ints({1, 1, 1, 0})),
               Contains("listed in train and in validation"));
  REQUIRE_THAT(message_with("train_mask", ints({1, 0, 0, 0})), Contains("found class 0 alone"));
  REQUIRE_THAT(message_with("train_mask", ints({0, 0, 0, 0})), Contains("at least one training"));
  REQUIRE_THAT(message_with("name", ints({1})), Contains("member \"name\": expected strings"));
}

TEST_CASE("native npz: features that are not finite are named", "[data]") {
  const float bad =
      GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
  REQUIRE_THAT(message_with("features", matrix({1, 1, 0, 0, bad, 2, 0, 0, 0, 0, 0, 3}, 4)),
               Contains("member \"features\": element 4: expected a finite number"));
  REQUIRE_THAT(
      message_with("features", NpyArray::from(std::vector<double>{1, 2, 3, 1e300}, {4, 1})),
      Contains("element 3: expected a finite number, found inf"));
  REQUIRE_THAT(message_with("features", matrix({1, 1, 1}, 3)), Contains("expected shape [4, any]"));
  REQUIRE_THAT(message_with("features", NpyArray::from(Floats{}, {4, 0})),
               Contains("expected 1 to 4194304 features, found 0"));
}

TEST_CASE("native npz: a class may be without a node", "[data]") {
  Arrays arrays = path_of_four();
  put(arrays, "num_classes", ints({3}));
  REQUIRE(load(arrays).num_classes == 3);
}

TEST_CASE("native npz: an empty graph and an empty file are refused", "[data]") {
  const Arrays none = {{"labels", ints({})},
                       {"train_mask", ints({})},
                       {"val_mask", ints({})},
                       {"test_mask", ints({})},
                       {"edge_index", NpyArray::from(Ints{}, {2, 0})},
                       {"features", NpyArray::from(Floats{}, {0, 3})}};
  REQUIRE_THAT(message_of(none), Contains("expected at least one node"));
  const TemporaryFolder folder;
  REQUIRE_THROWS_AS(load_native_npz(folder.write("empty.npz", "")), FileError);
  REQUIRE_THROWS_AS(load_native_npz(folder.path("missing.npz")), FileError);
}

TEST_CASE("native npz: masks are asked for, whatever other layouts do without", "[data]") {
  const auto data = attune::testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  REQUIRE_THROWS_WITH(load_native_npz(*data + "/npz/gnn-benchmark/cora.npz"),
                      Contains("expected a member \"train_mask\""));
}

TEST_CASE("native npz: features of edges go in the order of the graph and come back", "[data]") {
  Arrays arrays = path_of_four();
  // 0 -> 1, 1 -> 2, 2 -> 3, 0 -> 0, 1 -> 0
  put(arrays, "edge_attr", matrix({1, 2, 3, 9, 4}, 5));
  const NodeDataset dataset = load(arrays);
  REQUIRE(dataset.edge_channels() == 1);
  // By dst, then src: 1 -> 0, 0 -> 1, 2 -> 1, 1 -> 2, 3 -> 2, 2 -> 3; reverse ones as listed.
  CHECK(copy(dataset.edge_features.data<float>()) == Floats{4, 1, 2, 2, 3, 3});
  const TemporaryFolder folder;
  save_native_npz(folder.path("again.npz"), dataset);
  const NodeDataset again = load_native_npz(folder.path("again.npz"));
  require_equal(again, dataset);
  CHECK(copy(again.edge_features.data<float>()) == copy(dataset.edge_features.data<float>()));
}

TEST_CASE("native npz: features of edges that do not fit are refused", "[data]") {
  CHECK_THAT(message_with("edge_attr", matrix({1, 2, 3, 4}, 4)),
             Contains("edge_attr") && Contains("5"));
  CHECK_THAT(message_with("edge_attr", ints({1, 2, 3, 4, 5})), Contains("edge_attr"));
  CHECK_THAT(message_with("edge_attr", NpyArray::from(Floats{}, {5, 0})),
             Contains("expected a feature an edge at least"));
  CHECK_THAT(message_with("edge_attr", NpyArray::from_strings(std::vector<std::string>(5, "a"))),
             Contains("edge_attr"));
  CHECK_THAT(
      message_with("edge_attr", matrix({1, 2, std::numeric_limits<float>::quiet_NaN(), 4, 5}, 5)),
      Contains("of edge") && Contains("expected a finite number"));
}
