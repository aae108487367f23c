#include "train/result_json.hpp"
#include <attune/train/environment.hpp>
#include <attune/train/vqa_result.hpp>

namespace attune::train {

std::string to_json(const VqaEvaluationResult& result) {
  const Environment environment = current_environment();
  ResultJson object = {{"dataset", result.dataset}, {"trained_on", result.trained_on}};
  object["threads"] = result.threads;
  object["version"] = environment.version;
  object["metric"] = "accuracy";
  object["parts"] = result_json(result.parts);
  put(object, "mmd", result.mmd);
  put(object, "mmd_median", result.mmd_median);
  put(object, "checkpoint", result.checkpoint);
  put(object, "dataset_sha256", result.dataset_sha256);
  put(object, "command", result.command);
  object["config"] = result_json(result.config);
  object["environment"] = result_json(environment);
  return dumped(object);
}

}  // namespace attune::train
