#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "scene_reader.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/data/vqa/answers.hpp>
#include <attune/data/vqa/region_features.hpp>
#include <attune/data/vqa/scene_dataset.hpp>
#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::message_of;
using testing::SeenScene;
using testing::TemporaryFolder;

SceneDatasetOptions small(std::uint64_t seed = 1) {
  return {.train_scenes = 30,
          .validation_scenes = 10,
          .test_scenes = 10,
          .channels = 16,
          .noise = 0.05,
          .seed = seed};
}

std::map<std::string, std::string> contents(const TemporaryFolder& folder) {
  std::map<std::string, std::string> all;
  for (const std::string& file : folder.files()) {
    all[file] = testing::slurp(folder.path(file));
  }
  return all;
}

TEST_CASE("generate_scene_dataset: is read as VQA-v2 is and answered by looking", "[data][vqa]") {
  const TemporaryFolder folder;
  const SceneDatasetReport report = generate_scene_dataset(folder.path(), small());
  const VqaDataset dataset = read_vqa_dataset(folder.path());
  CHECK(dataset.name == "scenes");
  CHECK(dataset.region_channels == 16);
  REQUIRE(dataset.test.has_value());
  const std::pair<const char*, const VqaPart*> parts[] = {
      {"train", &dataset.train}, {"val", &dataset.validation}, {"test", &*dataset.test}};
  std::size_t number = 0;
  std::int64_t regions = 0;
  for (const auto& [name, part] : parts) {
    CHECK(part->name == name);
    CHECK(part->labelled);
    CHECK(std::ssize(part->questions) == report.questions[number++]);
    const RegionFeatures features(*part);
    std::map<std::int64_t, SeenScene> scenes;
    for (SeenScene& scene :
         testing::read_scenes(folder.path(std::string("scenes_") + name + ".jsonl"))) {
      scenes.emplace(scene.image, std::move(scene));
    }
    REQUIRE(scenes.size() == part->images.size());
    for (std::size_t i = 0; i < part->images.size(); ++i) {
      const core::Tensor x = features.read(static_cast<std::int64_t>(i));
      CHECK(x.size(0) == std::ssize(scenes.at(part->images[i].id).objects));
      regions += x.size(0);
    }
    for (const VqaQuestion& question : part->questions) {
      const SeenScene& scene = scenes.at(part->images[static_cast<std::size_t>(question.image)].id);
      CAPTURE(question.text);
      REQUIRE(testing::answer_by_looking(question.text, scene) == question.answer);
      REQUIRE(question.answers == std::vector<std::string>(10, question.answer));
      REQUIRE(normalized_vqa_answer(question.answer) == question.answer);
    }
  }
  CHECK(regions == report.regions);
}

