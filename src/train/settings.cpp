#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "train/abbreviated.hpp"
#include "train/read_setting.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/settings.hpp>

namespace attune::train {

using core::text;
using models::GraphClassifierOptions;
using models::GraphModel;
using models::GraphNorm;
using models::Jumping;
using nn::GATHeads;

namespace {

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, const char*>, N>;

constexpr Names<GraphModel, 5> kModels = {{{GraphModel::gat, "gat"},
                                           {GraphModel::gatv2, "gatv2"},
                                           {GraphModel::transformer, "transformer"},
                                           {GraphModel::gcn, "gcn"},
                                           {GraphModel::sage, "sage"}}};
constexpr Names<GraphNorm, 3> kNorms = {
    {{GraphNorm::none, "none"}, {GraphNorm::layer, "layer"}, {GraphNorm::batch, "batch"}}};
constexpr Names<Jumping, 4> kJumpings = {{{Jumping::none, "none"},
                                          {Jumping::last, "last"},
                                          {Jumping::cat, "cat"},
                                          {Jumping::max, "max"}}};

template <class Enum, std::size_t N>
std::string name_of(const Names<Enum, N>& names, Enum value, const char* what) {
  for (const auto& [known, name] : names) {
    if (known == value) {
      return name;
    }
  }
  throw InvalidArgument(text(what, ": not one of those that there are"));
}

template <class Enum, std::size_t N>
Enum value_of(const Names<Enum, N>& names, const std::string& name, const char* what,
              const char* expected) {
  for (const auto& [value, known] : names) {
    if (name == known) {
      return value;
    }
  }
  throw InvalidArgument(text(what, ": expected ", expected, ", got \"", abbreviated(name), "\""));
}

// Calls f(name, option) for each option of a GraphClassifier: the one list of their names.
template <class Options, class F>
void for_each_option(Options& options, F&& f) {
  f("in_channels", options.in_channels);
  f("num_classes", options.num_classes);
  f("hidden_channels", options.hidden_channels);
  f("heads", options.heads);
  f("out_heads", options.out_heads);
  f("layers", options.layers);
  f("dropout", options.dropout);
  f("attention_dropout", options.attention_dropout);
  f("value_dropout", options.value_dropout);
  f("negative_slope", options.negative_slope);
  f("residual", options.residual);
  f("root_weight", options.root_weight);
}

}  // namespace

std::string to_string(const Setting& setting) {
  return std::visit(
      [](const auto& value) {
        return abbreviated(
            nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      },
      setting);
}

void require_same_settings(const Settings& saved, const Settings& now, const std::string& who) {
  for (const auto& [name, setting] : saved) {
    const auto at = now.find(name);
    if (at == now.end()) {
      throw InvalidArgument(
          text(who, ".", abbreviated(name), " was ", to_string(setting), ", got nothing"));
    }
    if (at->second != setting) {
      throw InvalidArgument(text(who, ".", abbreviated(name), " was ", to_string(setting), ", got ",
                                 to_string(at->second)));
    }
  }
  for (const auto& [name, setting] : now) {
    if (!saved.contains(name)) {
      throw InvalidArgument(text(who, ".", name, " was nothing, got ", to_string(setting)));
    }
  }
}

Settings to_settings(const GraphClassifierOptions& options) {
  Settings settings{{"model", to_string(options.model)},
                    {"gat_heads", to_string(options.gat_heads)}};
  for_each_option(options, [&](const char* name, const auto& option) { settings[name] = option; });
  // Not where they are not asked for: a run from before there were any goes on.
  if (options.norm != GraphNorm::none) {
    settings["norm"] = to_string(options.norm);
  }
  if (options.jumping != Jumping::none) {
    settings["jumping"] = to_string(options.jumping);
  }
  if (options.edge_channels != 0) {
    settings["edge_channels"] = options.edge_channels;
  }
  return settings;
}

GraphClassifierOptions graph_classifier_options(const Settings& settings) {
  GraphClassifierOptions options;
  options.model = graph_model(setting<std::string>(settings, "model", "a name"));
  options.gat_heads = gat_heads(setting<std::string>(settings, "gat_heads", "a name"));
  for_each_option(options, [&](const char* name, auto& option) { read(settings, name, option); });
  if (settings.contains("norm")) {
    options.norm = graph_norm(setting<std::string>(settings, "norm", "a name"));
  }
  if (settings.contains("jumping")) {
    options.jumping = jumping(setting<std::string>(settings, "jumping", "a name"));
  }
  if (settings.contains("edge_channels")) {
    read(settings, "edge_channels", options.edge_channels);
  }
  const Settings known = to_settings(options);
  for (const auto& [name, value] : settings) {
    if (!known.contains(name) && name != "norm" && name != "jumping" && name != "edge_channels") {
      throw InvalidArgument(
          text("model: no option is named ", abbreviated(name), ", got ", to_string(value)));
    }
  }
  return options;
}

std::string to_string(GraphModel model) {
  return name_of(kModels, model, "model");
}

GraphModel graph_model(const std::string& name) {
  return value_of(kModels, name, "model", "gat, gatv2, transformer, gcn or sage");
}

std::string to_string(GraphNorm norm) {
  return name_of(kNorms, norm, "norm");
}

GraphNorm graph_norm(const std::string& name) {
  return value_of(kNorms, name, "norm", "none, layer or batch");
}

std::string to_string(Jumping jumping) {
  return name_of(kJumpings, jumping, "jumping");
}

Jumping jumping(const std::string& name) {
  return value_of(kJumpings, name, "jumping", "none, last, cat or max");
}

std::string to_string(GATHeads heads) {
  return heads == GATHeads::product ? "product" : "logit";
}

GATHeads gat_heads(const std::string& name) {
  for (const GATHeads heads : {GATHeads::product, GATHeads::logit}) {
    if (name == to_string(heads)) {
      return heads;
    }
  }
  throw InvalidArgument(
      text("gat_heads: expected product or logit, got \"", abbreviated(name), "\""));
}

}  // namespace attune::train
