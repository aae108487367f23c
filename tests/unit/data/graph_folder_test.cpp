#include <numeric>

#include <catch2/catch.hpp>

#include "support/small_graphs.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/generator.hpp>
#include <attune/data/graph_folder.hpp>
#include <attune/data/graph_generator.hpp>
#include <attune/data/native_npz.hpp>
#include <attune/data/npy.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/split.hpp>

namespace attune::data {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

// The small folder, some files of which are replaced.
NodeDataset load_with(const std::map<std::string, std::string>& replaced) {
  const TemporaryFolder folder;
  for (const auto& [name, content] : testing::small_graph_folder()) {
    folder.write(name, content);
  }
  for (const auto& [name, content] : replaced) {
    folder.write(name, content);
  }
  return load_graph_folder(folder.path());
}

NodeDataset load_with_train_graph(const std::string& json) {
  return load_with({{"train_graph.json", json}});
}

std::string array(std::vector<std::int64_t> values, std::vector<std::int64_t> shape) {
  return encode_npy(NpyArray::from(std::span<const std::int64_t>(values), std::move(shape)));
}

}  // namespace

TEST_CASE("load_graph_folder: graphs come one after the other, by parts and numbers", "[data]") {
  const NodeDataset dataset = load_with({});
  CHECK(dataset.num_nodes() == 8);
  CHECK(dataset.num_graphs() == 5);
  CHECK(dataset.graph_ptr == std::vector<std::int64_t>{0, 2, 3, 5, 7, 8});
  CHECK(dataset.multi_label());
  CHECK(dataset.num_classes == 3);
  CHECK(dataset.labels.empty());
  // Nodes 0 and 3 of train are the first graph, joined both ways; the self-loop of 4 is dropped.
  CHECK(copy(dataset.graph.in_edges().row_ptr) ==
        std::vector<std::int64_t>{0, 1, 2, 2, 3, 4, 5, 6, 6});
  CHECK(copy(dataset.graph.in_edges().col_idx) == std::vector<std::int32_t>{1, 0, 4, 3, 6, 5});
  CHECK(dataset.split.train == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  CHECK(dataset.split.validation == std::vector<std::int64_t>{5, 6});
  CHECK(dataset.split.test == std::vector<std::int64_t>{7});
  CHECK(dataset.split_name == "public");
  const core::Tensor features = sparse::to_dense(dataset.features);
  CHECK(copy(features.data<float>()) ==
        std::vector<float>{0, 0.5F, 3, 4, 1, -1, 2, 0, 5, 6, 7, 8, 9, 1, 2, 2});
  CHECK(copy(dataset.targets.data<float>()).size() == 24);
  CHECK(dataset.targets.data<float>()[4] == 1);  // of node 1, 3 in the file: 0 1 0
}

TEST_CASE("load_graph_folder: what save_graph_folder wrote comes back", "[data][property]") {
  const TemporaryFolder folder;
  const NodeDataset made = generate_multi_label_graphs(
      {.num_graphs = 6, .num_validation = 1, .num_test = 2, .nodes_per_graph = 20});
  save_graph_folder(folder.path("made"), made);
  CHECK(is_graph_folder(folder.path("made")));
  CHECK(!is_graph_folder(folder.path()));
  const NodeDataset read = load_dataset(folder.path("made/"));
  CHECK(read.name == "made");
  CHECK(read.graph_ptr == made.graph_ptr);
  CHECK(copy(read.graph.in_edges().row_ptr) == copy(made.graph.in_edges().row_ptr));
  CHECK(copy(read.graph.in_edges().col_idx) == copy(made.graph.in_edges().col_idx));
  CHECK(copy(read.features.values().data<float>()) == copy(made.features.values().data<float>()));
  CHECK(copy(read.targets.data<float>()) == copy(made.targets.data<float>()));
  CHECK(read.split.train == made.split.train);
  CHECK(read.split.validation == made.split.validation);
  CHECK(read.split.test == made.split.test);
}

TEST_CASE("load_graph_folder: JSON that is none or says something else is refused by place",
          "[data]") {
  struct Case {
    std::string json;
    std::string says;
  };
  const std::string nodes = R"({"id": 0}, {"id": 1}, {"id": 2}, {"id": 3}, {"id": 4})";
  const std::vector<Case> cases{
      {"", "not JSON"},
      {"{\"nodes\": [", "not JSON"},
      {"[]", "expected an object, found an array"},
      {"7", "expected an object, found a number"},
      {R"({"links": []})", "nodes is missing"},
      {R"({"nodes": []})", "links is missing"},
      {R"({"nodes": 3, "links": []})", "nodes: expected an array, found a number"},
      {R"({"nodes": {}, "links": []})", "nodes: expected an array, found an object"},
      {R"({"nodes": [3], "links": []})", "nodes[0]: expected an object, found a number"},
      {R"({"nodes": [[]], "links": []})", "nodes[0]: expected an object, found an array"},
      {R"({"nodes": [{}], "links": []})", "nodes[0].id is missing"},
      {R"({"nodes": [{"id": 0}, {"id": "x"}], "links": []})",
       "nodes[1].id: expected the number of a node, found \"x\""},
      {R"({"nodes": [{"id": 1.5}], "links": []})", "nodes[0].id: expected the number of a node"},
      {R"({"nodes": [{"id": -1}], "links": []})", "found one below"},
      {R"({"nodes": [{"id": 18446744073709551615}], "links": []})", "found one above"},
      {R"({"nodes": [{"id": 0, "id": 0}], "links": []})",
       "nodes[0].id: expected once, found again"},
      {R"({"nodes": [{"id": 0}, {"id": 0}], "links": []})",
       "nodes[1].id: expected each of 0 to 1 once, found 0 again"},
      {R"({"nodes": [{"id": 1}], "links": []})",
       "nodes[0].id: expected each of 0 to 0 once, found 1"},
      {R"({"nodes": [], "nodes": [], "links": []})", "nodes: expected once, found again"},
      {R"({"nodes": [], "links": [], "edges": []})", "edges: expected once, found again"},
      {R"({"nodes": [)" + nodes + R"(], "links": [{"source": 0}]})", "links[0].target is missing"},
      {R"({"nodes": [)" + nodes + R"(], "links": [{"source": 0, "target": 5}]})",
       "links[0].target: expected a node, 0 to 4, found 5"},
      {R"({"nodes": [)" + nodes + R"(], "links": [{"source": null, "target": 1}]})",
       "links[0].source: expected the number of a node, found null"},
      {R"({"nodes": [)" + nodes + R"(], "links": [{"source": 0, "target": 1}]})",
       "links[0]: expected ends in one graph, found node 0 of graph 1 and node 1 of graph 2"},
      {R"({"nodes": [{"id": 0}], "links": []})", "train_feats.npy"},
      {std::string(100000, '['), "expected an object, found an array"},
      {R"({"a": )" + std::string(100, '['), "at most 16 deep"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.json.substr(0, 100));
    CHECK_THROWS_AS(load_with_train_graph(one.json), FileError);
    CHECK_THROWS_WITH(load_with_train_graph(one.json), Contains(one.says));
    CHECK_THROWS_WITH(load_with_train_graph(one.json), Contains("train_"));
  }
}

TEST_CASE("load_graph_folder: arrays that contradict the graph or one another are refused",
          "[data]") {
  CHECK_THROWS_WITH(load_with({{"train_labels.npy", array({1, 0, 2}, {1, 3})}}),
                    Contains("train_labels.npy"));
  CHECK_THROWS_WITH(
      load_with({{"valid_labels.npy", array({0, 1, 0, 2, 0, 1}, {2, 3})}}),
      Contains("valid_labels.npy") && Contains("label 0 of node 1: expected 0 or 1, found 2"));
  CHECK_THROWS_WITH(load_with({{"valid_labels.npy", array({0, 1, 0, 1}, {2, 2})}}),
                    Contains("valid_labels.npy"));
  CHECK_THROWS_WITH(load_with({{"test_feats.npy", array({1, 2, 3}, {1, 3})}}),
                    Contains("test_feats.npy"));
  CHECK_THROWS_WITH(load_with({{"test_graph_id.npy", array({5, 5}, {2})}}),
                    Contains("test_graph_id.npy"));
  CHECK_THROWS_WITH(load_with({{"test_graph_id.npy", "no array"}}), Contains("test_graph_id.npy"));
  const TemporaryFolder folder;
  for (const auto& [name, content] : testing::small_graph_folder()) {
    if (name != "valid_labels.npy") {
      folder.write(name, content);
    }
  }
  CHECK_THROWS_AS(load_graph_folder(folder.path()), FileError);
  CHECK_THROWS_WITH(load_graph_folder(folder.path()), Contains("valid_labels.npy"));
}

TEST_CASE("load_graph_folder: every damaged byte is read or refused", "[data][property]") {
  const auto files = testing::small_graph_folder();
  for (const auto& [name, content] : files) {
    for (std::size_t at = 0; at < content.size(); at += 3) {
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      try {
        validate(load_with({{name, damaged}}));
      } catch (const Error& error) {
        CHECK_THAT(error.what(), Contains("_") || Contains("data set"));
      }
      try {
        validate(load_with({{name, content.substr(0, at)}}));
      } catch (const Error&) {
        SUCCEED();
      }
    }
  }
}

TEST_CASE("Graphs of several labels are divided by graphs, and are no .npz", "[data]") {
  const NodeDataset dataset = load_with({});
  CHECK(with_split(dataset, "public").split.train == dataset.split.train);
  CHECK_THROWS_WITH(with_split(dataset, "random:1"),
                    Contains("is divided by its 5 graphs: expected public"));
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(save_native_npz(folder.path("a.npz"), dataset),
                    Contains("expected one graph of nodes with one label each, got 5"));
  CHECK_THROWS_WITH(save_graph_folder(folder.path("b"), generate_citation_like({.num_nodes = 200})),
                    Contains("expected graphs whose nodes have several labels"));
  NodeDataset torn = dataset;
  torn.split.test = {};
  torn.split.validation = {5};
  CHECK_THROWS_WITH(save_graph_folder(folder.path("c"), torn),
                    Contains("graph 3: expected all nodes in one part of the split, found node 6"));
}

TEST_CASE("validate: targets and graphs that make no sense are named", "[data]") {
  const NodeDataset good = load_with({});
  NodeDataset bad = good;
  bad.targets = good.targets.clone();
  bad.targets.mutable_data<float>()[7] = 0.5F;
  CHECK_THROWS_WITH(validate(bad), Contains("label 1 of node 2: expected 0 or 1, found 0.5"));
  bad = good;
  bad.targets = core::Tensor::zeros({8, 2});
  CHECK_THROWS_WITH(validate(bad), Contains("expected targets of 8 nodes and 3 labels"));
  bad = good;
  bad.labels.assign(8, 0);
  CHECK_THROWS_WITH(validate(bad), Contains("expected labels or targets, found both"));
  bad = good;
  bad.targets = {};
  CHECK_THROWS_WITH(validate(bad), Contains("expected a label for each of 8 nodes, found 0"));
  bad = good;
  bad.graph_ptr = {0, 1, 8};
  CHECK_THROWS_WITH(validate(bad), Contains("leaves its graph"));
}

TEST_CASE("generate_multi_label_graphs: counts, same bits, options out of range", "[data]") {
  const GraphGeneratorOptions options{.num_graphs = 10,
                                      .num_validation = 2,
                                      .num_test = 1,
                                      .nodes_per_graph = 100,
                                      .num_labels = 12,
                                      .seed = 3};
  const NodeDataset dataset = generate_multi_label_graphs(options);
  CHECK(dataset.num_graphs() == 10);
  CHECK(dataset.num_nodes() > 500);
  CHECK(dataset.num_nodes() < 1500);
  CHECK(dataset.num_classes == 12);
  CHECK(dataset.split.test.front() == dataset.graph_ptr[9]);
  CHECK(dataset.split.validation.front() == dataset.graph_ptr[7]);
  const auto targets = dataset.targets.data<float>();
  const double per_node = std::accumulate(targets.begin(), targets.end(), 0.0) /
                          static_cast<double>(dataset.num_nodes());
  CHECK(per_node > 2);
  CHECK(per_node < 4);
  CHECK(generate_multi_label_graphs(options).sha256 == dataset.sha256);
  GraphGeneratorOptions other = options;
  other.seed = 4;
  CHECK(generate_multi_label_graphs(other).sha256 != dataset.sha256);
  CHECK_THROWS_WITH(generate_multi_label_graphs({.num_graphs = 0}),
                    Contains("num_graphs must be 1 to 1048576, got 0"));
  CHECK_THROWS_WITH(generate_multi_label_graphs({.num_graphs = 3, .num_validation = 3}),
                    Contains("num_validation must be 0 to 2, got 3"));
  CHECK_THROWS_WITH(generate_multi_label_graphs({.num_labels = 1}), Contains("num_labels"));
  CHECK_THROWS_WITH(generate_multi_label_graphs({.homophily = 1.5}), Contains("got 1.5"));
}

}  // namespace attune::data
