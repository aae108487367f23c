#include <array>
#include <random>
#include <string>

#include "raw_zip.hpp"
#include "support/effort.hpp"
#include "support/pickle_writer.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/npz_dataset.hpp>
#include <attune/data/registry.hpp>

using attune::FileError;
using namespace attune::data;
using attune::testing::CsrParts;
using attune::testing::matrix_value;
using attune::testing::raw_zip;
using attune::testing::RawMember;
using attune::testing::TemporaryFolder;
using Catch::Matchers::Contains;
namespace pickle = attune::testing::pickle;

namespace {

using Ints = std::vector<std::int64_t>;
using Arrays = std::vector<NamedArray>;

// Path 0 - 1 - 2 - 3 in the layout of Platonov et al., two splits.
Arrays heterophilous() {
  return {{"node_features", NpyArray::from(std::vector<float>{1, 1, 0, 2, 2, 0, 0, 0}, {4, 2})},
          {"node_labels", NpyArray::from(Ints{0, 1, 0, 1}, {4})},
          {"edges", NpyArray::from(Ints{0, 1, 1, 2, 2, 3}, {3, 2})},
          {"train_masks", NpyArray::from(Ints{1, 1, 0, 0, 0, 0, 1, 1}, {2, 4})},
          {"val_masks", NpyArray::from(Ints{0, 0, 1, 0, 1, 0, 0, 0}, {2, 4})},
          {"test_masks", NpyArray::from(Ints{0, 0, 0, 1, 0, 1, 0, 0}, {2, 4})}};
}

void put(Arrays& arrays, const std::string& name, NpyArray array) {
  for (NamedArray& named : arrays) {
    if (named.first == name) {
      named.second = std::move(array);
    }
  }
}

std::string message_of(const std::string& bytes) {
  const TemporaryFolder folder;
  try {
    (void)load_npz(folder.write("x.npz", bytes));
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

NodeDataset load(const std::string& bytes) {
  const TemporaryFolder folder;
  return load_npz(folder.write("x.npz", bytes));
}

// As numpy.save writes an array of no dimension that holds one object.
std::string boxed(const std::string& value, const std::vector<std::int64_t>& shape = {}) {
  std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00v\x00", 10) + header +
         pickle::file(pickle::object_array(shape, {value}));
}

// The path 0 - 1 - 2 - 3 as Amazon's and Coauthor's files have it.
const CsrParts kAdjacency{4, 4, {0, 1, 2, 3, 3}, {1, 2, 3}, {1, 1, 1}};
const CsrParts kFeatures{4, 2, {0, 2, 3, 4, 4}, {0, 1, 1, 0}, {1, 1, 2, 2}};

std::string pickled(const std::string& adjacency, const std::string& features) {
  return raw_zip(
      {{.name = "adj_matrix.npy", .data = adjacency},
       {.name = "node_attr.npy", .data = features},
       {.name = "node_label.npy", .data = encode_npy(NpyArray::from(Ints{0, 1, 0, 1}, {4}))}});
}

std::string pickled(const CsrParts& adjacency, const CsrParts& features) {
  return pickled(boxed(matrix_value(adjacency)), boxed(matrix_value(features)));
}

void check_path(const NodeDataset& dataset) {
  CHECK(dataset.graph.num_edges() == 6);
  CHECK(dataset.graph.in_degree(0) == 1);
  CHECK(dataset.graph.in_degree(1) == 2);
  CHECK(dataset.labels == std::vector<std::int32_t>{0, 1, 0, 1});
  const std::span<const float> values = dataset.features.values().data<float>();
  CHECK(std::vector<float>(values.begin(), values.end()) == std::vector<float>{0.5F, 0.5F, 1, 1});
}

}  // namespace

TEST_CASE("npz data set: the heterophilous layout brings all its splits", "[data]") {
  const NodeDataset dataset = load(encode_npz(heterophilous()));
  check_path(dataset);
  REQUIRE(dataset.splits.size() == 2);
  CHECK(dataset.split.train == Ints{0, 1});
  CHECK(dataset.split_name == "0");
  CHECK(dataset.splits[1].train == Ints{2, 3});
  CHECK(dataset.splits[1].validation == Ints{0});
  CHECK(dataset.splits[1].test == Ints{1});
}

TEST_CASE("npz data set: contradictions of the heterophilous layout are named", "[data]") {
  const auto message_with = [](const char* name, const NpyArray& array) {
    Arrays arrays = heterophilous();
    put(arrays, name, array);
    return message_of(encode_npz(arrays));
  };
  CHECK_THAT(message_with("edges", NpyArray::from(Ints{0, 1, 1, 4}, {2, 2})),
             Contains("x.npz: member \"edges\": element 3: expected 0 to 3, found 4"));
  CHECK_THAT(message_with("edges", NpyArray::from(Ints{0, 1, 2}, {1, 3})),
             Contains("expected shape [any, 2], found [1, 3]"));
  CHECK_THAT(message_with("val_masks", NpyArray::from(Ints{0, 0, 0, 0}, {1, 4})),
             Contains("member \"val_masks\": expected shape [2, 4], found [1, 4]"));
  CHECK_THAT(message_with("train_masks", NpyArray::from(Ints{}, {0, 4})),
             Contains("expected 1 to 1000 splits, found 0"));
  CHECK_THAT(message_with("val_masks", NpyArray::from(Ints{1, 0, 1, 0, 1, 0, 0, 0}, {2, 4})),
             Contains("node 0 is listed in train and in validation"));
  // Also of a split that is not the first.
  CHECK_THAT(message_with("val_masks", NpyArray::from(Ints{0, 0, 1, 0, 1, 0, 1, 0}, {2, 4})),
             Contains("node 2 is listed in train and in validation"));
  CHECK_THAT(message_with("node_features", NpyArray::from(std::vector<float>{1, 2}, {1, 2})),
             Contains("member \"node_features\": expected shape [4, any]"));
  Arrays arrays = heterophilous();
  std::erase_if(arrays, [](const NamedArray& named) { return named.first == "test_masks"; });
  CHECK_THAT(message_of(encode_npz(arrays)), Contains("expected a member \"test_masks\""));
  arrays = heterophilous();
  arrays.emplace_back("edge_index", NpyArray::from(Ints{0, 1}, {2, 1}));
  CHECK_THAT(message_of(encode_npz(arrays)), Contains("expected edges as") && Contains("several"));
}

TEST_CASE("npz data set: pickled scipy matrices are read, and nothing is executed", "[data]") {
  const NodeDataset dataset = load(pickled(kAdjacency, kFeatures));
  check_path(dataset);
  CHECK(dataset.splits.empty());
  CHECK(dataset.split.train.empty());
}

TEST_CASE("npz data set: whatever else is pickled is refused by name", "[data]") {
  const std::string features = boxed(matrix_value(kFeatures));
  const std::string exploit = pickle::global("posix", "system") + pickle::string("true") + "\x85R";
  CHECK_THAT(message_of(pickled(boxed(exploit), features)),
             Contains("member \"adj_matrix\", unpickled:") &&
                 Contains("global \"posix system\" is not among those that data files need"));
  CHECK_THAT(message_of(pickled(boxed("K\1"), features)),
             Contains("expected a csr_matrix, found an integer"));
  CHECK_THAT(message_of(pickled(boxed(matrix_value(kAdjacency), {1}), features)),
             Contains("expected an array of no dimension and one object, found one of 1"));
  CHECK_THAT(message_of(pickled(boxed(matrix_value(kAdjacency)), boxed("N"))),
             Contains("member \"node_attr\", unpickled: expected a csr_matrix, found None"));
  std::string persistent = boxed("K\1Q");
  CHECK_THAT(message_of(pickled(persistent, features)), Contains("opcode BINPERSID"));
}

TEST_CASE("npz data set: pickled matrices that contradict the labels are refused", "[data]") {
  CHECK_THAT(message_of(pickled(CsrParts{3, 4, {0, 1, 2, 3}, {1, 2, 3}, {1, 1, 1}}, kFeatures)),
             Contains("member \"adj_matrix\": expected shape [4, 4], found [3, 4]"));
  CHECK_THAT(message_of(pickled(CsrParts{4, 5, {0, 1, 2, 3, 3}, {1, 2, 3}, {1, 1, 1}}, kFeatures)),
             Contains("expected 1 to 4 columns, found 5"));
  CHECK_THAT(message_of(pickled(CsrParts{4, 4, {0, 1, 2, 3, 3}, {1, 2, 3}, {1, 2, 1}}, kFeatures)),
             Contains("row 1, column 2: expected edges of weight 1, found 2"));
  CHECK_THAT(message_of(pickled(kAdjacency, CsrParts{3, 2, {0, 1, 1, 1}, {1}, {1}})),
             Contains("member \"node_attr\": expected 4 rows, one a node, found 3"));
  CHECK_THAT(message_of(pickled(kAdjacency, CsrParts{4, 2'000'000'000, {0, 0, 0, 0, 0}, {}, {}})),
             Contains("4194304 columns"));
}

TEST_CASE("npz data set: damaged pickles behind good checksums are refused or valid",
          "[data][hostile]") {
  const std::string adjacency = boxed(matrix_value(kAdjacency));
  const std::string features = boxed(matrix_value(kFeatures));
  std::mt19937 random(20261121);
  int stopped = 0;
  constexpr int kMutants = attune::testing::tries(4000);
  for (int i = 0; i < kMutants; ++i) {
    std::string damaged = i % 2 == 0 ? adjacency : features;
    const std::size_t header = 128;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = header + random() % (damaged.size() - header);
      // As often as not by another byte of the same pickle, which is likely to be an opcode.
      damaged[at] = random() % 2 == 0 ? damaged[header + random() % (damaged.size() - header)]
                                      : static_cast<char>(random() % 256);
    }
    CAPTURE(i);
    const std::string message =
        message_of(i % 2 == 0 ? pickled(damaged, features) : pickled(adjacency, damaged));
    CHECK(message.size() < 1000);
    stopped += message == "no error" ? 0 : 1;
  }
  CHECK(stopped > kMutants / 2);
}

TEST_CASE("npz data set: arrays with other numbers in them are refused or valid",
          "[data][hostile]") {
  std::mt19937 random(20261122);
  int stopped = 0;
  constexpr int kMutants = attune::testing::tries(2000);
  for (int i = 0; i < kMutants; ++i) {
    Arrays arrays = heterophilous();
    NamedArray& chosen = arrays[random() % arrays.size()];
    std::vector<double> values = chosen.second.doubles();
    constexpr std::array kNumbers{0.0, 1.0, -1.0, 2.0, 4.0, 1e9, 9e15, -9e15};
    values[random() % values.size()] = kNumbers[random() % kNumbers.size()];
    if (chosen.first == "node_features") {
      chosen.second = NpyArray::from(values, chosen.second.shape());
    } else {
      chosen.second = NpyArray::from(Ints(values.begin(), values.end()), chosen.second.shape());
    }
    CAPTURE(i, chosen.first);
    const std::string message = message_of(encode_npz(arrays));
    CHECK(message.size() < 1000);
    stopped += message == "no error" ? 0 : 1;
  }
  CHECK(stopped > 0);
  CHECK(stopped < kMutants);
}

TEST_CASE("npz data set: a small file of many nodes is refused before it takes memory",
          "[data][hostile]") {
  constexpr std::int64_t kNodes = 20'000'000;
  const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(kNodes), 0);
  const std::string bytes = encode_npz({{"labels", NpyArray::from(zeros, {kNodes})}});
  CHECK(bytes.size() < 50'000);
  CHECK_THAT(message_of(bytes), Contains("expected"));
}

TEST_CASE("npz data set: the public files have their published counts", "[data]") {
  const auto data = attune::testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  struct Counts {
    const char* name;
    std::int64_t nodes, edges, features, classes;
    std::size_t splits, train, validation, test;
  };
  const Counts expected =
      GENERATE(Counts{"actor", 7600, 26659, 932, 5, 10, 3648, 2432, 1520},
               Counts{"chameleon", 2277, 31371, 2325, 5, 10, 1092, 729, 456},
               Counts{"chameleon_filtered", 890, 8854, 2325, 5, 10, 409, 287, 194},
               Counts{"squirrel", 5201, 198353, 2089, 5, 10, 2496, 1664, 1041},
               Counts{"texas", 183, 279, 1703, 5, 10, 87, 59, 37},
               Counts{"cornell", 183, 277, 1703, 5, 10, 87, 59, 37},
               Counts{"wisconsin", 251, 450, 1703, 5, 10, 120, 80, 51},
               Counts{"minesweeper", 10000, 39402, 7, 2, 10, 5000, 2500, 2500},
               Counts{"amazon_photo", 7650, 119081, 745, 8, 0, 160, 240, 7250},
               Counts{"amazon_cs", 13752, 245861, 767, 10, 0, 200, 300, 13252},
               Counts{"coauthor_cs", 18333, 81894, 6805, 15, 0, 300, 450, 17583},
               Counts{"gnn-benchmark/cora", 2708, 5278, 1433, 7, 0, 140, 210, 2358},
               Counts{"gnn-benchmark/citeseer", 3312, 4536, 3703, 6, 0, 120, 180, 3012});
  CAPTURE(expected.name);
  const NodeDataset dataset = load_dataset(expected.name, *data);
  CHECK(dataset.name == expected.name);
  CHECK(dataset.num_nodes() == expected.nodes);
  CHECK(dataset.graph.num_edges() == 2 * expected.edges);
  CHECK(dataset.features.columns() == expected.features);
  CHECK(dataset.num_classes == expected.classes);
  CHECK(dataset.splits.size() == expected.splits);
  CHECK(dataset.split.train.size() == expected.train);
  CHECK(dataset.split.validation.size() == expected.validation);
  CHECK(dataset.split.test.size() == expected.test);
}

TEST_CASE("npz data set: Texas trains on four of its five classes in some splits", "[data]") {
  const auto data = attune::testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const NodeDataset texas = load_dataset("texas", *data);
  int without = 0;
  for (const NodeSplit& split : texas.splits) {
    std::vector<bool> trained(5, false);
    for (const std::int64_t node : split.train) {
      trained[texas.labels[node]] = true;
    }
    without += trained[1] ? 0 : 1;
  }
  CHECK(without > 0);
  CHECK(without < 10);
}
