#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/settings.hpp>

using attune::InvalidArgument;
using attune::models::GraphClassifierOptions;
using attune::models::GraphModel;
using attune::nn::GATHeads;
using attune::train::graph_classifier_options;
using attune::train::graph_model;
using attune::train::Settings;
using attune::train::to_settings;
using Catch::Matchers::Contains;

TEST_CASE("settings: a graph classifier's options come back as they were", "[train][settings]") {
  const GraphClassifierOptions options{.model = GraphModel::gcn,
                                       .in_channels = 11,
                                       .num_classes = 12,
                                       .hidden_channels = 13,
                                       .heads = 14,
                                       .out_heads = 15,
                                       .layers = 16,
                                       .dropout = 0.17,
                                       .attention_dropout = 0.18,
                                       .value_dropout = 0.27,
                                       .negative_slope = 0.19,
                                       .residual = true,
                                       .root_weight = false,
                                       .gat_heads = GATHeads::logit};
  const Settings settings = to_settings(options);
  CHECK(settings.size() == 14);
  const GraphClassifierOptions back = graph_classifier_options(settings);
  CHECK(to_settings(back) == settings);
  CHECK(back.model == GraphModel::gcn);
  CHECK(back.layers == 16);
  CHECK(back.negative_slope == 0.19);
  CHECK(back.residual);
  CHECK_FALSE(back.root_weight);
  CHECK(back.gat_heads == GATHeads::logit);
}

TEST_CASE("settings: what makes no graph classifier is named", "[train][settings]") {
  const Settings good = to_settings({.in_channels = 1, .num_classes = 2});
  Settings bad = good;
  bad.erase("heads");
  CHECK_THROWS_WITH(graph_classifier_options(bad), "model: heads is missing");
  bad = good;
  bad["heads"] = 8.0;
  CHECK_THROWS_WITH(graph_classifier_options(bad), "model: heads must be a whole number, got 8.0");
  bad = good;
  bad["residual"] = std::string("yes");
  CHECK_THROWS_WITH(graph_classifier_options(bad), Contains("true or false, got \"yes\""));
  bad = good;
  bad["depth"] = true;
  CHECK_THROWS_WITH(graph_classifier_options(bad), "model: no option is named depth, got true");
  bad = good;
  bad["model"] = std::string("gta");
  CHECK_THROWS_WITH(graph_classifier_options(bad),
                    "model: expected gat, gatv2, transformer, gcn or sage, got \"gta\"");
  bad = good;
  bad["gat_heads"] = std::string("logits");
  CHECK_THROWS_WITH(graph_classifier_options(bad),
                    "gat_heads: expected product or logit, got \"logits\"");
}

TEST_CASE("settings: every model and form of heads has a name and comes back from it",
          "[train][settings]") {
  const std::pair<GraphModel, std::string> models[] = {{GraphModel::gat, "gat"},
                                                       {GraphModel::gatv2, "gatv2"},
                                                       {GraphModel::transformer, "transformer"},
                                                       {GraphModel::gcn, "gcn"},
                                                       {GraphModel::sage, "sage"}};
  for (const auto& [model, name] : models) {
    CHECK(attune::train::to_string(model) == name);
    CHECK(graph_model(name) == model);
  }
  CHECK(attune::train::to_string(GATHeads::product) == "product");
  CHECK(attune::train::gat_heads("product") == GATHeads::product);
  CHECK(attune::train::to_string(GATHeads::logit) == "logit");
  CHECK(attune::train::gat_heads("logit") == GATHeads::logit);
}

TEST_CASE("settings: norm and jumping and features of edges stand where they are asked for",
          "[train][settings]") {
  using attune::models::GraphNorm;
  using attune::models::Jumping;
  const GraphClassifierOptions plain{.in_channels = 1, .num_classes = 2};
  for (const char* name : {"norm", "jumping", "edge_channels"}) {
    CHECK_FALSE(to_settings(plain).contains(name));
  }
  GraphClassifierOptions options = plain;
  options.norm = GENERATE(GraphNorm::layer, GraphNorm::batch);
  options.jumping = GENERATE(Jumping::last, Jumping::cat, Jumping::max);
  options.edge_channels = 3;
  const Settings settings = to_settings(options);
  CHECK(settings.size() == to_settings(plain).size() + 3);
  const GraphClassifierOptions back = graph_classifier_options(settings);
  CHECK(back.norm == options.norm);
  CHECK(back.jumping == options.jumping);
  CHECK(back.edge_channels == 3);
}

TEST_CASE("settings: a norm or jumping that is none is refused", "[train][settings]") {
  const auto message = [](const char* name, const attune::train::Setting& value) {
    Settings settings = to_settings(GraphClassifierOptions{.in_channels = 1, .num_classes = 2});
    settings[name] = value;
    try {
      (void)graph_classifier_options(settings);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message("norm", std::string("graph")) ==
        "norm: expected none, layer or batch, got \"graph\"");
  CHECK(message("jumping", std::string("lstm")) ==
        "jumping: expected none, last, cat or max, got \"lstm\"");
  CHECK(message("jumping", true) == "model: jumping must be a name, got true");
  CHECK(message("edge_channels", 0.5) == "model: edge_channels must be a whole number, got 0.5");
  CHECK(message("norms", std::string("layer")) == "model: no option is named norms, got \"layer\"");
}
