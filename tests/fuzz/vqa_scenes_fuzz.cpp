// The file of generated scenes: those of pictures 1 and 2 are asked for.
#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "fuzz/target.hpp"
#include "support/temporary_folder.hpp"
#include <attune/data/vqa/scene_file.hpp>

namespace attune::fuzz {

namespace {

constexpr std::array<std::int64_t, 2> kAsked{1, 2};

std::vector<data::Scene> read(const std::string& bytes) {
  const testing::TemporaryFolder folder;
  return data::read_scene_file(folder.write("scenes.jsonl", bytes), kAsked);
}

bool same(const data::SceneObject& a, const data::SceneObject& b) {
  constexpr double kWritten = 1e-5;  // six digits are
  return a.values == b.values && std::abs(a.x - b.x) < kWritten && std::abs(a.y - b.y) < kWritten;
}

// What was read comes back when it is written.
void use(const std::vector<data::Scene>& scenes) {
  std::string lines;
  for (std::size_t i = 0; i < kAsked.size(); ++i) {
    if (scenes.at(i).id != kAsked[i]) {
      throw std::logic_error("the scene of another picture");
    }
    lines += data::scene_json(scenes[i]) + "\n";
  }
  const std::vector<data::Scene> again = read(lines);
  for (std::size_t i = 0; i < kAsked.size(); ++i) {
    if (!std::ranges::equal(again.at(i).objects, scenes[i].objects, same)) {
      throw std::logic_error("not the scene that was written");
    }
  }
}

}  // namespace

void run(std::string_view input) {
  use(read(std::string(input)));
}

std::vector<std::string> seeds() {
  const auto line = [](std::int64_t id, std::int64_t objects) {
    return data::scene_json(data::draw_scene(3, id, objects, objects)) + "\n";
  };
  return {line(1, 1) + line(2, 2), line(2, 1) + line(0, 1) + line(1, 1) + line(2, 3),
          "{\"objects\": [], \"image_id\": 2, \"more\": [[1e5]]}\n" + line(1, 4)};
}

}  // namespace attune::fuzz
