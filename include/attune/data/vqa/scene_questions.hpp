#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <attune/data/vqa/scenes.hpp>

namespace attune::data {

/// What is asked about a scene.
enum class SceneQuestionFamily : std::uint8_t {
  existence,   ///< is there a red cube?                            yes, no
  counting,    ///< how many metal things are there?                0 to 6
  attribute,   ///< what color is the large cube?                   a value
  comparison,  ///< are there more cubes than cones? do the red cube and the cone have the same
               ///< size?                                           yes, no
  spatial,     ///< is the red cube left of the small sphere?       yes, no
  two_hops,    ///< what size is the cube above the red sphere?     a value
};

/// All of them.
inline constexpr std::array<SceneQuestionFamily, 6> kSceneQuestionFamilies = {
    SceneQuestionFamily::existence,  SceneQuestionFamily::counting, SceneQuestionFamily::attribute,
    SceneQuestionFamily::comparison, SceneQuestionFamily::spatial,  SceneQuestionFamily::two_hops};

/// `existence`, ..., `two hops`.
[[nodiscard]] std::string_view to_string(SceneQuestionFamily family) noexcept;

/// A question with its answer.
struct SceneQuestion {
  SceneQuestionFamily family = SceneQuestionFamily::existence;  ///< what it asks for
  std::string text = {};                                        ///< at most 14 words
  std::string answer = {};                                      ///< the right one
  std::string answer_type = {};            ///< `yes/no`, `number` or `other`, as in VQA
  std::vector<std::string> mistakes = {};  ///< what somebody might say who looks carelessly
};

/// A question about a scene. The answer is chosen first and goes round with `turn`: yes and no in
/// turn, the numbers 0 to 6, of attributes one after another and their values; then a question is
/// searched for that has this answer. So answers are balanced however scenes fall out. What is
/// named in a question is drawn so that, over all scenes, no word makes yes likelier than no.
///
/// A thing that a question speaks of is the only one of its description; of two of which one is
/// said to be left of (right of, above, below) the other, the places differ by at least 0.08.
///
/// A function of (seed, scene, family, turn).
/// @return  none where the scene has no question with this answer
[[nodiscard]] std::optional<SceneQuestion> ask_about(const Scene& scene, SceneQuestionFamily family,
                                                     std::int64_t turn, std::uint64_t seed);

}  // namespace attune::data
