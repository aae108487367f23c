#include "train/result_json.hpp"
#include <attune/train/environment.hpp>
#include <attune/train/text_result.hpp>

namespace attune::train {

using Json = ResultJson;

std::string to_json(const TextEvaluationResult& result) {
  const Environment environment = current_environment();
  Json object = {{"dataset", result.dataset}, {"trained_on", result.trained_on}};
  object["threads"] = result.threads;
  object["version"] = environment.version;
  put(object, "metric", result.metric);
  object["ece_bins"] = result.ece_bins;
  object["parts"] = result_json(result.parts);
  object["label_map"] = result_json(result.label_map);
  put(object, "checkpoint", result.checkpoint);
  put(object, "dataset_sha256", result.dataset_sha256);
  put(object, "command", result.command);
  object["environment"] = result_json(environment);
  return dumped(object);
}

std::string to_json(const PretrainingResult& result) {
  const Environment environment = current_environment();
  Json object = {{"texts", result.texts},           {"sequences", result.sequences},
                 {"tokens", result.tokens},         {"vocabulary", result.vocabulary},
                 {"parameters", result.parameters}, {"steps", result.steps}};
  put(object, "seconds", result.seconds);
  put(object, "ms_per_step", result.ms_per_step);
  object["threads"] = result.threads;
  object["version"] = environment.version;
  object["curve"] = result_json(result.curve);
  put(object, "weights_sha256", result.weights_sha256);
  put(object, "command", result.command);
  object["config"] = result_json(result.config);
  object["environment"] = result_json(environment);
  return dumped(object);
}

}  // namespace attune::train
