#include "cli/vqa_model_facts.hpp"

#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/training_run.hpp"
#include <attune/align/network.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {
namespace {

using core::text;
using nlohmann::ordered_json;

// "Alignment Attention by Matching Key and Query Distributions", the table of what it costs.
constexpr double kPaperSoft = 43.3e6;
constexpr double kPaperAligned = 43.4e6;

/// `encoder` of `encoder.0.attention.query.weight`.
std::string component_of(const std::string& parameter) {
  return parameter.substr(0, parameter.find('.'));
}

/// Of the network that tells queries from keys in one layer.
std::int64_t discriminator_parameters(const models::McanOptions& options) {
  const align::Network network =
      align::make_discriminator({.channels = options.channels / options.heads},
                                core::RandomStream(0, core::Purpose::alignment));
  std::int64_t count = 0;
  for (const align::Parameter& parameter : align::named_parameters(network, true)) {
    count += parameter.variable.shape().num_elements();
  }
  return count;
}

std::string millions(const ordered_json& count) {
  constexpr double kMillion = 1e6;
  return fixed(count.get<double>() / kMillion, 1) + " M";
}

std::string padded(std::string s, std::size_t width) {
  s.insert(0, width - std::min(width, s.size()), ' ');
  return s;
}

void print_line(const std::string& name, const ordered_json& count) {
  constexpr std::size_t kNames = 22;
  constexpr std::size_t kNumbers = 12;
  std::cout << name << std::string(kNames - std::min(kNames, name.size()), ' ')
            << padded(with_thousands(count.get<std::int64_t>()), kNumbers) << '\n';
}

}  // namespace

ordered_json vqa_model_facts(const models::McanOptions& options) {
  nn::Initializer init(0);
  const models::Mcan model(options, init);
  ordered_json components = ordered_json::object();
  std::int64_t sum = 0;
  for (const nn::NamedParameter& parameter : model.parameters()) {
    const std::int64_t count = parameter.variable.shape().num_elements();
    ordered_json& component = components[component_of(parameter.name)];
    component = (component.is_null() ? 0 : component.get<std::int64_t>()) + count;
    sum += count;
  }
  // The self-attention of every layer of the encoder and of the decoder.
  const std::int64_t layers = 2 * options.layers;
  const std::int64_t discriminators = layers * discriminator_parameters(options);
  const std::int64_t layer =
      (components["encoder"].get<std::int64_t>() + components["decoder"].get<std::int64_t>()) /
      options.layers;
  return {{"options",
           {{"vocabulary", options.vocabulary},
            {"answers", options.answers},
            {"word_channels", options.word_channels},
            {"region_channels", options.region_channels},
            {"channels", options.channels},
            {"layers", options.layers},
            {"heads", options.heads}}},
          {"components", components},
          {"parameters", sum},
          {"per_layer", layer},
          {"aligned_layers", layers},
          {"discriminators", discriminators},
          {"aligned_parameters", sum + discriminators},
          {"paper", {{"parameters", kPaperSoft}, {"aligned_parameters", kPaperAligned}}}};
}

void print_vqa_model(const ordered_json& facts) {
  for (const auto& [component, count] : facts["components"].items()) {
    print_line(component, count);
  }
  print_line("MCAN", facts["parameters"]);
  print_line("a layer more", facts["per_layer"]);
  print_line("discriminators", facts["discriminators"]);
  print_line("MCAN, aligned", facts["aligned_parameters"]);
  std::cout << "paper                  " << millions(facts["paper"]["parameters"]) << " soft, "
            << millions(facts["paper"]["aligned_parameters"]) << " aligned; here "
            << millions(facts["parameters"]) << " and " << millions(facts["aligned_parameters"])
            << '\n';
}

}  // namespace attune::cli
