#include "train/abbreviated.hpp"
#include "train/read_setting.hpp"
#include <attune/train/saved_vqa.hpp>

namespace attune::train {

using core::text;
using models::McanOptions;

namespace {

// Calls f(name, option) for each option: the one list of their names.
template <class Options, class F>
void for_each_option(Options& options, F&& f) {
  f("vocabulary", options.vocabulary);
  f("answers", options.answers);
  f("word_channels", options.word_channels);
  f("region_channels", options.region_channels);
  f("channels", options.channels);
  f("layers", options.layers);
  f("heads", options.heads);
  f("intermediate_channels", options.intermediate_channels);
  f("reduction_channels", options.reduction_channels);
  f("fused_channels", options.fused_channels);
  f("dropout", options.dropout);
  f("attention_dropout", options.attention_dropout);
  f("layer_norm_epsilon", options.layer_norm_epsilon);
  f("word_deviation", options.word_deviation);
}

}  // namespace

Settings to_settings(const McanOptions& options) {
  Settings settings;
  for_each_option(options, [&](const char* name, const auto& option) { settings[name] = option; });
  return settings;
}

McanOptions mcan_options(const Settings& settings) {
  McanOptions options;
  for_each_option(options, [&](const char* name, auto& option) { read(settings, name, option); });
  const Settings known = to_settings(options);
  for (const auto& [name, value] : settings) {
    if (!known.contains(name)) {
      throw InvalidArgument(
          text("model: no option is named ", abbreviated(name), ", got ", to_string(value)));
    }
  }
  return options;
}

}  // namespace attune::train
