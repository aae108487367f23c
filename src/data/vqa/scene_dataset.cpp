#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "data/vqa/dice.hpp"
#include "data/vqa/new_folder.hpp"
#include "data/vqa/scene_picture.hpp"
#include "data/vqa/scene_regions.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/scene_dataset.hpp>
#include <attune/data/vqa/scenes.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr const char* kPartNames[] = {"train", "val", "test"};
constexpr int kAnnotatorsAsked = 10;
constexpr std::int64_t kMostQuestions = 60;  // of a scene; its questions' numbers have two digits

void check(const SceneDatasetOptions& o) {
  const auto require = [](const char* option, auto value, auto least, auto most) {
    if (!(value >= least && value <= most)) {
      throw InvalidArgument(text("generate_scene_dataset: ", option, " must be ", least, " to ",
                                 most, ", got ", value));
    }
  };
  constexpr std::int64_t kMostScenes = std::int64_t{1} << 24;
  constexpr std::int64_t kOne = 1;
  require("train_scenes", o.train_scenes, kOne, kMostScenes);
  require("validation_scenes", o.validation_scenes, kOne, kMostScenes);
  require("test_scenes", o.test_scenes, std::int64_t{0}, kMostScenes);
  require("max_objects", o.max_objects, kOne, std::int64_t{20});
  require("min_objects", o.min_objects, kOne, o.max_objects);
  require("questions_per_scene", o.questions_per_scene, kOne, kMostQuestions);
  require("channels", o.channels, kOne, std::int64_t{1} << 16);
  require("noise", o.noise, 0.0, 1e6);
  require("answer_noise", o.answer_noise, 0.0, 1.0);
}

/// `scenes_train_000000000001`, in the folder of the part.
std::string file_of(const std::string& part, std::int64_t scene) {
  constexpr std::size_t kDigits = 12;
  const std::string number = text(scene);
  return text(part, "/scenes_", part, "_", std::string(kDigits - number.size(), '0'), number);
}

/// What one scene adds to the files of its part.
struct SceneText {
  std::string scene = {};
  std::string questions = {};  // elements of the list, each with a comma and a line's end before it
  std::string annotations = {};  // the same
  std::int64_t num_questions = 0;
  std::int64_t num_regions = 0;
};

/// What each annotator says; the scene's dice decide who is mistaken.
std::vector<std::string> annotate(const SceneQuestion& question, double mistaken, Dice& dice) {
  std::vector<std::string> answers;
  for (int i = 0; i < kAnnotatorsAsked; ++i) {
    const bool wrong = dice.uniform() < mistaken;
    const std::string& mistake = dice.one_of(question.mistakes);
    answers.push_back(wrong ? mistake : question.answer);
  }
  return answers;
}

/// The answer given most often; of several the right one, else the one given first.
const std::string& usual(const std::vector<std::string>& answers, const std::string& right) {
  const auto count = [&](const std::string& answer) { return std::ranges::count(answers, answer); };
  const std::string& most = *std::ranges::max_element(answers, {}, count);
  return count(right) == count(most) ? right : most;
}

std::string annotation_json(const SceneQuestion& question, const std::vector<std::string>& answers,
                            std::int64_t image, std::int64_t id) {
  std::string out = text(",\n{\"question_type\": \"", to_string(question.family),
                         "\", \"multiple_choice_answer\": \"", usual(answers, question.answer),
                         "\", \"answers\": [");
  for (std::size_t i = 0; i < answers.size(); ++i) {
    out += text(i == 0 ? "" : ", ", "{\"answer\": \"", answers[i],
                "\", \"answer_confidence\": \"yes\", \"answer_id\": ", i + 1, "}");
  }
  return out + text("], \"image_id\": ", image, ", \"answer_type\": \"", question.answer_type,
                    "\", \"question_id\": ", id, "}");
}

/// Makes scenes; may be asked by several threads at once.
class SceneMaker {
 public:
  SceneMaker(const SceneDatasetOptions& options, const NewFolder& folder)
      : options_(options),
        folder_(folder),
        regions_(options.seed, options.channels, options.noise) {}

  /// Writes the files of its own and says what belongs to those of the part.
  [[nodiscard]] SceneText make(const std::string& part, std::int64_t id) const {
    const Scene scene = draw_scene(options_.seed, id, options_.min_objects, options_.max_objects);
    const std::string file = file_of(part, id);
    folder_.write(file + ".npz", regions_.npz(scene));
    if (options_.pictures) {
      folder_.write(file + ".ppm", scene_picture(scene));
    }
    SceneText out{.scene = scene_json(scene) + "\n", .num_regions = std::ssize(scene.objects)};
    ask(scene, out);
    return out;
  }

