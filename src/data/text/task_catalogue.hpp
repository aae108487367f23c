#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/text_files.hpp"
#include <attune/data/text/text_task.hpp>

namespace attune::data {

/// Reads the file or folder of one part. The task's labels may be filled by the first part.
using PartReader =
    std::function<void(const std::string& path, TextFiles& files, TextTask& task, TextPart& part)>;

/// Where a part is, below FOLDER/text: of several names the first that is there.
struct PartSource {
  std::string part;
  std::vector<std::string> files;
};

struct TaskEntry {
  std::string name;
  std::string summary;
  TextTaskKind kind = TextTaskKind::sentence;
  std::vector<std::string> labels;
  std::vector<std::string> metrics;
  std::vector<PartSource> sources;
  PartReader read;
};

/// Every task that is known by name.
[[nodiscard]] const std::vector<TaskEntry>& task_catalogue();

}  // namespace attune::data
