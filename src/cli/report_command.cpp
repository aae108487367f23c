#include <iostream>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/report/examined_run.hpp"
#include "cli/report/maps_section.hpp"
#include "cli/report/neighbourhood.hpp"
#include "cli/report/page.hpp"
#include "cli/report/question_choice.hpp"
#include "cli/report/run_name.hpp"
#include "cli/training_run.hpp"
#include "cli/vqa_report.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/step_checkpoint.hpp>

namespace attune::cli {
namespace {

using core::text;

struct ReportOptions {
  std::string folder;
  std::string against;
  std::string output;
  std::optional<std::int64_t> node;
  HeadMapOptions maps;
  std::string data;
  std::string part;
  QuestionChoice questions;
};

void require_same_data(const ExaminedRun& run, const ExaminedRun& other) {
  if (run.dataset().sha256 != other.dataset().sha256) {
    throw FileError(other.checkpoint().path,
                    text("--against: expected a run on ", run.dataset().name, ", as ", run.folder(),
                         " is, found one on ", other.dataset().name));
  }
}

std::int64_t node_to_show(const ReportOptions& options, const data::NodeDataset& dataset) {
  const std::int64_t node = options.node.value_or(median_degree_node(dataset));
  if (node < 0 || node >= dataset.num_nodes()) {
    throw InvalidArgument(text("--node: expected 0 to ", dataset.num_nodes() - 1, ", the nodes of ",
                               dataset.name, ", got ", node));
  }
  return node;
}

nlohmann::ordered_json to_json(const NamedRun& named) {
  const ExaminedRun& run = named.run;
  nlohmann::ordered_json json{{"folder", run.folder()},
                              {"epochs", run.checkpoint().state.epoch},
                              {"best_epoch", run.checkpoint().state.early_stopping.best_epoch}};
  const auto add = [&](const char* name, const std::optional<PartMetrics>& part) {
    if (part) {
      json[name] = {{"nodes", part->nodes},
                    {"accuracy", part->metrics.accuracy},
                    {"macro_f1", part->metrics.macro_f1},
                    {"nll", part->metrics.nll},
                    {"ece", part->metrics.ece}};
    }
  };
  add("test", run.test());
  add("validation", run.validation());
  add("train", run.train());
  if (run.mmd()) {
    json["mmd"] = *run.mmd();
  }
  if (run.relative_mmd()) {
    json["relative_mmd"] = *run.relative_mmd();
  }
  return json;
}

std::string to_json(const Runs& runs, const ReportOptions& options, std::int64_t node) {
  nlohmann::ordered_json json{{"output", options.output},
                              {"dataset", runs.front().run.dataset().name},
                              {"node", node},
                              {"ece_bins", ExaminedRun::kEceBins},
                              {"runs", nlohmann::ordered_json::array()}};
  for (const NamedRun& named : runs) {
    json["runs"].push_back(to_json(named));
  }
  // A path need not be UTF-8, JSON must.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

// CLI11 takes NaN for a number in any range.
void require_perplexity(double perplexity) {
  if (!(perplexity >= 1 && perplexity <= static_cast<double>(kMostMapNodes))) {
    throw InvalidArgument(
        text("--perplexity: expected 1 to ", kMostMapNodes, ", got ", perplexity));
  }
}

int report_graph(const ReportOptions& options, const GlobalOptions& global) {
  require_perplexity(options.maps.perplexity);
  const ExaminedRun run(options.folder, global.data_dir);
  Runs runs{{run_name(options.folder, options.against), run}};
  std::optional<ExaminedRun> other;
  if (!options.against.empty()) {
    other.emplace(options.against, global.data_dir);
    require_same_data(run, *other);
    runs.push_back({run_name(options.against, options.folder), *other});
  }
  const std::int64_t node = node_to_show(options, run.dataset());
  const std::string page = [&] {
    const std::int64_t maps = num_maps(runs);
    ProgressLine progress(maps, global.quiet);
    std::int64_t done = 0;
    return report_page(runs, {.node = node, .maps = options.maps}, [&] {
      if (++done; progress.due()) {
        progress.show(done, text("map ", done, "/", maps));
      }
    });
  }();
  core::write_file_atomically(options.output, page);
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, to_json(runs, options, node));
  }
  if (!global.quiet) {
    std::cout << text("wrote ", options.output, ", ",
                      with_thousands(static_cast<std::int64_t>(page.size())), " bytes\n");
  }
  return kSuccess;
}

void require_run_on_questions(const ReportOptions& options) {
  if (options.data.empty()) {
    throw InvalidArgument(
        text("--data: expected the folder of questions that ", options.folder, " is about"));
  }
  if (!options.against.empty() && !is_vqa_run(options.against)) {
    throw FileError(options.against, text("--against: expected a run on visual questions, as ",
                                          options.folder, " is, found no vqa_model.json"));
  }
  if (options.node) {
    throw InvalidArgument("--node: expected a run on a graph, got one on visual questions");
  }
}

// Says more than that a checkpoint is missing.
void require_other_than_questions(const std::string& folder, const std::string& option) {
  if (is_vqa_run(folder)) {
    throw FileError(folder, option + "expected a run on a graph, found one on visual questions");
  }
  if (train::has_step_checkpoint(folder)) {
    throw FileError(folder, option +
                                "expected a run on a graph or a finished one on visual questions, "
                                "found training.json without vqa_model.json: not finished, or on "
                                "texts");
  }
}

void require_run_on_graph(const ReportOptions& options) {
  require_other_than_questions(options.folder, "");
  if (!options.against.empty()) {
    require_other_than_questions(options.against, "--against: ");
  }
  if (!options.data.empty() || !options.part.empty() || !options.questions.ids.empty()) {
    throw InvalidArgument(
        text("--data, --part, --question: expected a run on visual questions, got ", options.folder,
             ", which has no vqa_model.json"));
  }
}

int report(const ReportOptions& options, const GlobalOptions& global) {
  if (is_vqa_run(options.folder)) {
    require_run_on_questions(options);
    return report_vqa({.folder = options.folder,
                       .against = options.against,
                       .output = options.output,
                       .data = options.data,
                       .part = options.part,
                       .choice = options.questions},
                      global);
  }
  require_run_on_graph(options);
  return report_graph(options, global);
}

void add_graph_options(Command command, ReportOptions& options) {
  command
      .add_option("--node", options.node,
                  "Whose attention to show; else a test node of median degree")
      .type_name("ID")
      .group("Runs on a graph");
  const std::string group = "Runs on a graph: maps of keys and queries";
  command.add_option("--map-nodes", options.maps.nodes, "Nodes on a map, drawn at random")
      .check(whole_number_in(2, kMostMapNodes))
      .type_name("N")
      .group(group);
  command
      .add_option("--perplexity", options.maps.perplexity,
                  "Neighbours that count; at most a third of the points")
      .type_name("X")
      .group(group);
  command.add_option("--map-seed", options.maps.seed, "Of the nodes drawn and of the maps")
      .check(not_negative())
      .type_name("N")
      .group(group);
}

void add_question_options(Command command, ReportOptions& options) {
  const std::string group = "Runs on visual questions";
  command.add_option("--data", options.data, "Folder of questions, annotations and regions")
      .type_name("DIR")
      .group(group);
  command.add_option("--part", options.part, "Part to choose from [test, else validation]")
      .check(one_of({"train", "validation", "test"}))
      .group(group);
  command
      .add_option("--question", options.questions.ids,
                  "Number of a question to show, more than once for more; else some at random")
      .repeated()
      .type_name("ID")
      .group(group);
  command.add_option("--questions", options.questions.count, "How many to draw at random")
      .check(whole_number_in(1, kMostShownQuestions))
      .type_name("N")
      .group(group);
  command.add_option("--question-seed", options.questions.seed, "Of the draw")
      .check(not_negative())
      .type_name("N")
      .group(group);
}

}  // namespace

void add_report_command(Command app, Action& action) {
  Command command = app.add_subcommand("report",
                                       "One HTML page about a saved run: curves, heads, "
                                       "attention, results; or answers and attention");
  const auto options = std::make_shared<ReportOptions>();
  command
      .add_option("folder", options->folder, "Folder that `train --out` or `vqa train --out` wrote")
      .required()
      .type_name("DIR");
  command
      .add_option("--against", options->against,
                  "Another run on the same data, to be shown beside it")
      .type_name("DIR");
  command.add_option("--output", options->output, "Page to write").required().type_name("FILE");
  add_graph_options(command, *options);
  add_question_options(command, *options);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return report(*options, global); };
  });
}

}  // namespace attune::cli
