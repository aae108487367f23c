#include "cli/vqa_report.hpp"

#include <array>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/report/attention_name.hpp"
#include "cli/report/page_shell.hpp"
#include "cli/report/question_section.hpp"
#include "cli/report/run_name.hpp"
#include "cli/training_run.hpp"
#include "cli/vqa_saved_part.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/scene_file.hpp>

namespace attune::cli {

using core::text;

namespace {

using Json = nlohmann::ordered_json;

/// A saved model and the chosen questions as it takes them.
struct VqaRun {
  std::string folder;
  std::string name;
  std::unique_ptr<train::SavedVqa> saved;
  std::unique_ptr<train::VqaProblemPart> part;
};

/// All that a page is made of.
struct VqaReport {
  std::string dataset;
  std::string part;
  std::int64_t questions_of_part = 0;
  std::vector<VqaRun> runs;
  std::vector<ShownQuestion> questions;
};

// Answers to other data under the name of the run would mislead.
VqaRun open_run(const std::string& folder, const std::string& other,
                const data::VqaDataset& dataset) {
  VqaRun run{.folder = folder,
             .name = run_name(folder, other),
             .saved = std::make_unique<train::SavedVqa>(folder),
             .part = nullptr};
  const train::VqaModelDescription& about = run.saved->description();
  const std::string found = train::vqa_sha256(dataset);
  if (about.dataset_sha256 != found) {
    throw FileError(folder,
                    text("trained on ", about.dataset, " with SHA-256 ", about.dataset_sha256,
                         ", found in ", dataset.source, ": ", dataset.name, " with ", found));
  }
  return run;
}

// Scenes of the questions' pictures where the data set was generated; else none.
std::vector<data::Scene> scenes_of(const std::string& source, const data::VqaPart& part) {
  const std::string file = text(source, "/scenes_", part.name, ".jsonl");
  if (std::error_code error; !std::filesystem::exists(file, error)) {
    return {};
  }
  std::vector<std::int64_t> ids;
  for (const data::VqaQuestion& question : part.questions) {
    ids.push_back(part.images[static_cast<std::size_t>(question.image)].id);
  }
  return data::read_scene_file(file, ids);
}

// @param scene  null: there is none
Picture picture_of(const train::VqaProblemPart& part, std::int64_t question,
                   const data::Scene* scene) {
  const std::array items{question};
  const data::VqaPart& source = part.source();
  const auto image =
      static_cast<std::size_t>(source.questions[static_cast<std::size_t>(question)].image);
  Picture picture{.regions = part.images(items).starts.back()};
  picture.boxes = data::read_region_boxes(source.images[image].file, picture.regions);
  if (scene != nullptr) {
    if (std::ssize(scene->objects) != picture.regions) {
      throw FileError(source.images[image].file,
                      text("expected a region an object of its scene, ", scene->objects.size(),
                           ", found ", picture.regions));
    }
    picture.scene = *scene;
  }
  return picture;
}

ShownQuestion shown_question(const std::vector<VqaRun>& runs, std::int64_t question,
                             const data::Scene* scene) {
  const train::VqaProblemPart& part = *runs.front().part;
  ShownQuestion shown{.question = part.source().questions[static_cast<std::size_t>(question)],
                      .picture = picture_of(part, question, scene),
                      .answers = {}};
  for (const VqaRun& run : runs) {
    shown.answers.push_back({.run = run.name,
                             .attention = attention_name(run.saved->description().training),
                             .found = answer_question(run.saved->model(), run.saved->vocabulary(),
                                                      *run.part, question)});
  }
  return shown;
}

VqaReport make_report(const VqaReportOptions& options) {
  data::VqaDataset dataset = data::read_vqa_dataset(options.data);
  VqaReport report{.dataset = dataset.name, .part = {}, .runs = {}, .questions = {}};
  report.runs.push_back(open_run(options.folder, options.against, dataset));
  if (!options.against.empty()) {
    report.runs.push_back(open_run(options.against, options.folder, dataset));
  }
  const std::string source = dataset.source;
  ChosenPart chosen = chosen_part(std::move(dataset), options.part);
  report.part = chosen.name;
  report.questions_of_part = std::ssize(chosen.part.questions);
  keep_chosen_questions(chosen.part, options.choice);
  for (VqaRun& run : report.runs) {
    run.part = std::make_unique<train::VqaProblemPart>(part_for(*run.saved, chosen));
  }
  const std::vector<data::Scene> scenes = scenes_of(source, chosen.part);
  for (std::int64_t i = 0; i < std::ssize(chosen.part.questions); ++i) {
    const data::Scene* scene = scenes.empty() ? nullptr : &scenes[static_cast<std::size_t>(i)];
    report.questions.push_back(shown_question(report.runs, i, scene));
  }
  return report;
}

std::string page_of(const VqaReport& report) {
  std::vector<RunHeading> headings;
  for (const VqaRun& run : report.runs) {
    const models::McanOptions& model = run.saved->model().options();
    headings.push_back(
        {.name = run.name,
         .words = text(attention_name(run.saved->description().training), "; mcan, ", model.layers,
                       " layers of ", model.heads, " heads, ",
                       with_thousands(run.saved->model().num_parameters()), " parameters")});
  }
  std::vector<PageLink> links;
  for (const ShownQuestion& shown : report.questions) {
    links.emplace_back(question_link(shown.question), shown.question.text);
  }
  Markup page;
  begin_page(page, headings,
             text(report.dataset, ": ", report.questions.size(), " of the ",
                  with_thousands(report.questions_of_part), " questions of the part ", report.part,
                  ", answered without dropout"),
             links);
  for (const ShownQuestion& shown : report.questions) {
    write_question_section(page, shown);
  }
  return finish_page(page);
}

std::string to_json(const VqaReport& report, const VqaReportOptions& options) {
  Json json{{"output", options.output},
            {"dataset", report.dataset},
            {"part", report.part},
            {"questions", Json::array()}};
  for (const ShownQuestion& shown : report.questions) {
    Json question{{"question_id", shown.question.id},
                  {"question", shown.question.text},
                  {"right_answer", shown.question.answer},
                  {"runs", Json::array()}};
    for (std::size_t i = 0; i < report.runs.size(); ++i) {
      const AnsweredQuestion& found = shown.answers[i].found;
      question["runs"].push_back({{"folder", report.runs[i].folder},
                                  {"attention", shown.answers[i].attention},
                                  {"answer", found.answer},
                                  {"probability", found.probability}});
      if (!shown.question.answers.empty()) {
        question["runs"].back()["accuracy"] = found.accuracy;
      }
    }
    json["questions"].push_back(std::move(question));
  }
  // A path need not be UTF-8, JSON must.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

bool is_vqa_run(const std::string& folder) {
  std::error_code error;
  return std::filesystem::exists(folder + "/vqa_model.json", error);
}

int report_vqa(const VqaReportOptions& options, const GlobalOptions& global) {
  const VqaReport report = make_report(options);
  const std::string page = page_of(report);
  core::write_file_atomically(options.output, page);
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, to_json(report, options));
  }
  if (!global.quiet) {
    std::cout << text("wrote ", options.output, ", ",
                      with_thousands(static_cast<std::int64_t>(page.size())), " bytes\n");
  }
  return kSuccess;
}

}  // namespace attune::cli
