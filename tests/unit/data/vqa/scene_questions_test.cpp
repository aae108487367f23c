#include <cmath>
#include <map>

#include <catch2/catch.hpp>

#include "scene_reader.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/vqa/question_vocabulary.hpp>
#include <attune/data/vqa/scene_questions.hpp>

namespace attune::data {
namespace {

using testing::answer_by_looking;
using testing::SeenScene;

/// The scene as its line of JSON tells of it.
SeenScene seen(const Scene& scene) {
  const testing::TemporaryFolder folder;
  return testing::read_scenes(folder.write("s.jsonl", scene_json(scene) + "\n")).at(0);
}

struct Asked {
  std::int64_t tried = 0;
  std::vector<SceneQuestion> questions;
};

Asked ask_all(SceneQuestionFamily family, std::int64_t scenes, std::uint64_t seed) {
  Asked all;
  for (std::int64_t id = 1; id <= scenes; ++id) {
    ++all.tried;
    if (const auto question = ask_about(draw_scene(seed, id), family, id, seed)) {
      all.questions.push_back(*question);
    }
  }
  return all;
}

std::map<std::string, double> shares(const std::vector<SceneQuestion>& questions) {
  std::map<std::string, double> shares;
  for (const SceneQuestion& question : questions) {
    shares[question.answer] += 1 / static_cast<double>(questions.size());
  }
  return shares;
}

TEST_CASE("draw_scene: objects lie apart and within the picture", "[data][vqa]") {
  int near = 0;
  for (std::int64_t id = 0; id < 500; ++id) {
    const Scene scene = draw_scene(3, id);
    REQUIRE(scene.id == id);
    REQUIRE(scene.objects.size() >= 5);
    REQUIRE(scene.objects.size() <= 12);
    for (std::size_t i = 0; i < scene.objects.size(); ++i) {
      const SceneObject& a = scene.objects[i];
      REQUIRE((a.x >= 0.08 && a.x <= 0.92 && a.y >= 0.08 && a.y <= 0.92));
      for (std::size_t j = 0; j < i; ++j) {
        const double distance = std::hypot(a.x - scene.objects[j].x, a.y - scene.objects[j].y);
        REQUIRE(distance > 0.08);
        near += distance < 0.17 ? 1 : 0;
      }
    }
  }
  CHECK(near < 25);
}

TEST_CASE("draw_scene: takes every value of every attribute alike", "[data][vqa]") {
  std::map<std::string_view, double> counts;
  double objects = 0;
  for (std::int64_t id = 0; id < 2000; ++id) {
    for (const SceneObject& object : draw_scene(4, id).objects) {
      ++objects;
      for (const SceneAttribute attribute : kSceneAttributes) {
        ++counts[object.name(attribute)];
      }
    }
  }
  for (const SceneAttribute attribute : kSceneAttributes) {
    const auto values = static_cast<double>(scene_values(attribute).size());
    for (const std::string_view value : scene_values(attribute)) {
      // Four standard deviations of a binomial count.
      const double p = 1 / values;
      CHECK(std::abs(counts[value] - objects * p) < 4 * std::sqrt(objects * p * (1 - p)));
    }
  }
}

TEST_CASE("draw_scene: a function of seed and number, within its bounds", "[data][vqa]") {
  CHECK(scene_json(draw_scene(1, 7)) == scene_json(draw_scene(1, 7)));
  CHECK(scene_json(draw_scene(1, 7)) != scene_json(draw_scene(2, 7)));
  CHECK(scene_json(draw_scene(1, 7)).substr(14) != scene_json(draw_scene(1, 8)).substr(14));
  CHECK(draw_scene(1, 7, 3, 3).objects.size() == 3);
  CHECK(draw_scene(1, 7, 20, 20).objects.size() == 20);
  CHECK_THROWS_AS(draw_scene(1, 7, 0, 3), InvalidArgument);
  CHECK_THROWS_AS(draw_scene(1, 7, 4, 3), InvalidArgument);
  CHECK_THROWS_AS(draw_scene(1, 7, 4, 21), InvalidArgument);
  CHECK_THROWS_AS(draw_scene(1, -1), InvalidArgument);
  CHECK_THROWS_AS(draw_scene(1, std::int64_t{1} << 36), InvalidArgument);
}

TEST_CASE("scene_json: says what is where", "[data][vqa]") {
  const Scene scene{.id = 7, .objects = {{.values = {1, 0, 2, 3}, .x = 0.5, .y = 0.25}}};
  CHECK(scene_json(scene) ==
        R"({"image_id": 7, "objects": [{"size": "large", "color": "red", "material": "glass", )"
        R"("shape": "cone", "x": 0.5, "y": 0.25}]})");
}

TEST_CASE("answer_by_looking: reads a scene by itself", "[data][vqa]") {
  // A large red metal cube left of and above a small red rubber cube; a small blue glass cone
  // below.
  const SeenScene scene = seen({.id = 1,
                                .objects = {{.values = {1, 0, 0, 0}, .x = 0.1, .y = 0.2},
                                            {.values = {0, 0, 1, 0}, .x = 0.5, .y = 0.3},
                                            {.values = {0, 2, 2, 3}, .x = 0.6, .y = 0.9}}});
  CHECK(answer_by_looking("is there a red cube?", scene) == "yes");
  CHECK(answer_by_looking("can you see an orange thing?", scene) == "no");
  CHECK(answer_by_looking("how many red things are there?", scene) == "2");
  CHECK(answer_by_looking("what number of cones can you see?", scene) == "1");
  CHECK(answer_by_looking("are there more cubes than cones?", scene) == "yes");
  CHECK(answer_by_looking("do the cone and the large cube have the same size?", scene) == "no");
  CHECK(answer_by_looking("is the large cube left of the cone?", scene) == "yes");
  CHECK(answer_by_looking("is the large cube below the cone?", scene) == "no");
  CHECK(answer_by_looking("what is the material of the cone?", scene) == "glass");
  CHECK(answer_by_looking("what material is the cube right of the metal thing?", scene) ==
        "rubber");
  CHECK_THROWS_AS(answer_by_looking("what size is the red cube?", scene), std::logic_error);
  CHECK_THROWS_AS(answer_by_looking("why is the cone blue?", scene), std::logic_error);
}

TEST_CASE("ask_about: the answer is what one finds by looking", "[data][vqa]") {
  constexpr std::uint64_t kSeed = 11;
  for (std::int64_t id = 1; id <= 400; ++id) {
    const Scene scene = draw_scene(kSeed, id);
    const SeenScene what_is_seen = seen(scene);
    for (const SceneQuestionFamily family : kSceneQuestionFamilies) {
      const auto question = ask_about(scene, family, id, kSeed);
      if (!question) {
        continue;
      }
      CAPTURE(id, question->text);
      REQUIRE(answer_by_looking(question->text, what_is_seen) == question->answer);
      REQUIRE(question->family == family);
      REQUIRE(question_words(question->text).size() <= 14);
      REQUIRE_FALSE(question->mistakes.empty());
      for (const std::string& mistake : question->mistakes) {
        REQUIRE(mistake != question->answer);
      }
    }
  }
}

TEST_CASE("ask_about: nearly every scene has a question of every family", "[data][vqa]") {
  const auto [family, least] =
      GENERATE(table<SceneQuestionFamily, double>({{SceneQuestionFamily::existence, 1.0},
                                                   {SceneQuestionFamily::counting, 0.75},
                                                   {SceneQuestionFamily::attribute, 0.7},
                                                   {SceneQuestionFamily::comparison, 0.95},
                                                   {SceneQuestionFamily::spatial, 1.0},
                                                   {SceneQuestionFamily::two_hops, 0.6}}));
  const Asked all = ask_all(family, 1000, 5);
  CAPTURE(std::string(to_string(family)), all.questions.size());
  CHECK(static_cast<double>(all.questions.size()) >= least * static_cast<double>(all.tried));
}

TEST_CASE("ask_about: yes and no are equally frequent", "[data][vqa]") {
  const SceneQuestionFamily family =
      GENERATE(SceneQuestionFamily::existence, SceneQuestionFamily::comparison,
               SceneQuestionFamily::spatial);
  CAPTURE(std::string(to_string(family)));
  const auto of = shares(ask_all(family, 1000, 6).questions);
  CHECK(of.size() == 2);
  CHECK(of.at("yes") == Approx(0.5).margin(0.01));
}

TEST_CASE("ask_about: no number and no value is much more frequent than others", "[data][vqa]") {
  const auto [family, answers, most] = GENERATE(
      table<SceneQuestionFamily, std::size_t, double>({{SceneQuestionFamily::counting, 7, 0.2},
                                                       {SceneQuestionFamily::attribute, 17, 0.16},
                                                       {SceneQuestionFamily::two_hops, 17, 0.18}}));
  CAPTURE(std::string(to_string(family)));
  const auto of = shares(ask_all(family, 3000, 7).questions);
  CHECK(of.size() == answers);
  for (const auto& [answer, share] : of) {
    CAPTURE(answer);
    CHECK(share < most);
  }
}

// In a thing that is asked for every word of an attribute stands in as many answers yes as no.
TEST_CASE("ask_about: no word makes yes likelier than no", "[data][vqa]") {
  const SceneQuestionFamily family =
      GENERATE(SceneQuestionFamily::existence, SceneQuestionFamily::comparison,
               SceneQuestionFamily::spatial);
  std::map<std::string, std::pair<double, double>> counts;  // of yes, of all
  for (const SceneQuestion& question : ask_all(family, 6000, 8).questions) {
    for (const std::string& word : question_words(question.text)) {
      counts[word].first += question.answer == "yes" ? 1 : 0;
      counts[word].second += 1;
    }
  }
  for (const auto& [word, count] : counts) {
    if (count.second >= 200) {
      CAPTURE(std::string(to_string(family)), word, count.second);
      // Five standard deviations of a fair coin.
      CHECK(std::abs(count.first - count.second / 2) < 2.5 * std::sqrt(count.second));
    }
  }
}

TEST_CASE("ask_about: a function of seed, scene, family and turn", "[data][vqa]") {
  const Scene scene = draw_scene(9, 3);
  const auto text = [&](std::uint64_t seed, std::int64_t turn) {
    const auto question = ask_about(scene, SceneQuestionFamily::spatial, turn, seed);
    return question ? question->text : std::string();
  };
  CHECK(text(9, 4) == text(9, 4));
  CHECK(text(9, 4) != text(9, 6));
  CHECK(text(9, 4) != text(10, 4));
}

TEST_CASE("ask_about: a scene without the answer has no question", "[data][vqa]") {
  const Scene one{.id = 1, .objects = {{.values = {0, 0, 0, 0}, .x = 0.5, .y = 0.5}}};
  for (std::int64_t turn = 0; turn < 8; ++turn) {
    CHECK_FALSE(ask_about(one, SceneQuestionFamily::spatial, turn, 1).has_value());
    CHECK_FALSE(ask_about(one, SceneQuestionFamily::two_hops, turn, 1).has_value());
    CHECK(ask_about(one, SceneQuestionFamily::existence, turn, 1).has_value());
  }
}

}  // namespace
}  // namespace attune::data
