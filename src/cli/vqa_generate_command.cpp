#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/progress.hpp"
#include "cli/training_run.hpp"
#include "cli/vqa_command.hpp"
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/scene_dataset.hpp>

namespace attune::cli {
namespace {

using core::text;

struct GenerateOptions {
  std::string output;
  data::SceneDatasetOptions data;
};

constexpr const char* kUses[] = {"to train", "to validate", "to test"};

nlohmann::ordered_json to_json(const GenerateOptions& options,
                               const data::SceneDatasetReport& report) {
  nlohmann::ordered_json parts = nlohmann::ordered_json::object();
  const char* const names[] = {"train", "validation", "test"};
  for (std::size_t i = 0; i < report.scenes.size(); ++i) {
    parts[names[i]] = {{"scenes", report.scenes[i]}, {"questions", report.questions[i]}};
  }
  return {{"output", options.output},
          {"seed", options.data.seed},
          {"channels", options.data.channels},
          {"noise", options.data.noise},
          {"answer_noise", options.data.answer_noise},
          {"parts", parts},
          {"regions", report.regions}};
}

int generate(const GenerateOptions& options, const GlobalOptions& global) {
  const data::SceneDatasetOptions& o = options.data;
  const std::int64_t total = o.train_scenes + o.validation_scenes + o.test_scenes;
  data::SceneDatasetReport report;
  {
    ProgressLine line(total, global.quiet);
    report = data::generate_scene_dataset(options.output, o, [&](std::int64_t done) {
      if (line.due()) {
        line.show(done, text("scene ", done, "/", total));
      }
    });
  }
  if (!global.quiet) {
    std::cout << "wrote " << options.output << ": scenes";
    for (std::size_t i = 0; i < report.scenes.size(); ++i) {
      std::cout << (i == 0 ? " " : ", ") << with_thousands(report.scenes[i]) << ' ' << kUses[i]
                << " with " << with_thousands(report.questions[i]) << " questions";
    }
    std::cout << "; " << with_thousands(report.regions) << " regions of " << o.channels
              << " channels\n";
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, to_json(options, report).dump(2) + "\n");
  }
  return kSuccess;
}

void add_options(Command command, GenerateOptions& options) {
  data::SceneDatasetOptions& o = options.data;
  const auto count = [&](const char* name, std::int64_t& value, const char* what) {
    command.add_option(name, value, what).type_name("N");
  };
  command.add_option("--output", options.output, "Folder to write: a new or an empty one")
      .required()
      .type_name("DIR");
  count("--train-scenes", o.train_scenes, "Scenes to train on");
  count("--validation-scenes", o.validation_scenes, "Scenes to validate on");
  count("--test-scenes", o.test_scenes, "Scenes to test on; 0: no test");
  count("--questions", o.questions_per_scene, "Questions a scene, at most: six families in turn");
  count("--min-objects", o.min_objects, "Objects of a scene, at least");
  count("--max-objects", o.max_objects, "Objects of a scene, at most");
  count("--channels", o.channels, "Numbers that a region is described by");
  command.add_option("--noise", o.noise, "Of regions, standard deviation beside a signal of 1")
      .type_name("X");
  command.add_option("--answer-noise", o.answer_noise, "Share of annotators who are mistaken")
      .type_name("X");
  command.add_flag("--images", o.pictures, "Also draw each scene, 160 x 120, .ppm");
  command.add_option("--seed", o.seed, "Of everything that is drawn").type_name("N");
}

}  // namespace

void add_vqa_generate(Command vqa, Action& action) {
  Command command = vqa.add_subcommand(
      "generate",
      "Make scenes, questions about them and their answers, in the files that VQA-v2 has");
  const auto options = std::make_shared<GenerateOptions>();
  add_options(command, *options);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return generate(*options, global); };
  });
}

}  // namespace attune::cli
