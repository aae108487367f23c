#include "train/result_json.hpp"

#include <cmath>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::train {

using Json = ResultJson;

void put(Json& object, const std::string& key, double value) {
  if (std::isfinite(value)) {
    object[key] = value;
  }
}

void put(Json& object, const std::string& key, const std::string& value) {
  if (!value.empty()) {
    object[key] = value;
  }
}

Json result_json(const std::map<std::string, double>& numbers) {
  Json object = Json::object();
  for (const auto& [name, value] : numbers) {
    put(object, name, value);
  }
  return object;
}

Json result_json(const Settings& settings) {
  Json object = Json::object();
  for (const auto& [name, setting] : settings) {
    if (const double* number = std::get_if<double>(&setting)) {
      put(object, name, *number);
    } else {
      std::visit([&, &key = name](const auto& value) { object[key] = value; }, setting);
    }
  }
  return object;
}

Json result_json(const std::vector<StepRecord>& curve) {
  Json points = Json::array();
  for (const StepRecord& record : curve) {
    points.push_back(result_json(record));
  }
  return points;
}

Json result_json(const Summary& summary) {
  return {{"mean", summary.mean},
          {"std", summary.std},
          {"n", summary.n},
          {"median", summary.median},
          {"min", summary.min},
          {"max", summary.max},
          {"ci95", Json::array({summary.ci95.low, summary.ci95.high})}};
}

Json result_json(const Comparison& comparison) {
  const PairedTest& test = comparison.test;
  return {{"other", comparison.other},
          {"n", test.n},
          {"mean_difference", test.mean_difference},
          {"ci95", Json::array({test.ci95.low, test.ci95.high})},
          {"p_t", test.p_t},
          {"p_wilcoxon", test.p_wilcoxon}};
}

Json result_json(const Environment& environment) {
  Json object = Json::object();
  put(object, "cpu", environment.cpu);
  put(object, "isa", environment.isa);
  object["cores"] = environment.cores;
  object["peak_rss_bytes"] = environment.peak_rss_bytes;
  object["libraries"] = environment.libraries;
  return object;
}

Json result_json(const std::map<std::string, Measures>& parts) {
  Json object = Json::object();
  for (const auto& [part, measures] : parts) {
    object[part] = result_json(measures);
  }
  return object;
}

std::string dumped(const Json& object) {
  try {
    return object.dump(2) + "\n";
  } catch (const Json::type_error& error) {
    throw InvalidArgument(core::text("result: a text is not UTF-8: ", error.what()));
  }
}

}  // namespace attune::train