TEST_CASE("generate_scene_dataset: no picture and no scene is in two parts", "[data][vqa]") {
  const TemporaryFolder folder;
  (void)generate_scene_dataset(folder.path(), small());
  const VqaDataset dataset = read_vqa_dataset(folder.path());
  std::set<std::int64_t> images;
  std::set<std::string> scenes;
  std::size_t count = 0;
  for (const VqaPart* part : {&dataset.train, &dataset.validation, &*dataset.test}) {
    for (const VqaImage& image : part->images) {
      images.insert(image.id);
      const core::Tensor x = read_regions(image.file, {});
      const auto bytes = std::as_bytes(x.data<float>());
      scenes.emplace(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      ++count;
    }
  }
  CHECK(count == 50);
  CHECK(images.size() == 50);
  CHECK(scenes.size() == 50);
}

TEST_CASE("generate_scene_dataset: same bytes on any number of threads", "[data][vqa]") {
  SceneDatasetOptions options = small(3);
  options.pictures = true;
  options.answer_noise = 0.2;
  std::map<std::string, std::string> first;
  for (const int threads : {1, 2, 8}) {
    const TemporaryFolder folder;
    core::with_threads(threads, [&] { (void)generate_scene_dataset(folder.path(), options); });
    const auto now = contents(folder);
    CHECK(now.size() == 3 * 3 + 2 * 50);
    if (first.empty()) {
      first = now;
    }
    CHECK((now == first));
  }
  options.seed = 4;
  const TemporaryFolder folder;
  (void)generate_scene_dataset(folder.path(), options);
  const auto other = contents(folder);
  const auto alike = std::ranges::count_if(
      other, [&](const auto& file) { return file.second == first.at(file.first); });
  CHECK(alike == 0);
}

TEST_CASE("generate_scene_dataset: an object looks alike in every scene but for noise",
          "[data][vqa]") {
  SceneDatasetOptions options = small(5);
  options.min_objects = options.max_objects = 1;
  options.questions_per_scene = 1;
  const auto largest_difference = [&](double noise) {
    options.noise = noise;
    const TemporaryFolder folder;
    (void)generate_scene_dataset(folder.path(), options);
    const core::Tensor x = read_regions(folder.path("train/scenes_train_000000000007.npz"), {});
    options.noise = 0;
    const TemporaryFolder quiet;
    (void)generate_scene_dataset(quiet.path(), options);
    return testing::max_difference(
        x, read_regions(quiet.path("train/scenes_train_000000000007.npz"), {}));
  };
  CHECK(largest_difference(0) == 0);
  const double noisy = largest_difference(0.1);
  CHECK(noisy > 0.1);
  CHECK(noisy < 0.5);
}

TEST_CASE("generate_scene_dataset: as many annotators are mistaken as was asked for",
          "[data][vqa]") {
  SceneDatasetOptions options = small(6);
  options.train_scenes = 300;
  options.answer_noise = 0.25;
  const TemporaryFolder folder;
  (void)generate_scene_dataset(folder.path(), options);
  std::map<std::int64_t, SeenScene> scenes;
  for (SeenScene& scene : testing::read_scenes(folder.path("scenes_train.jsonl"))) {
    scenes.emplace(scene.image, std::move(scene));
  }
  const VqaPart train = read_vqa_dataset(folder.path()).train;
  double wrong = 0;
  double usual_is_right = 0;
  for (const VqaQuestion& question : train.questions) {
    const std::int64_t image = train.images[static_cast<std::size_t>(question.image)].id;
    const std::string right = testing::answer_by_looking(question.text, scenes.at(image));
    wrong += static_cast<double>(
        std::ranges::count_if(question.answers, [&](const auto& a) { return a != right; }));
    usual_is_right += question.answer == right ? 1 : 0;
  }
  const auto questions = static_cast<double>(train.questions.size());
  CHECK(wrong / (10 * questions) == Approx(0.25).margin(0.02));
  // Of ten at least five are right with probability 0.98 (binomial).
  CHECK(usual_is_right / questions > 0.95);
}

TEST_CASE("generate_scene_dataset: pictures show the objects in their colors", "[data][vqa]") {
  SceneDatasetOptions options = small(7);
  options.pictures = true;
  options.train_scenes = 5;
  const TemporaryFolder folder;
  (void)generate_scene_dataset(folder.path(), options);
  const auto scenes = testing::read_scenes(folder.path("scenes_train.jsonl"));
  const std::map<std::string, std::string> paint = {
      {"red", "\xdc\x28\x28"},    {"green", "\x28\xaa\x3c"},  {"blue", "\x32\x50\xdc"},
      {"yellow", "\xeb\xd7\x32"}, {"purple", "\x96\x3c\xb4"}, {"orange", "\xf0\x8c\x28"},
      {"white", "\xfa\xfa\xfa"},  {"black", "\x14\x14\x14"}};
  const std::string head = "P6\n160 120\n255\n";
  for (const SeenScene& scene : scenes) {
    const std::string file = testing::slurp(
        folder.path("train/scenes_train_00000000000" + std::to_string(scene.image) + ".ppm"));
    REQUIRE(file.size() == head.size() + 160 * 120 * 3);
    REQUIRE(file.starts_with(head));
    for (const testing::SeenObject& object : scene.objects) {
      // The middle of every shape is inside; of glass every second pixel is the ground.
      const auto row = static_cast<std::size_t>(object.y * 120);
      const auto column = static_cast<std::size_t>(object.x * 160);
      const std::string near = file.substr(head.size() + 3 * (row * 160 + column), 6);
      CAPTURE(scene.image, object.attributes.at("color"), row, column);
      CHECK_THAT(near, Contains(paint.at(object.attributes.at("color"))));
    }
  }
}

TEST_CASE("generate_scene_dataset: asks as often as it is told", "[data][vqa]") {
  SceneDatasetOptions options = small(8);
  options.questions_per_scene = 15;
  options.test_scenes = 0;
  const TemporaryFolder folder;
  const SceneDatasetReport report = generate_scene_dataset(folder.path(), options);
  CHECK(report.questions[0] > 30 * 11);
  CHECK(report.questions[0] <= 30 * 15);
  const VqaDataset dataset = read_vqa_dataset(folder.path());
  CHECK_FALSE(dataset.test.has_value());
  std::map<std::int64_t, std::set<std::string>> texts;
  for (const VqaQuestion& question : dataset.train.questions) {
    CHECK(texts[question.image].insert(question.text).second);
  }
}

TEST_CASE("generate_scene_dataset: refuses a folder that has something in it", "[data][vqa]") {
  const TemporaryFolder folder;
  folder.write("mine/thesis.txt", "text");
  CHECK_THAT(message_of<FileError>([&] { generate_scene_dataset(folder.path("mine"), small()); }),
             Contains("expected a new or an empty folder, found one with something in it"));
  CHECK_THAT(message_of<FileError>(
                 [&] { generate_scene_dataset(folder.path("mine/thesis.txt"), small()); }),
             Contains("expected a new or an empty folder, found a file"));
  CHECK(folder.files() == std::vector<std::string>{"mine/thesis.txt"});
}

TEST_CASE("generate_scene_dataset: takes away what it could not finish", "[data][vqa]") {
  const TemporaryFolder folder;
  const auto fail = [](std::int64_t) { throw std::runtime_error("no more"); };
  CHECK_THROWS_AS(generate_scene_dataset(folder.path("new/one"), small(), fail),
                  std::runtime_error);
  CHECK_FALSE(std::filesystem::exists(folder.path("new/one")));
  std::filesystem::create_directories(folder.path("empty"));
  CHECK_THROWS_AS(generate_scene_dataset(folder.path("empty"), small(), fail), std::runtime_error);
  CHECK(std::filesystem::is_empty(folder.path("empty")));
}

TEST_CASE("generate_scene_dataset: is no data set before all of it is there", "[data][vqa]") {
  const TemporaryFolder folder;
  int seen = 0;
  (void)generate_scene_dataset(folder.path(), small(), [&](std::int64_t) {
    ++seen;
    CHECK_THROWS_AS(read_vqa_dataset(folder.path()), FileError);
  });
  CHECK(seen == 3);
  CHECK(read_vqa_dataset(folder.path()).train.images.size() == 30);
}

TEST_CASE("generate_scene_dataset: says which option is out of range", "[data][vqa]") {
  const TemporaryFolder folder;
  const auto error = [&](auto change) {
    SceneDatasetOptions options = small();
    change(options);
    return message_of<InvalidArgument>([&] { generate_scene_dataset(folder.path(), options); });
  };
  CHECK(error([](auto& o) { o.train_scenes = 0; }) ==
        "generate_scene_dataset: train_scenes must be 1 to 16777216, got 0");
  CHECK_THAT(error([](auto& o) { o.validation_scenes = 0; }), Contains("validation_scenes"));
  CHECK_THAT(error([](auto& o) { o.test_scenes = -1; }), Contains("test_scenes"));
  CHECK_THAT(error([](auto& o) { o.max_objects = 21; }), Contains("max_objects"));
  CHECK_THAT(error([](auto& o) { o.min_objects = 13; }), Contains("min_objects must be 1 to 12"));
  CHECK_THAT(error([](auto& o) { o.questions_per_scene = 61; }), Contains("questions_per_scene"));
  CHECK_THAT(error([](auto& o) { o.channels = 0; }), Contains("channels"));
  CHECK_THAT(error([](auto& o) { o.noise = -1; }), Contains("noise"));
  CHECK_THAT(error([](auto& o) { o.answer_noise = 1.5; }), Contains("answer_noise"));
  CHECK(folder.files().empty());
}

}  // namespace
}  // namespace attune::data
