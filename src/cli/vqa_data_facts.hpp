#pragma once

#include <nlohmann/json_fwd.hpp>

#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::cli {

/// What `vqa info --data` says of a data set: questions and pictures of each part, types of
/// questions and how much of each the usual answer is, words, answers to choose from, and what can
/// be guessed without looking.
[[nodiscard]] nlohmann::ordered_json vqa_data_facts(const data::VqaDataset& dataset);

/// The same to read.
void print_vqa_data(const nlohmann::ordered_json& facts);

}  // namespace attune::cli