 private:
  void ask(const Scene& scene, SceneText& out) const {
    constexpr auto kFamilies = std::ssize(kSceneQuestionFamilies);
    const std::int64_t rounds = (options_.questions_per_scene + kFamilies - 1) / kFamilies;
    Dice dice(options_.seed, kAnnotators, scene.id);
    std::set<std::string> asked;
    for (std::int64_t slot = 0; slot < options_.questions_per_scene; ++slot) {
      const auto family = kSceneQuestionFamilies[static_cast<std::size_t>(slot % kFamilies)];
      const std::int64_t turn = scene.id * rounds + slot / kFamilies;
      const std::optional<SceneQuestion> question = ask_about(scene, family, turn, options_.seed);
      if (!question || !asked.insert(question->text).second) {
        continue;
      }
      constexpr std::int64_t kPerScene = 100;
      const std::int64_t id = scene.id * kPerScene + slot;
      out.questions += text(",\n{\"image_id\": ", scene.id, ", \"question\": \"", question->text,
                            "\", \"question_id\": ", id, "}");
      out.annotations += annotation_json(
          *question, annotate(*question, options_.answer_noise, dice), scene.id, id);
      ++out.num_questions;
    }
  }

  const SceneDatasetOptions& options_;
  const NewFolder& folder_;
  SceneRegions regions_;
};

/// The three files that all scenes of a part share.
class PartFiles {
 public:
  PartFiles(const NewFolder& folder, const std::string& part)
      : scenes_(text(folder.path(), "/scenes_", part, ".jsonl")),
        questions_(text(folder.path(), "/v2_OpenEnded_scenes_", part, "_questions.json")),
        annotations_(text(folder.path(), "/v2_scenes_", part, "_annotations.json")) {
    const std::string head = text(
        "{\"info\": {\"description\": \"generated scenes\"}, "
        "\"data_type\": \"scenes\", \"data_subtype\": \"",
        part, "\", \"task_type\": \"Open-Ended\", ");
    questions_.append(head + "\"questions\": [");
    annotations_.append(head + "\"annotations\": [");
  }

  void add(const SceneText& scene) {
    scenes_.append(scene.scene);
    append(questions_, scene.questions);
    append(annotations_, scene.annotations);
    is_first_ = is_first_ && scene.num_questions == 0;
  }

  void close() {
    questions_.append("\n]}\n");
    annotations_.append("\n]}\n");
    for (GrowingFile* file : {&scenes_, &questions_, &annotations_}) {
      file->close();
    }
  }

  /// The questions last: without them there is no data set.
  void take_names() const {
    scenes_.take_name();
    annotations_.take_name();
    questions_.take_name();
  }

 private:
  void append(GrowingFile& file, std::string_view elements) const {
    const std::size_t comma = is_first_ && !elements.empty() ? 1 : 0;
    file.append(elements.substr(comma));
  }

  GrowingFile scenes_;
  GrowingFile questions_;
  GrowingFile annotations_;
  bool is_first_ = true;
};

/// Makes the scenes of a part by the block, so that what they add is not held for long.
class Generation {
 public:
  Generation(const NewFolder& folder, const SceneDatasetOptions& options,
             core::FunctionRef<void(std::int64_t)> progress)
      : folder_(folder), maker_(options, folder), progress_(progress) {}

  void make_part(std::size_t number, std::int64_t scenes) {
    constexpr std::int64_t kBlock = 512;
    const std::string part = kPartNames[number];
    folder_.make(part);
    files_.emplace_back(folder_, part);
    for (std::int64_t begin = 0; begin < scenes; begin += kBlock) {
      std::vector<SceneText> made(static_cast<std::size_t>(std::min(kBlock, scenes - begin)));
      core::parallel_tasks(std::ssize(made), [&](std::int64_t i) {
        made[static_cast<std::size_t>(i)] = maker_.make(part, next_ + i);
      });
      for (const SceneText& scene : made) {
        files_.back().add(scene);
        report_.questions[number] += scene.num_questions;
        report_.regions += scene.num_regions;
      }
      next_ += std::ssize(made);
      progress_(next_ - 1);
    }
    files_.back().close();
    report_.scenes[number] = scenes;
  }

  /// Puts everything on the disk, then in its place.
  SceneDatasetReport finish() {
    folder_.sync_files();
    for (auto part = files_.rbegin(); part != files_.rend(); ++part) {
      part->take_names();
    }
    folder_.sync_names();
    return report_;
  }

 private:
  const NewFolder& folder_;
  SceneMaker maker_;
  core::FunctionRef<void(std::int64_t)> progress_;
  std::vector<PartFiles> files_;
  std::int64_t next_ = 1;
  SceneDatasetReport report_;
};

}  // namespace

SceneDatasetReport generate_scene_dataset(const std::string& folder,
                                          const SceneDatasetOptions& options,
                                          core::FunctionRef<void(std::int64_t)> progress) {
  check(options);
  NewFolder place(folder);
  Generation generation(place, options, progress);
  generation.make_part(0, options.train_scenes);
  generation.make_part(1, options.validation_scenes);
  if (options.test_scenes > 0) {
    generation.make_part(2, options.test_scenes);
  }
  const SceneDatasetReport report = generation.finish();
  place.keep();
  return report;
}

}  // namespace attune::data
