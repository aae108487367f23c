#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <attune/data/vqa/scenes.hpp>

namespace attune::data {

/// Scenes of a file that generate_scene_dataset() wrote beside the questions, a line of
/// scene_json() each.
/// @param ids  of the scenes wanted
/// @return     those, in the order of the ids
/// @throws FileError  no such file, a line that is no scene (says which, and what was expected), or
///                    an id that no line has
[[nodiscard]] std::vector<Scene> read_scene_file(const std::string& path,
                                                 std::span<const std::int64_t> ids);

}  // namespace attune::data
