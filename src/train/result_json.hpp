#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <attune/train/environment.hpp>
#include <attune/train/result.hpp>
#include <attune/train/settings.hpp>
#include <attune/train/statistics.hpp>
#include <attune/train/step_checkpoint.hpp>
#include <attune/train/validated_trainer.hpp>

// Parts of result files. What is missing or not finite is left out.
namespace attune::train {

/// Keys stay in the order in which a reader wants them.
using ResultJson = nlohmann::ordered_json;

void put(ResultJson& object, const std::string& key, double value);
void put(ResultJson& object, const std::string& key, const std::string& value);
[[nodiscard]] ResultJson result_json(const std::map<std::string, double>& numbers);
[[nodiscard]] ResultJson result_json(const std::map<std::string, Measures>& parts);
[[nodiscard]] ResultJson result_json(const Settings& settings);
[[nodiscard]] ResultJson result_json(const std::vector<StepRecord>& curve);
[[nodiscard]] ResultJson result_json(const Summary& summary);
[[nodiscard]] ResultJson result_json(const Comparison& comparison);
[[nodiscard]] ResultJson result_json(const Environment& environment);

/// @throws InvalidArgument  a text that is not UTF-8
[[nodiscard]] std::string dumped(const ResultJson& object);

}  // namespace attune::train
