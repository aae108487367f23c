// The small graph of every format: a - b - c - d, and b - b where the format can say so; classes
// x y x and none for d; features 1 1 / 0 2 / 0 0 / 3 0.

#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "support/gzipped.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/text_datasets.hpp>

namespace attune::data {

namespace {

using Catch::Contains;
using testing::gzipped;
using testing::TemporaryFolder;
using Files = std::map<std::string, std::string>;
using Nodes = std::vector<std::int64_t>;

const Files kGeomGcn = {
    {"new_data/toy/out1_graph_edges.txt", "node_id\tnode_id\n0\t1\n1\t1\n2\t1\n2\t3\n3\t2\n"},
    {"new_data/toy/out1_node_feature_label.txt",
     "node_id\tfeature\tlabel\n2\t0,0\t0\n0\t1,1\t0\n1\t0,2\t1\n3\t3,0\t0\n"}};

const Files kLinqs = {{"toy.cites", "b a\nb\tb\nb\tc\nc\td\nd\tzzz\n"},
                      {"toy.content", "a\t1\t1\tx\nb\t0\t2\ty\nc\t0\t0\tx\nd\t3\t0\tx\n"}};

const Files kOgb = {{"raw/edge.csv", "0,1\n1,1\n1,2\n3,2\n"},
                    {"raw/node-feat.csv", "1.0,1.0\n0,2e0\n0.0,-0\n3,0\n"},
                    {"raw/node-label.csv", "0\n1.0\n0\nnan\n"},
                    {"raw/num-edge-list.csv", "4\n"},
                    {"raw/num-node-list.csv", "4\n"},
                    {"raw/node_year.csv", "anything at all\n"},
                    {"split/time/test.csv", ""},
                    {"split/time/train.csv", "1\n0\n"},
                    {"split/time/valid.csv", "2\n"}};

const Files kTables = {
    {"edges.csv", "source,target\r\na,b\r\nb,b\r\n\"b\",c\r\n# a comment\r\nc,d\r\n"},
    {"features.tsv", "a\t1\t1\nb\t0\t2\nc\t0\t0\nd\t3\t0\n"},
    {"labels.csv", "id,class\nc,\"x\"\na,x\nb,y\nd,\n"},
    {"split.txt", "node part\nb train\na   train\nc val\n"}};

const char* const kGraphml = R"(<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="l" for="node" attr.name="label" attr.type="string"/>
  <key id="s" for="node" attr.name="split" attr.type="string"/>
  <key id="w" for="edge" attr.name="weight" attr.type="double"/>
  <key id="v" for="node" attr.name="v" attr.type="double"><default>0</default></key>
  <key id="u" for="node" attr.name="u" attr.type="int"/>
  <key id="t" for="node" attr.name="title" attr.type="string"/>
  <graph id="G" edgedefault="undirected">
    <node id="a"><data key="l">x</data><data key="s">train</data><data key="u">1</data>
      <data key="v">1</data><data key="t">ignored</data></node>
    <node id="b"><data key="l">y</data><data key="s">train</data><data key="v">2</data></node>
    <node id="c"><data key="l">x</data><data key="s">valid</data></node>
    <!-- <node id="no"> -->
    <node id="d"><data key="u">3</data></node>
    <edge source="a" target="b"><data key="w">2</data></edge>
    <edge source="b" target="b"/> <edge source="b" target="c"/> <edge source="c" target="d"/>
  </graph>
</graphml>
)";

NodeDataset load(const Files& files, const std::string& name) {
  const TemporaryFolder folder;
  for (const auto& [file, content] : files) {
    folder.write(file, content);
  }
  return load_text_dataset(folder.path(name));
}

std::string error_of(const Files& files, const std::string& name) {
  try {
    (void)load(files, name);
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

/// The files with one of them replaced.
Files with(Files files, const std::string& name, const std::string& content) {
  files[name] = content;
  return files;
}

Files without(Files files, const std::string& name) {
  files.erase(name);
  return files;
}

std::string replaced(std::string content, const std::string& old, const std::string& now) {
  REQUIRE(content.find(old) != std::string::npos);
  return content.replace(content.find(old), old.size(), now);
}

void check_toy(const NodeDataset& dataset, std::int32_t last_label) {
  CHECK(dataset.num_nodes() == 4);
  CHECK(dataset.graph.num_edges() == 6);
  CHECK(dataset.graph.in_degree(1) == 2);
  CHECK(dataset.graph.in_degree(3) == 1);
  CHECK(dataset.labels == std::vector<std::int32_t>{0, 1, 0, last_label});
  CHECK(dataset.num_classes == 2);
  CHECK(dataset.features.columns() == 2);
  const std::span<const float> values = dataset.features.values().data<float>();
  CHECK(std::vector<float>(values.begin(), values.end()) == std::vector<float>{0.5F, 0.5F, 1, 1});
  const std::span<const std::int32_t> columns = dataset.features.col_idx();
  CHECK(Nodes(columns.begin(), columns.end()) == Nodes{0, 1, 1, 0});
  CHECK(dataset.sha256.size() == 64);
}

void check_split(const NodeDataset& dataset) {
  REQUIRE(dataset.splits.size() == 1);
  CHECK(dataset.split_name == "public");
  CHECK(dataset.split.train == Nodes{0, 1});
  CHECK(dataset.split.validation == Nodes{2});
  CHECK(dataset.split.test.empty());
}

}  // namespace

TEST_CASE("geom-gcn: nodes come in any order, dense or by index", "[data]") {
  const NodeDataset dense = load(kGeomGcn, "new_data/toy");
  check_toy(dense, 0);
  CHECK(dense.name == "toy");
  CHECK(dense.splits.empty());
  const NodeDataset sparse = load(with(kGeomGcn, "new_data/toy/out1_node_feature_label.txt",
                                       "node_id\tfeature(feature_amount:4)\tlabel\n0\t4,0\t0\n"
                                       "1\t2,2\t1\n2\t1\t0\n3\t3\t0\n"),
                                  "new_data/toy/");
  CHECK(sparse.features.columns() == 5);
  CHECK(sparse.features.num_nonzeros() == 5);
}

TEST_CASE("geom-gcn: splits beside the folder are found", "[data]") {
  const TemporaryFolder folder;
  for (const auto& [file, content] : kGeomGcn) {
    folder.write(file, content);
  }
  for (const int number : {0, 1, 3}) {  // 3 is not the next one
    const Nodes train = number == 0 ? Nodes{1, 1, 0, 0} : Nodes{0, 1, 1, 0};
    folder.write("splits/toy_split_0.6_0.2_" + std::to_string(number) + ".npz",
                 encode_npz({{"train_mask", NpyArray::from(train, {4})},
                             {"val_mask", NpyArray::from(Nodes{0, 0, 0, 1}, {4})},
                             {"test_mask", NpyArray::from(Nodes{0, 0, 0, 0}, {4})}}));
  }
  const NodeDataset dataset = load_geom_gcn(folder.path("new_data/toy"));
  REQUIRE(dataset.splits.size() == 2);
  CHECK(dataset.split.train == Nodes{0, 1});
  CHECK(dataset.splits[1].train == Nodes{1, 2});
}

TEST_CASE("geom-gcn: what is wrong is named with its line", "[data]") {
  const std::string nodes = "new_data/toy/out1_node_feature_label.txt";
  const std::string edges = "new_data/toy/out1_graph_edges.txt";
  const std::string head = "node_id\tfeature\tlabel\n";
  const auto error = [&](const std::string& file, const std::string& content) {
    return error_of(with(kGeomGcn, file, content), "new_data/toy");
  };
  CHECK_THAT(error(nodes, ""), Contains("label.txt:1: expected the heading node_id, feature"));
  CHECK_THAT(error(nodes, "0\t1\t1\n"), Contains("label.txt:1: expected the heading"));
  CHECK_THAT(error(nodes, head), Contains("expected a node a line, found none"));
  CHECK_THAT(error(nodes, head + "0\t1,1\n"), Contains(":2: expected 3 fields, found 2"));
  CHECK_THAT(error(nodes, head + "0\t1,x\t0\n"),
             Contains(":2: expected a finite number, found \"x\""));
  CHECK_THAT(error(nodes, head + "0\t\t0\n"), Contains("expected a finite number, found \"\""));
  CHECK_THAT(error(nodes, head + "0\t1,nan\t0\n"), Contains("found \"nan\""));
  CHECK_THAT(error(nodes, head + "0\t1,1\t-1\n"), Contains("whole number from 0"));
  CHECK_THAT(error(nodes, head + "0\t1,1\t0\n1\t1,1,1\t0\n"),
             Contains(":3: expected 2 features, found 3"));
  CHECK_THAT(error(nodes, head + "0\t1\t0\n0\t1\t0\n"),
             Contains(":3: expected nodes 0 to 1 once each, found 0"));
  CHECK_THAT(error(nodes, head + "7\t1\t0\n"), Contains(":2: expected nodes 0 to 0 once each"));
  CHECK_THAT(error(nodes, "node_id\tfeature(feature_amount:99999999999)\tlabel\n"),
             Contains("from 0 to 4194303"));
  CHECK_THAT(error(nodes, "node_id\tfeature(feature_amount:3)\tlabel\n0\t4\t0\n"),
             Contains("from 0 to 3, found \"4\""));
  CHECK_THAT(error(edges, "node_id\tnode_id\n0\t4\n"),
             Contains("edges.txt:2:") && Contains("from 0 to 3, found \"4\""));
  CHECK_THAT(error(edges, "0\t1\n"), Contains("edges.txt:1: expected the heading"));
  CHECK_THAT(error_of(without(kGeomGcn, nodes), "new_data/toy"), Contains("feature_label.txt"));
}

TEST_CASE("LINQS: links to papers that are not there are left out and counted", "[data]") {
  for (const char* name : {"toy.content", "toy.cites"}) {
    const NodeDataset dataset = load(kLinqs, name);
    check_toy(dataset, 0);
    CHECK(dataset.name == "toy");
    CHECK_THAT(dataset.source, Contains("without 1 links"));
    CHECK(dataset.splits.empty());
  }
}

TEST_CASE("LINQS: what is wrong is named with its line", "[data]") {
  const auto error = [&](const std::string& file, const std::string& content) {
    return error_of(with(kLinqs, file, content), "toy.content");
  };
  CHECK_THAT(error("toy.content", ""), Contains("toy.content: expected a paper a line"));
  CHECK_THAT(error("toy.content", "a\tx\n"), Contains("toy.content:1: expected a name, 1 to"));
  CHECK_THAT(error("toy.content", "a\t1\tx\nb\t1\t1\ty\n"),
             Contains("toy.content:2: expected 3 columns, found 4"));
  CHECK_THAT(error("toy.content", "a\t1\tx\nb\t1\ty\na\t1\ty\n"),
             Contains("toy.content:3: expected each paper once, found \"a\" as on line 1"));
  CHECK_THAT(error("toy.content", "a\tone\tx\n"), Contains("found \"one\""));
  CHECK_THAT(error("toy.content", "a\t1\tx\nb\t1\tx\n"), Contains("expected at least two classes"));
  CHECK_THAT(error("toy.cites", "a b c\n"), Contains("toy.cites:1: expected 2 fields, found 3"));
  CHECK_THAT(error_of(without(kLinqs, "toy.cites"), "toy.content"), Contains("toy.cites"));
}

TEST_CASE("OGB: a folder as its archive unfolds, gzipped or not", "[data]") {
  const NodeDataset plain = load(kOgb, "");
  check_toy(plain, -1);
  check_split(plain);
  Files compressed;
  for (const auto& [name, content] : kOgb) {
    compressed[name + ".gz"] = gzipped(content);
  }
  const NodeDataset dataset = load(compressed, "");
  check_toy(dataset, -1);
  check_split(dataset);
}

TEST_CASE("OGB: features with negative numbers stay as they are", "[data]") {
  const NodeDataset dataset =
      load(with(kOgb, "raw/node-feat.csv", "-0.5,3\n0,0\n1e-3,1\n7,7\n"), "");
  const std::span<const float> values = dataset.features.values().data<float>();
  CHECK(std::vector<float>(values.begin(), values.end()) ==
        std::vector<float>{-0.5F, 3, 1e-3F, 1, 7, 7});
}

TEST_CASE("OGB: features of edges are read where they are there", "[data]") {
  CHECK(load(kOgb, "").edge_channels() == 0);
  // Of 0 -> 1, 1 -> 1, 1 -> 2, 3 -> 2; a self-loop is dropped, the rest is the same both ways.
  const Files files = with(kOgb, "raw/edge-feat.csv", "1,0.5\n9,9\n-2,0\n3,1e1\n");
  const NodeDataset dataset = load(files, "");
  REQUIRE(dataset.edge_channels() == 2);
  const std::span<const float> features = dataset.edge_features.data<float>();
  CHECK(std::vector<float>(features.begin(), features.end()) ==
        std::vector<float>{1, 0.5F, 1, 0.5F, -2, 0, -2, 0, 3, 10, 3, 10});
  const auto error = [&](const std::string& content) {
    return error_of(with(kOgb, "raw/edge-feat.csv", content), "");
  };
  CHECK_THAT(error("1\n2\n3\n"), Contains("edge-feat.csv") && Contains("4 edges"));
  CHECK_THAT(error("1\n2\n3,3\n4\n"), Contains("edge-feat.csv:3: expected 1 features, found 2"));
  CHECK_THAT(error("1\n2\nx\n4\n"), Contains("edge-feat.csv:3: expected a finite number"));
}

TEST_CASE("OGB: what is wrong is named with its line", "[data]") {
  const auto error = [&](const std::string& file, const std::string& content) {
    return error_of(with(kOgb, file, content), "");
  };
  for (const char* name : {"raw/node-feat.csv", "raw/node-label.csv", "raw/num-edge-list.csv",
                           "raw/num-node-list.csv", "split/time/valid.csv"}) {
    CAPTURE(name);
    CHECK_THAT(error_of(without(kOgb, name), ""), Contains(std::string(name) + ".gz: missing"));
  }
  CHECK_THAT(error("raw/edge.csv", "0,4\n"), Contains("edge.csv:1:") && Contains("from 0 to 3"));
  CHECK_THAT(error("raw/edge.csv", "0,1,2\n"), Contains("expected 2 fields, found 3"));
  CHECK_THAT(error("raw/node-feat.csv", "1\n1\n1\n"), Contains("expected features of 4 nodes"));
  CHECK_THAT(error("raw/node-feat.csv", "1,2\n1\n1\n1\n"), Contains(":2: expected 2 features"));
  CHECK_THAT(error("raw/node-label.csv", ""), Contains("expected a label a line"));
  CHECK_THAT(error("raw/node-label.csv", "0\n0.5\n"), Contains(":2:") && Contains("found \"0.5\""));
  CHECK_THAT(error("raw/node-label.csv", "0,1\n"), Contains("expected 1 fields, found 2"));
  CHECK_THAT(error("raw/num-edge-list.csv", "5\n"),
             Contains("list.csv:1: expected 4 edges, as edge has, found 5"));
  CHECK_THAT(error("raw/num-node-list.csv", "2000000000\n"),
             Contains("expected 4 nodes, as node-label has, found 2000000000"));
  CHECK_THAT(error("raw/num-node-list.csv", "4\n7\n"), Contains("expected one graph"));
  CHECK_THAT(error("raw/num-node-list.csv", ""), Contains("found nothing"));
  CHECK_THAT(error("split/time/train.csv", "0\n1\n2\n"), Contains("node 2 is listed in train and"));
  CHECK_THAT(error("split/time/train.csv", "0\n1\n3\n"), Contains("train node 3 has no label"));
}

TEST_CASE("tables: names, headings, comments, quotes and three separators", "[data]") {
  const NodeDataset dataset = load(kTables, "");
  check_toy(dataset, -1);
  check_split(dataset);
  Files compressed = without(kTables, "features.tsv");
  compressed["features.tsv.gz"] = gzipped(kTables.at("features.tsv"));
  check_toy(load(compressed, ""), -1);
}

TEST_CASE("tables: without features every node has a column of its own", "[data]") {
  const NodeDataset dataset = load(without(kTables, "features.tsv"), "");
  CHECK(dataset.num_nodes() == 4);
  CHECK(dataset.features.columns() == 4);
  CHECK(dataset.features.num_nonzeros() == 4);
  CHECK(dataset.labels == std::vector<std::int32_t>{0, 0, 1, -1});  // in the order of the labels
}

TEST_CASE("tables: classes go by number where all are numbers, else by letter", "[data]") {
  const auto labels = [](const std::string& content) {
    return load(without(with(kTables, "labels.csv", content), "split.txt"), "").labels;
  };
  CHECK(labels("a,10\nb,9\nc,-1\n") == std::vector<std::int32_t>{2, 1, 0, -1});
  CHECK(labels("a,10\nb,9\nc,x\n") == std::vector<std::int32_t>{0, 1, 2, -1});
}

TEST_CASE("tables: numbers behind the ends of edges are their features", "[data]") {
  const NodeDataset dataset =
      load(with(kTables, "edges.csv",
                "source,target,w,v\na,b,1,2\nb,b,9,9\nb,c,3,4\nc,b,5,6\nc,d,7,8\n"),
           "");
  REQUIRE(dataset.edge_channels() == 2);
  // Edges by dst, then src: b -> a, a -> b, c -> b, b -> c, d -> c, c -> d. What is listed one way
  // only has the same features both ways.
  const std::span<const float> features = dataset.edge_features.data<float>();
  CHECK(std::vector<float>(features.begin(), features.end()) ==
        std::vector<float>{1, 2, 1, 2, 5, 6, 3, 4, 7, 8, 7, 8});
  CHECK(load(kTables, "").edge_channels() == 0);
}

TEST_CASE("tables: what is wrong is named with its line", "[data]") {
  const auto error = [&](const std::string& file, const std::string& content) {
    return error_of(with(kTables, file, content), "");
  };
  CHECK_THAT(error_of(without(kTables, "labels.csv"), ""), Contains("/labels.csv: missing"));
  CHECK_THAT(error("edges.csv", "a,b\nb,zzz\n"), Contains("edges.csv:2: no node is named \"zzz\""));
  CHECK_THAT(error("edges.csv", "a\n"), Contains("edges.csv:1: expected 2 fields, found 1"));
  CHECK_THAT(error("edges.csv", "a,b\na,b,0.5\n"),
             Contains("edges.csv:2: expected 2 fields, found 3"));
  CHECK_THAT(error("edges.csv", "a,b,0.5\na,b\n"),
             Contains("edges.csv:2: expected 3 fields, found 2"));
  CHECK_THAT(error("edges.csv", "a,b,heavy\n"),
             Contains("edges.csv:1: expected a finite number, found \"heavy\""));
  CHECK_THAT(error("edges.csv", "a,b,1e99\n"), Contains("edges.csv:1: expected a finite number"));
  CHECK_THAT(error("edges.csv", "a,\"b\n"), Contains("field 2: expected a closing quote"));
  CHECK_THAT(error("edges.csv", "\"a\"b,b\n"), Contains("expected a comma behind the closing"));
  CHECK_THAT(error("features.tsv", "a\t1\nb\n"), Contains("features.tsv:2: expected the name of a "
                                                          "node and 1 numbers, found 1 fields"));
  CHECK_THAT(error("features.tsv", "a\n"), Contains("features.tsv:1: expected the name of a node"));
  CHECK_THAT(error("features.tsv", "\t1\n"), Contains("expected the name of a node, found none"));
  CHECK_THAT(error("features.tsv", "a\t1\na\t2\n"),
             Contains("features.tsv:2: expected each node once, found \"a\" as on line 1"));
  CHECK_THAT(error("features.tsv", ""), Contains("expected a node a line, found none"));
  CHECK_THAT(error("features.tsv", "a\t1e99\n"), Contains("expected a finite number"));
  CHECK_THAT(error("features.tsv", "a\t-inf\n"), Contains("expected a finite number"));
  CHECK_THAT(error("labels.csv", "a,x\na,y\n"), Contains("labels.csv:2: expected each node once"));
  CHECK_THAT(error("labels.csv", "a,x\ne,y\n"), Contains("labels.csv:2: no node is named \"e\""));
  CHECK_THAT(error("split.txt", "a train\nb tset\n"),
             Contains("split.txt:2: expected train, validation or test, found \"tset\""));
  CHECK_THAT(error("split.txt", "a train\nb train\na val\n"), Contains("listed in train and in"));
}

TEST_CASE("GraphML: labels, splits, numbers and defaults of nodes are read", "[data]") {
  const NodeDataset dataset = load({{"toy.graphml", kGraphml}}, "toy.graphml");
  check_toy(dataset, -1);
  check_split(dataset);
  CHECK(dataset.name == "toy");
  check_toy(load({{"toy.graphml.gz", gzipped(kGraphml)}}, "toy.graphml.gz"), -1);
  const std::string directed = replaced(kGraphml, "undirected", "directed");
  check_toy(load({{"toy.graphml", directed}}, "toy.graphml"), -1);
}

TEST_CASE("GraphML: what is wrong is named", "[data]") {
  const auto error = [](const std::string& old, const std::string& now) {
    return error_of({{"x.graphml", replaced(kGraphml, old, now)}}, "x.graphml");
  };
  CHECK_THAT(error("target=\"d\"", "target=\"e\""), Contains("found 4 nodes and 5 ends of edges"));
  CHECK_THAT(error("<node id=\"d\">", "<node  name=\"d\"\n id = 'c' >"),
             Contains("expected nodes with an id of their own, found two \"c\""));
  CHECK_THAT(error(">2</data>", ">two</data>"),
             Contains("node 1, counted from 0: attribute \"v\": "
                      "expected a finite number, found \"two\""));
  CHECK_THAT(error(">valid<", ">vaild<"), Contains("node 2, counted from 0: expected split"));
  CHECK_THAT(error("<data key=\"u\">3", "<data key=\"q\">3"), Contains("key that is declared"));
  CHECK_THAT(error("edgedefault", "edges"), Contains("expected GraphML: "));
  CHECK_THAT(error("for=\"edge\"", "for=\"egde\""), Contains("expected GraphML: "));
  CHECK_THAT(error("</graph>", ""), Contains("expected XML: "));
  CHECK_THAT(error("<graph id", "<!DOCTYPE x [<!ENTITY y \"z\">]><graph id"),
             Contains("x.graphml:9: expected no document type"));
  CHECK_THAT(error("-->", ""), Contains("x.graphml:14: expected -->"));
  CHECK_THAT(error_of({{"x.graphml", ""}}, "x.graphml"), Contains("x.graphml"));
  CHECK_THAT(error_of({{"x.graphml", "<graphml/>"}}, "x.graphml"), Contains("found 0 nodes"));
}

TEST_CASE("GraphML: nesting that would exhaust the stack is refused", "[data]") {
  std::string deep = "<graphml>";
  for (int i = 0; i < 1'000'000; ++i) {
    deep += "<a>";
  }
  CHECK_THAT(error_of({{"x.graphml", deep}}, "x.graphml"),
             Contains("x.graphml:1: expected elements at most 100 deep"));
  std::string hidden = "<graphml>";  // closing tags where a parser sees none
  for (int i = 0; i < 200'000; ++i) {
    hidden += "<a b='</a>'><!--</a>--><![CDATA[</a>]]><?p </a>?>";
  }
  CHECK_THAT(error_of({{"x.graphml", hidden}}, "x.graphml"), Contains("at most 100 deep"));
}

TEST_CASE("text data sets: a bomb of zeros is refused by its size", "[data]") {
  const std::string bomb = gzipped(std::string(std::size_t{64} << 20, '0'));
  CHECK(bomb.size() < 100'000);
  Files files = without(kOgb, "raw/node-feat.csv");
  files["raw/node-feat.csv.gz"] = bomb;
  CHECK_THAT(error_of(files, ""), Contains("node-feat.csv.gz:") && Contains("expected at most"));
}

TEST_CASE("text data sets: a line of nothing but commas is refused", "[data]") {
  const std::string commas(std::size_t{5} << 20, ',');
  CHECK_THAT(error_of(with(kOgb, "raw/node-feat.csv", commas), ""),
             Contains("node-feat.csv:1: expected at most 4194306 fields"));
}

TEST_CASE("text data sets: damaged gzip data is refused with the position", "[data]") {
  const std::string whole = gzipped(kOgb.at("raw/node-feat.csv"));
  Files files = without(kOgb, "raw/node-feat.csv");
  const auto error = [&](const std::string& bytes) {
    return error_of(with(files, "raw/node-feat.csv.gz", bytes), "");
  };
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK_THAT(error(whole.substr(0, length)), Contains("expected gzip data"));
  }
  std::string flipped = whole;
  flipped[whole.size() - 6] ^= 1;  // of the CRC-32
  CHECK_THAT(error(flipped), Contains("incorrect data check"));
  CHECK_THAT(error(whole + "x"), Contains("expected gzip data"));
  CHECK(error(gzipped("1,1\n0,2\n") + gzipped("0,0\n3,0\n")) == "no error");
}

TEST_CASE("text data sets: a path that is none of them says what each would have", "[data]") {
  CHECK_THAT(error_of({{"something", ""}}, ""),
             Contains("expected a folder with edges.csv, raw/edge.csv.gz, train_graph.json or"));
}

TEST_CASE("text data sets: the registry takes paths", "[data]") {
  const TemporaryFolder folder;
  for (const auto& [file, content] : kTables) {
    folder.write("mine/" + file, content);
  }
  CHECK(load_dataset("mine/", folder.path()).name == "mine");
  CHECK(load_dataset(folder.path("mine")).split_name == "public");
}

TEST_CASE("geom-gcn: the public files say what the .npz files of the same graphs say", "[data]") {
  const auto data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  struct Pair {
    const char* text;
    const char* npz;
  };
  const Pair pair =
      GENERATE(Pair{"geom-gcn/texas", "texas"}, Pair{"geom-gcn/wisconsin", "wisconsin"},
               Pair{"geom-gcn/film", "actor"});
  CAPTURE(pair.text);
  const NodeDataset a = load_dataset(pair.text, *data);
  const NodeDataset b = load_dataset(pair.npz, *data);
  CHECK(a.num_nodes() == b.num_nodes());
  CHECK(a.graph.num_edges() == b.graph.num_edges());
  CHECK(a.features.columns() == b.features.columns());
  CHECK(a.features.num_nonzeros() == b.features.num_nonzeros());
  CHECK(a.num_classes == b.num_classes);
  CHECK(a.splits.size() == 10);
  CHECK(a.split.train.size() == b.split.train.size());
  CHECK(a.split.test.size() == b.split.test.size());
}

}  // namespace attune::data
