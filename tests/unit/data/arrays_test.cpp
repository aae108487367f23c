#include <limits>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/data/arrays.hpp>
#include <attune/data/native_npz.hpp>

namespace attune::data {

namespace {

using Catch::Contains;

/// Four nodes in a row, 0 - 1 - 2 - 3, of two classes, with three features.
struct Row {
  std::vector<graph::Edge> edges{{0, 1}, {1, 2}, {3, 2}, {2, 1}, {3, 3}};
  core::Tensor features =
      core::Tensor::from(std::vector<float>{2, 0, 2, 0, 3, 0, 0, 0, 0, 1, 1, 2}, {4, 3});
  std::vector<std::int32_t> labels{0, 1, -1, 1};

  [[nodiscard]] NodeArrays arrays() const {
    return {.name = "row",
            .edges = edges,
            .features = features,
            .labels = labels,
            .split = {.train = {0, 1}, .validation = {}, .test = {3}}};
  }
};

std::string error_of(const NodeArrays& arrays) {
  try {
    static_cast<void>(dataset_of(arrays));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("arrays: a graph in memory becomes a data set as one from a file does", "[data]") {
  const Row row;
  const NodeDataset dataset = dataset_of(row.arrays());
  CHECK(dataset.num_classes == 2);
  CHECK(dataset.graph.num_edges() == 6);  // both ways, once, no loop
  CHECK(testing::values(sparse::to_dense(dataset.features)) ==
        std::vector<double>{0.5, 0, 0.5, 0, 1, 0, 0, 0, 0, 0.25, 0.25, 0.5});
  CHECK(dataset.features.num_nonzeros() == 6);
  CHECK(dataset.split.train == std::vector<std::int64_t>{0, 1});
  CHECK(dataset.split_name == "public");

  const testing::TemporaryFolder folder;
  save_native_npz(folder.path("row.npz"), dataset);
  const NodeDataset again = load_native_npz(folder.path("row.npz"));
  CHECK(again.labels == dataset.labels);
  CHECK(testing::values(sparse::to_dense(again.features)) ==
        testing::values(sparse::to_dense(dataset.features)));
}

TEST_CASE("arrays: compressed rows in any order are the same data set", "[data]") {
  const Row row;
  const std::vector<std::int64_t> row_ptr{0, 2, 3, 3, 7};
  const std::vector<std::int64_t> columns{2, 0, 1, 2, 0, 1};
  const std::vector<float> values{2, 2, 3, 2, 1, 1};
  NodeArrays arrays = row.arrays();
  const std::vector<std::int64_t> ends{0, 2, 3, 3, 6};
  arrays.features =
      FeatureArrays{.columns = 3, .row_ptr = ends, .col_idx = columns, .values = values};
  CHECK(dataset_of(arrays).sha256 == dataset_of(row.arrays()).sha256);

  arrays.features =
      FeatureArrays{.columns = 3, .row_ptr = row_ptr, .col_idx = columns, .values = values};
  CHECK_THAT(error_of(arrays), Contains("row pointers that ascend from 0 to 6"));
  arrays.features =
      FeatureArrays{.columns = 2, .row_ptr = ends, .col_idx = columns, .values = values};
  CHECK_THAT(error_of(arrays), Contains("features of node 0: expected columns 0 to 1, found 2"));
  arrays.features = FeatureArrays{
      .columns = std::int64_t{1} << 40, .row_ptr = ends, .col_idx = columns, .values = values};
  CHECK_THAT(error_of(arrays), Contains("expected at most 4194304 features"));
  arrays.features = FeatureArrays{
      .columns = 3, .row_ptr = ends, .col_idx = columns, .values = std::span(values).first(5)};
  CHECK_THAT(error_of(arrays), Contains("expected a value for each of 6 columns, found 5"));
}

TEST_CASE("arrays: without a split the rule draws one", "[data]") {
  const Row row;
  NodeArrays arrays = row.arrays();
  arrays.split = {};
  arrays.rule = "fraction:0.5/0.2:3";
  CHECK(dataset_of(arrays).split_name == "fraction:0.5/0.2:3");
  arrays.rule = "halves";
  CHECK_THAT(error_of(arrays), Contains("halves"));
}

TEST_CASE("arrays: the digest is one of everything that is learned from", "[data]") {
  const Row row;
  const std::string digest = dataset_of(row.arrays()).sha256;
  CHECK(digest == dataset_of(row.arrays()).sha256);
  NodeArrays renamed = row.arrays();
  renamed.name = "other";
  CHECK(dataset_of(renamed).sha256 == digest);
  Row other = row;
  other.labels[2] = 0;
  CHECK(dataset_of(other.arrays()).sha256 != digest);
  other = row;
  other.edges.pop_back();  // a self-loop, which is dropped anyway
  CHECK(dataset_of(other.arrays()).sha256 == digest);
  other.edges.pop_back();
  other.edges.pop_back();
  CHECK(dataset_of(other.arrays()).sha256 != digest);
  NodeArrays divided = row.arrays();
  divided.split.test = {};
  CHECK(dataset_of(divided).sha256 != digest);
}

TEST_CASE("arrays: what contradicts itself is refused by name", "[data]") {
  const Row row;
  NodeArrays arrays = row.arrays();
  arrays.features = core::Tensor::full({4, 3}, std::numeric_limits<double>::quiet_NaN());
  CHECK_THAT(error_of(arrays),
             Contains("data set row: feature 0 of node 0: expected a finite number"));
  arrays.features = core::Tensor::zeros({3, 3});
  CHECK_THAT(error_of(arrays), Contains("expected features of 4 nodes, found 3"));
  arrays.features = core::Tensor::zeros({12});
  CHECK_THAT(error_of(arrays), Contains("must be [num_nodes, num_features], got [12]"));
  arrays.features = core::Tensor();
  CHECK_THAT(error_of(arrays), Contains("must be [num_nodes, num_features]"));
  arrays = row.arrays();
  arrays.num_classes = 1;
  CHECK_THAT(error_of(arrays), Contains("at least two classes, found 1"));
  arrays = row.arrays();
  arrays.split.train = {0, 7};
  CHECK_THAT(error_of(arrays), Contains("train node 7"));
  arrays = row.arrays();
  arrays.labels = {};
  CHECK(error_of(arrays) != "no error");
}

}  // namespace attune::data
