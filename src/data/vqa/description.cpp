#include "data/vqa/description.hpp"

#include <algorithm>
#include <bit>

namespace attune::data {

Description::Description(const SceneObject& object, AttributeSet attributes) : Description() {
  for (const SceneAttribute attribute : kSceneAttributes) {
    if ((attributes & set_of(attribute)) != 0) {
      fix(attribute, object.value(attribute));
    }
  }
}

bool Description::matches(const SceneObject& object) const noexcept {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (values_[i] != kAny && values_[i] != object.values[i]) {
      return false;
    }
  }
  return true;
}

int Description::count(const Scene& scene) const {
  return static_cast<int>(std::ranges::count_if(
      scene.objects, [this](const SceneObject& object) { return matches(object); }));
}

std::string Description::text() const {
  std::string out;
  for (const SceneAttribute attribute : kSceneAttributes) {
    const int value = values_[static_cast<std::size_t>(attribute)];
    if (value != kAny) {
      out += scene_values(attribute)[static_cast<std::size_t>(value)];
      out += ' ';
    } else if (attribute == SceneAttribute::shape) {
      out += "thing ";
    }
  }
  out.pop_back();
  return out;
}

std::string Description::with_article() const {
  const std::string words = text();
  return (words.starts_with('o') ? "an " : "a ") + words;  // orange
}

std::vector<Description> all_descriptions(AttributeSet attributes) {
  std::vector<Description> all = {Description()};
  for (const SceneAttribute attribute : kSceneAttributes) {
    if ((attributes & set_of(attribute)) == 0) {
      continue;
    }
    std::vector<Description> longer;
    for (const Description& shorter : all) {
      for (std::size_t value = 0; value < scene_values(attribute).size(); ++value) {
        longer.push_back(shorter);
        longer.back().fix(attribute, static_cast<int>(value));
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<AttributeSet> adjective_sets(AttributeSet without) {
  constexpr int kMostAdjectives = 2;  // keeps every question within 14 words
  std::vector<AttributeSet> sets;
  for (AttributeSet set = 0; set < 1U << kSceneAttributes.size(); ++set) {
    const AttributeSet adjectives = set & ~set_of(SceneAttribute::shape);
    if ((set & without) == 0 && std::popcount(adjectives) <= kMostAdjectives) {
      sets.push_back(set);
    }
  }
  return sets;
}

std::vector<Reference> references(const Scene& scene, AttributeSet without) {
  std::vector<Reference> found;
  for (const AttributeSet set : adjective_sets(without)) {
    for (std::size_t i = 0; i < scene.objects.size(); ++i) {
      const Description description(scene.objects[i], set);
      if (set != 0 && description.count(scene) == 1) {
        found.push_back({i, description});
      }
    }
  }
  return found;
}

}  // namespace attune::data
