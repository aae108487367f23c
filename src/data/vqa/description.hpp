#pragma once

#include <array>
#include <string>
#include <vector>

#include <attune/data/vqa/scenes.hpp>

namespace attune::data {

/// Some attributes.
using AttributeSet = unsigned;

[[nodiscard]] constexpr AttributeSet set_of(SceneAttribute attribute) {
  return 1U << static_cast<unsigned>(attribute);
}

/// What is said of objects: some attributes are fixed, the others may be anything.
class Description {
 public:
  Description() { values_.fill(kAny); }
  /// Of everything that has these attributes in common with the object.
  Description(const SceneObject& object, AttributeSet attributes);

  void fix(SceneAttribute attribute, int value) {
    values_[static_cast<std::size_t>(attribute)] = value;
  }

  [[nodiscard]] bool matches(const SceneObject& object) const noexcept;
  [[nodiscard]] int count(const Scene& scene) const;

  /// `large red cube`, `metal thing`.
  [[nodiscard]] std::string text() const;
  /// `large red cubes`, `metal things`.
  [[nodiscard]] std::string plural() const { return text() + "s"; }
  /// `an orange cube`.
  [[nodiscard]] std::string with_article() const;

 private:
  static constexpr int kAny = -1;

  std::array<int, kSceneAttributes.size()> values_;
};

/// Objects of these attributes' values that there might be, each once.
[[nodiscard]] std::vector<Description> all_descriptions(AttributeSet attributes);

/// An object, by its index, and what distinguishes it from all others.
struct Reference {
  std::size_t object = 0;
  Description description;
};

/// All ways to speak of one object of the scene with at most two adjectives and without the
/// attributes of `without`.
[[nodiscard]] std::vector<Reference> references(const Scene& scene, AttributeSet without = 0);

/// The sets of at most two adjectives, with a shape or without, none of which is in `without`; the
/// empty one is among them.
[[nodiscard]] std::vector<AttributeSet> adjective_sets(AttributeSet without);

}  // namespace attune::data
