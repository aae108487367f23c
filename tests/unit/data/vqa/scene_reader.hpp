#pragma once

#include <map>
#include <string>
#include <vector>

namespace attune::testing {

/// An object as a file of scenes tells of it: what its attributes are called, and where it is.
struct SeenObject {
  std::map<std::string, std::string> attributes;
  double x = 0;
  double y = 0;
};

/// A line of a file of scenes.
struct SeenScene {
  long image = 0;
  std::vector<SeenObject> objects;
};

/// Reads scenes_PART.jsonl.
[[nodiscard]] std::vector<SeenScene> read_scenes(const std::string& path);

/// Answers a question by its words alone, by trying all objects: knows nothing of how it was made.
/// Throws std::logic_error where it does not understand the question, or where a thing that it
/// speaks of is not there or there several times.
[[nodiscard]] std::string answer_by_looking(const std::string& question, const SeenScene& scene);

}  // namespace attune::testing
