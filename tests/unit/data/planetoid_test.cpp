#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>

#include <catch2/catch.hpp>

#include "data/planetoid_parts.hpp"
#include "support/pickle_writer.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/data/planetoid.hpp>

namespace attune::data {

namespace {

using Catch::Contains;
using Catch::Message;
using Catch::Predicate;
using testing::small_planetoid;
using testing::TemporaryFolder;

using Parts = std::map<std::string, std::string>;

NodeDataset load(const Parts& parts) {
  const TemporaryFolder folder;
  testing::write_planetoid(parts, folder.path(), "small");
  return load_planetoid(folder.path(), "small");
}

/// Message of the FileError that the small set gives with one part replaced.
std::string error_with(const std::string& part, const std::string& bytes) {
  Parts parts = small_planetoid();
  parts.at(part) = bytes;
  try {
    static_cast<void>(load(parts));
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::int32_t> neighbours(const NodeDataset& dataset, std::int64_t node) {
  const graph::CsrView in = dataset.graph.in_edges();
  return {in.col_idx.begin() + in.row_ptr[node], in.col_idx.begin() + in.row_ptr[node + 1]};
}

std::vector<float> features(const NodeDataset& dataset, std::int64_t node) {
  const core::Tensor dense = sparse::to_dense(dataset.features);
  const std::span<const float> all = dense.data<float>();
  const std::int64_t columns = dataset.features.columns();
  return {all.begin() + node * columns, all.begin() + (node + 1) * columns};
}

using Floats = std::vector<float>;
using Nodes = std::vector<std::int64_t>;
using Columns = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("Planetoid: the small set is read as drawn", "[data]") {
  const NodeDataset dataset = load(small_planetoid());
  CHECK(dataset.name == "small");
  CHECK(dataset.num_nodes() == 9);
  CHECK(dataset.num_classes == 2);
  CHECK(dataset.labels == Columns{0, 1, 0, 1, 0, 0, 1, -1, 1});
  CHECK(dataset.split.train == Nodes{0, 1});
  CHECK(dataset.split.validation == Nodes{2, 3, 4});
  CHECK(dataset.split.test == Nodes{5, 6, 8});
  CHECK(dataset.source.rfind("Planetoid files in ", 0) == 0);
}

TEST_CASE("Planetoid: the graph is symmetric, without self-loops and duplicates", "[data]") {
  const NodeDataset dataset = load(small_planetoid());
  CHECK(dataset.graph.num_edges() == 14);
  CHECK(neighbours(dataset, 0) == Columns{1, 2});
  CHECK(neighbours(dataset, 2) == Columns{0, 1, 3});
  CHECK(neighbours(dataset, 7).empty());

  Parts one_way = small_planetoid();
  one_way.at("graph") = testing::pickled_graph(
      {{8, {0}}, {7, {}}, {6, {}}, {5, {}}, {4, {}}, {3, {}}, {2, {}}, {1, {}}, {0, {}}});
  CHECK(neighbours(load(one_way), 0) == Columns{8});
  CHECK(neighbours(load(one_way), 8) == Columns{0});
}

TEST_CASE("Planetoid: rows of tx go where test.index says and every row sums to one", "[data]") {
  const NodeDataset dataset = load(small_planetoid());
  CHECK(features(dataset, 0) == Floats{0.5F, 0.5F, 0, 0});
  CHECK(features(dataset, 2) == Floats{0.25F, 0, 0.75F, 0});
  CHECK(features(dataset, 4) == Floats{0, 0, 0, 0});
  CHECK(features(dataset, 5) == Floats{0, 0, 1, 0});
  CHECK(features(dataset, 6) == Floats{0.5F, 0.5F, 0, 0});
  CHECK(features(dataset, 7) == Floats{0, 0, 0, 0});
  CHECK(features(dataset, 8) == Floats{0, 0, 0, 1});
  CHECK(dataset.features.num_nonzeros() == 10);
}

TEST_CASE("Planetoid: columns out of order are sorted and repeated ones added up", "[data]") {
  Parts parts = small_planetoid();
  parts.at("tx") =
      testing::pickled_matrix({3, 4, {0, 1, 2, 6}, {3, 2, 3, 0, 3, 1}, {1, 1, 1, 4, 2, 1}});
  CHECK(features(load(parts), 6) == Floats{0.5F, 0.125F, 0, 0.375F});
}

TEST_CASE("Planetoid: the digest covers all files in the order of their names", "[data]") {
  Parts parts = small_planetoid();
  std::string joined;  // std::map iterates in that order
  for (const auto& [part, bytes] : parts) {
    joined += bytes;
  }
  CHECK(load(parts).sha256 == core::sha256(joined));
}

TEST_CASE("Planetoid: contradictory parts are refused by name", "[data]") {
  using testing::pickled_matrix;
  using testing::pickled_one_hot;
  CHECK_THAT(error_with("x", pickled_matrix({1, 4, {0, 1}, {0}, {1}})),
             Contains("ind.small.y: expected 1 rows, as in x, found 2"));
  CHECK_THAT(error_with("x", pickled_matrix({2, 5, {0, 1, 1}, {0}, {1}})),
             Contains("ind.small.x: expected 4 columns, as in allx, found 5"));
  CHECK_THAT(error_with("tx", pickled_matrix({2, 4, {0, 1, 1}, {0}, {1}})),
             Contains("ind.small.ty: expected 2 rows, as in tx, found 3"));
  CHECK_THAT(error_with("tx", pickled_matrix({3, 3, {0, 1, 1, 1}, {0}, {1}})),
             Contains("ind.small.tx: expected 4 columns, as in allx, found 3"));
  CHECK_THAT(error_with("ally", pickled_one_hot({0, 1, 0, 1}, 2)),
             Contains("ind.small.ally: expected 5 rows, as in allx, found 4"));
  CHECK_THAT(error_with("ty", pickled_one_hot({0, 1, 0}, 3)),
             Contains("ind.small.ty: expected 2 columns, as in ally, found 3"));
  CHECK_THAT(error_with("y", pickled_one_hot({1, 0}, 2)),
             Contains("ind.small.y: row 0: expected class 0, as in ally, found 1"));
  CHECK_THAT(error_with("test.index", "8\n5\n"),
             Contains("ind.small.test.index: expected 3 nodes, as in tx, found 2"));
}

TEST_CASE("Planetoid: a test index that is no node, or listed before, is refused", "[data]") {
  CHECK_THAT(error_with("test.index", "8\n5\n4\n"),
             Contains("test.index: line 3: expected nodes from 5 on once each, found 4"));
  CHECK_THAT(error_with("test.index", "8\n8\n6\n"),
             Contains("test.index: line 2: expected nodes from 5 on once each, found 8"));
  CHECK_THAT(error_with("test.index", "9\n5\n6\n"),
             Contains("ind.small.graph: expected nodes 0 to 9, as in allx and test.index, found 0 "
                      "to 8"));
  CHECK_THAT(error_with("test.index", "9223372036854775807\n5\n6\n"), Contains("expected nodes"));
  for (const char* line : {"", "-5", "5 ", " 5", "5.0", "five", "9223372036854775808"}) {
    CAPTURE(line);
    CHECK_THAT(error_with("test.index", std::string("8\n") + line + "\n6\n"),
               Contains("ind.small.test.index:2: expected the number of a node"));
  }
}

TEST_CASE("Planetoid: a graph with an edge to nowhere, or nothing in it, is refused", "[data]") {
  using testing::pickled_graph;
  std::vector<std::pair<std::int64_t, std::vector<std::int64_t>>> lists;
  for (std::int64_t node = 0; node < 9; ++node) {
    lists.push_back({node, {node}});
  }
  CHECK_THAT(error_with("graph", pickled_graph(lists)), Contains("expected at least one edge"));
  CHECK_THAT(error_with("graph", pickled_graph({})), Contains("ind.small.graph: expected nodes"));
  lists[3].second = {2, 9};
  CHECK_THAT(error_with("graph", pickled_graph(lists)),
             Contains("node 3: expected neighbours among nodes 0 to 8, found 9"));
  lists[3].second = {2, -1};
  CHECK_THAT(error_with("graph", pickled_graph(lists)), Contains("found -1"));
  lists[3] = {4, {2}};
  CHECK_THAT(error_with("graph", pickled_graph(lists)),
             Contains("entry 4: expected nodes 0 to 8 once each, found 4"));
  CHECK_THAT(error_with("graph", testing::pickle::file("]")), Contains("found a list"));
}

TEST_CASE("Planetoid: features that are no numbers are refused", "[data]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK_THAT(error_with("tx", testing::pickled_matrix({3, 4, {0, 0, 0, 1}, {1}, {nan}})),
             Contains("ind.small.tx: row 2, column 1: expected a finite number, found nan"));
  CHECK_THAT(error_with("x", testing::pickled_matrix({2, 4, {0, 0, 1}, {3}, {-infinity}})),
             Contains("ind.small.x: row 1, column 3: expected a finite number, found -inf"));
}

TEST_CASE("Planetoid: matrices that are none are refused", "[data]") {
  using testing::CsrParts;
  const auto error = [](const CsrParts& parts) {
    return error_with("tx", testing::pickled_matrix(parts));
  };
  CHECK_THAT(error({3, 4, {0, 1, 2}, {3, 2}, {1, 1}}), Contains("indptr of the 3 rows"));
  CHECK_THAT(error({3, 4, {}, {3, 2}, {1, 1}}), Contains("indptr of the 3 rows"));
  CHECK_THAT(error({-1, 4, {}, {}, {}}), Contains("indptr of the -1 rows"));
  CHECK_THAT(error({3, 4, {1, 1, 2, 2}, {3, 2}, {1, 1}}), Contains("indptr to run from 0"));
  CHECK_THAT(error({3, 4, {0, 1, 2, 3}, {3, 2}, {1, 1}}), Contains("indptr to run from 0"));
  CHECK_THAT(error({3, 4, {0, 2, 1, 2}, {3, 2}, {1, 1}}), Contains("decreases at row 1"));
  CHECK_THAT(error({3, 4, {0, 9, -9, 2}, {3, 2}, {1, 1}}), Contains("decreases at row 1"));
  CHECK_THAT(error({3, 4, {0, 1, 2, 2}, {3, 4}, {1, 1}}), Contains("indices[1]: expected 0 to 3"));
  CHECK_THAT(error({3, 4, {0, 1, 2, 2}, {-1, 2}, {1, 1}}), Contains("indices[0]: expected 0"));
  CHECK_THAT(error({3, 4, {0, 1, 2, 2}, {3, 2}, {1}}), Contains("as many data as indices"));
  CHECK_THAT(error({3, 0, {0, 0, 0, 0}, {}, {}}), Contains("expected 1 to 1048576 columns"));
  CHECK_THAT(error({3, 2'000'000'000, {0, 0, 0, 0}, {}, {}}), Contains("1048576 columns"));
  CHECK_THAT(error_with("tx", testing::pickled_one_hot({1}, 2)),
             Contains("expected a csr_matrix, found an array"));
}

TEST_CASE("Planetoid: labels that are not one-hot are refused", "[data]") {
  using testing::pickle::array;
  using testing::pickle::file;
  const std::string one("\1\0\0\0", 4);
  const std::string two("\2\0\0\0", 4);
  const std::string zero(4, '\0');
  CHECK_THAT(error_with("y", file(array({2, 2}, "i4", one + one + zero + one))),
             Contains("ind.small.y: row 0: expected one 1 among zeros, found several"));
  CHECK_THAT(error_with("y", file(array({2, 2}, "i4", one + zero + zero + two))),
             Contains("ind.small.y: row 1: expected one 1 among zeros, found a 2"));
  CHECK_THAT(error_with("y", file(array({4}, "i4", one + zero + zero + one))),
             Contains("expected a matrix of integers"));
  CHECK_THAT(error_with("y", file(array({2, 2}, "f4", one + zero + zero + one))),
             Contains("expected a matrix of integers"));
  CHECK_THAT(error_with("y", file("N")), Contains("expected a matrix of integers, found None"));
}

TEST_CASE("Planetoid: training nodes of one class alone are refused", "[data]") {
  Parts parts = small_planetoid();
  parts.at("y") = testing::pickled_one_hot({0, 0}, 2);
  parts.at("ally") = testing::pickled_one_hot({0, 0, 0, 1, 0}, 2);
  CHECK_THROWS_MATCHES(load(parts), FileError, Predicate<FileError>([](const FileError& error) {
                         return std::string(error.what()).find("found class 0 alone") !=
                                std::string::npos;
                       }));
}

TEST_CASE("Planetoid: a missing file of an unknown set is named", "[data]") {
  for (const auto& [part, bytes] : small_planetoid()) {
    Parts parts = small_planetoid();
    parts.erase(part);
    CAPTURE(part);
    try {
      static_cast<void>(load(parts));
      FAIL("no error");
    } catch (const FileError& error) {
      CHECK_THAT(error.what(), Contains("ind.small." + part + ": missing"));
    }
  }
}

TEST_CASE("Planetoid: PubMed without allx names the file, its address and its checksum", "[data]") {
  const TemporaryFolder folder;
  Parts parts = small_planetoid();
  parts.erase("allx");
  testing::write_planetoid(parts, folder.path(), "pubmed");
  try {
    static_cast<void>(load_planetoid(folder.path(), "pubmed"));
    FAIL("no error");
  } catch (const FileError& error) {
    CHECK(error.path() == folder.path("ind.pubmed.allx"));
    CHECK_THAT(error.what(), Contains("https://raw.githubusercontent.com/kimiyoung/planetoid/"
                                      "master/data/ind.pubmed.allx"));
    CHECK_THAT(error.what(),
               Contains("508e538e2abdccdd54c4d3e9f49d638b4af7107d85845f66ddea5a5152658b7e"));
    CHECK_THAT(error.what(), Contains("7578385 bytes"));
  }
}

namespace {

struct Counts {
  std::int64_t nodes;
  std::int64_t undirected_edges;
  std::int64_t features;
  std::optional<std::int64_t> nonzeros;
  std::vector<std::int64_t> nodes_of_class;
  std::int64_t unlabelled;
  std::int64_t train;
};

void check_published(const std::string& folder, const std::string& name, const Counts& expected) {
  const NodeDataset dataset = load_planetoid(folder + "/planetoid", name);
  CHECK(dataset.num_nodes() == expected.nodes);
  CHECK(dataset.graph.num_edges() == 2 * expected.undirected_edges);
  CHECK(dataset.features.columns() == expected.features);
  CHECK(dataset.features.num_nonzeros() ==
        expected.nonzeros.value_or(dataset.features.num_nonzeros()));
  CHECK(dataset.num_classes == std::ssize(expected.nodes_of_class));
  for (std::int64_t c = 0; c < dataset.num_classes; ++c) {
    CHECK(std::count(dataset.labels.begin(), dataset.labels.end(), c) ==
          expected.nodes_of_class[c]);
  }
  CHECK(std::count(dataset.labels.begin(), dataset.labels.end(), -1) == expected.unlabelled);
  CHECK(std::ssize(dataset.split.train) == expected.train);
  CHECK(dataset.split.validation.size() == 500);
  CHECK(dataset.split.test.size() == 1000);
  CHECK(dataset.split.train.back() + 1 == dataset.split.validation.front());
}

}  // namespace

TEST_CASE("Planetoid: Cora has the counts of the literature", "[data]") {
  const std::optional<std::string> folder = testing::data_folder();
  if (!folder) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  check_published(*folder, "cora",
                  {2708, 5278, 1433, 49216, {351, 217, 418, 818, 426, 298, 180}, 0, 140});
}

TEST_CASE("Planetoid: CiteSeer has the counts of the literature and 15 unlisted nodes", "[data]") {
  const std::optional<std::string> folder = testing::data_folder();
  if (!folder) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  check_published(*folder, "citeseer",
                  {3327, 4552, 3703, 105165, {249, 590, 668, 701, 596, 508}, 15, 120});
  const NodeDataset dataset = load_planetoid(*folder + "/planetoid", "citeseer");
  std::vector<std::int64_t> unlisted;
  std::int64_t isolated = 0;
  for (std::int64_t node = 0; node < dataset.num_nodes(); ++node) {
    isolated += dataset.graph.in_degree(node) == 0 ? 1 : 0;
    if (dataset.labels[node] < 0) {
      unlisted.push_back(node);
      CHECK(dataset.features.row_ptr()[node] == dataset.features.row_ptr()[node + 1]);
    }
  }
  CHECK(isolated == 48);
  CHECK(Nodes(unlisted.begin(), unlisted.begin() + 3) == Nodes{2407, 2489, 2553});
}

TEST_CASE("Planetoid: PubMed's labels and graph have the counts of the literature", "[data]") {
  const std::optional<std::string> folder = testing::data_folder();
  if (!folder) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const auto bytes = [&](const char* part) {
    return testing::slurp(*folder + "/planetoid/ind.pubmed." + part);
  };
  const LabelRows ally = parse_label_rows(bytes("ally"), "ally");
  const LabelRows ty = parse_label_rows(bytes("ty"), "ty");
  Nodes nodes_of_class(3);
  for (const LabelRows* rows : {&ally, &ty}) {
    for (const std::int32_t label : rows->labels) {
      ++nodes_of_class.at(label);
    }
  }
  CHECK(nodes_of_class == Nodes{4103, 7739, 7875});
  CHECK(parse_feature_rows(bytes("tx"), "tx").rows() == 1000);
  const AdjacencyLists lists = parse_adjacency_lists(bytes("graph"), "graph");
  CHECK(lists.edges.size() == 88676);
  const graph::Graph built = graph::from_edges(
      lists.num_nodes, lists.edges, {.self_loops = graph::SelfLoops::remove, .symmetric = true});
  CHECK(built.num_edges() == 2 * 44324);
}

TEST_CASE("Planetoid: PubMed has the counts of the literature", "[data]") {
  const std::optional<std::string> folder = testing::data_folder();
  if (!folder || !std::filesystem::exists(*folder + "/planetoid/ind.pubmed.allx")) {
    ATTUNE_SKIP("ind.pubmed.allx is not in $ATTUNE_DATA/planetoid");
  }
  check_published(*folder, "pubmed", {19717, 44324, 500, std::nullopt, {4103, 7739, 7875}, 0, 60});
}

}  // namespace attune::data
