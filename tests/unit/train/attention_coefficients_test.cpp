#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "citation_toy.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>
#include <attune/train/attention_coefficients.hpp>

using attune::core::text;
using attune::models::GraphClassifier;
using attune::models::GraphModel;
using attune::testing::slurp;
using attune::testing::TemporaryFolder;
using attune::train::attention_coefficients;
using attune::train::AttentionCoefficients;
using attune::train::NodeClassification;

TEST_CASE("attention: coefficients of a node and head sum to one", "[train]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const NodeClassification problem(dataset);
  const auto kind = GENERATE(GraphModel::gat, GraphModel::gatv2, GraphModel::transformer);
  const GraphClassifier model({.model = kind, .in_channels = 30, .num_classes = 3, .heads = 4}, 1);
  const AttentionCoefficients attention = attention_coefficients(model, problem);
  REQUIRE(attention.layers.size() == 2);
  REQUIRE(std::ssize(attention.src) == problem.graph().num_edges());
  CHECK(std::is_sorted(attention.dst.begin(), attention.dst.end()));
  const std::int64_t heads[] = {4, 1};
  for (std::size_t l = 0; l < 2; ++l) {
    REQUIRE(attention.layers[l].shape() ==
            attune::core::Shape{problem.graph().num_edges(), heads[l]});
    std::vector<double> sums(static_cast<std::size_t>(dataset.num_nodes() * heads[l]));
    const std::span<const float> alpha = attention.layers[l].data<float>();
    for (std::size_t i = 0; i < alpha.size(); ++i) {
      const auto edge = i / static_cast<std::size_t>(heads[l]);
      const auto head = static_cast<std::int64_t>(i) % heads[l];
      sums[static_cast<std::size_t>(attention.dst[edge] * heads[l] + head)] += alpha[i];
    }
    for (const double sum : sums) {
      REQUIRE(sum == Approx(1).epsilon(1e-5));
    }
  }
}

TEST_CASE("attention: files have an edge a line, or an array a layer", "[train]") {
  const AttentionCoefficients attention{
      .src = {1, 0},
      .dst = {0, 1},
      .layers = {attune::core::Tensor::from<float>({0.5, 0.25, 1, 0.125}, {2, 2}),
                 attune::core::Tensor::from<float>({1, 0.1F}, {2, 1})}};
  const TemporaryFolder folder;
  attune::train::write_attention(folder.path("a.csv"), attention);
  CHECK(slurp(folder.path("a.csv")) ==
        "src,dst,layer0_head0,layer0_head1,layer1_head0\n1,0,0.5,0.25,1\n0,1,1,0.125,0.1\n");
  attune::train::write_attention(folder.path("a.npz"), attention);
  const attune::data::NpzArchive npz = attune::data::read_npz(folder.path("a.npz"));
  CHECK(npz.at("src").ints() == attention.src);
  CHECK(npz.at("dst").ints() == attention.dst);
  CHECK(npz.at("layer0").shape() == std::vector<std::int64_t>{2, 2});
  CHECK(npz.at("layer1").floats() == std::vector<float>{1, 0.1F});
}

TEST_CASE("attention: a model without says so", "[train]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const NodeClassification problem(dataset);
  const auto [kind, name] = GENERATE(
      table<GraphModel, std::string>({{GraphModel::gcn, "gcn"}, {GraphModel::sage, "sage"}}));
  const GraphClassifier model({.model = kind, .in_channels = 30, .num_classes = 3}, 1);
  CHECK(attune::testing::message_of<attune::InvalidArgument>([&] {
          (void)attention_coefficients(model, problem);
        }) == text("attention: layers of ", name, " have no attention coefficients"));
}
