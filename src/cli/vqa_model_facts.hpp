#pragma once

#include <nlohmann/json_fwd.hpp>

#include <attune/models/mcan.hpp>

namespace attune::cli {

/// What `vqa info --model` says: parameters of MCAN by component, with and without the networks
/// that align its heads, beside the numbers of the paper.
[[nodiscard]] nlohmann::ordered_json vqa_model_facts(const models::McanOptions& options);

/// The same to read.
void print_vqa_model(const nlohmann::ordered_json& facts);

}  // namespace attune::cli
