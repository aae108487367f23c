#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include <attune/models/graph_classifier.hpp>

namespace attune::train {

/// One option as it is written to files.
using Setting = std::variant<bool, std::int64_t, double, std::string>;

/// Options by name.
using Settings = std::map<std::string, Setting>;

/// As in JSON: `true`, `8`, `0.005`, `"cora"`.
[[nodiscard]] std::string to_string(const Setting& setting);

/// Says the first option that differs, `who: model.heads was 8, got 4`.
/// @throws InvalidArgument  the settings are not the same
void require_same_settings(const Settings& saved, const Settings& now, const std::string& who);

/// Everything that a GraphClassifier is made from but its seed, and back. `norm`, `jumping` and
/// `edge_channels` stand there only where they are asked for.
[[nodiscard]] Settings to_settings(const models::GraphClassifierOptions& options);
/// @throws InvalidArgument  an option is missing, unknown or of another type
[[nodiscard]] models::GraphClassifierOptions graph_classifier_options(const Settings& settings);

/// `gat`, `gatv2`, `transformer`, `gcn` or `sage`.
[[nodiscard]] std::string to_string(models::GraphModel model);
/// @throws InvalidArgument  names what is there
[[nodiscard]] models::GraphModel graph_model(const std::string& name);

/// `none`, `layer` or `batch`.
[[nodiscard]] std::string to_string(models::GraphNorm norm);
/// @throws InvalidArgument  names what is there
[[nodiscard]] models::GraphNorm graph_norm(const std::string& name);

/// `none`, `last`, `cat` or `max`.
[[nodiscard]] std::string to_string(models::Jumping jumping);
/// @throws InvalidArgument  names what is there
[[nodiscard]] models::Jumping jumping(const std::string& name);

/// `product` or `logit`.
[[nodiscard]] std::string to_string(nn::GATHeads heads);
/// @throws InvalidArgument  names what is there
[[nodiscard]] nn::GATHeads gat_heads(const std::string& name);

}  // namespace attune::train
