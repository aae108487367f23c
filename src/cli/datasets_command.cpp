#include <algorithm>
#include <iostream>
#include <memory>
#include <vector>

#include "cli/command.hpp"
#include "cli/dataset_info.hpp"
#include "cli/generate_command.hpp"
#include "cli/text_info.hpp"
#include "cli/training_options.hpp"
#include "cli/training_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/dpkg.hpp>
#include <attune/data/fetch.hpp>
#include <attune/data/native_npz.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/text/text_task.hpp>

namespace attune::cli {
namespace {

using core::text;

int list_datasets() {
  std::vector<data::KnownDataset> known = data::known_datasets();
  const std::vector<data::KnownDataset> texts = data::known_text_tasks();
  known.insert(known.end(), texts.begin(), texts.end());
  std::size_t width = 0;
  for (const data::KnownDataset& dataset : known) {
    width = std::max(width, dataset.name.size());
  }
  for (const data::KnownDataset& dataset : known) {
    std::cout << dataset.name << std::string(width + 2 - dataset.name.size(), ' ')
              << dataset.summary << '\n';
  }
  return kSuccess;
}

void add_list(Command datasets, Action& action) {
  Command command = datasets.add_subcommand("list", "Data sets known by name");
  command.callback([&action] { action = [](const GlobalOptions&) { return list_datasets(); }; });
}

void add_info(Command datasets, Action& action) {
  Command command =
      datasets.add_subcommand("info", "Counts, degrees or lengths, and checksum of a data set");
  struct InfoOptions {
    std::string name;
    std::string split;
  };
  const auto options = std::make_shared<InfoOptions>();
  command.add_option("name", options->name, "Name or file").required();
  add_split_option(command, options->split);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) {
      if (data::is_text_task(options->name)) {
        return text_info(data::load_text_task(options->name, global.data_dir), global);
      }
      return dataset_info(data::load_dataset(options->name, global.data_dir, options->split),
                          global);
    };
  });
}

struct FetchOptions {
  std::string name;
  std::string from;
};

int fetch(const FetchOptions& options, const GlobalOptions& global) {
  const std::string target =
      global.data_dir.empty() ? data::default_data_folder() : global.data_dir;
  if (target.empty()) {
    throw InvalidArgument("fetch: no home folder is known; say where to with --data-dir");
  }
  for (const data::FetchedFile& file : data::fetch_dataset(options.name, target, options.from)) {
    if (!global.quiet) {
      std::cout << (file.downloaded ? "fetched  " : "present  ") << file.path << "  "
                << with_thousands(file.bytes) << " bytes\n";
    }
  }
  return kSuccess;
}

void add_fetch(Command datasets, Action& action) {
  Command command = datasets.add_subcommand(
      "fetch", "Download a data set, checked by SHA-256, to --data-dir or the cache folder");
  const auto options = std::make_shared<FetchOptions>();
  command.add_option("name", options->name, "Data set").required();
  command.add_option("--from", options->from, "Address or folder to take the files from")
      .type_name("URL");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return fetch(*options, global); };
  });
}

struct BuildOptions {
  data::DpkgOptions dpkg;
  std::string output = "dpkg.npz";
};

int build_dpkg(const BuildOptions& options, const GlobalOptions& global) {
  const data::DpkgDataset built = data::build_dpkg_graph(options.dpkg);
  data::save_native_npz(options.output, built.dataset);
  if (!global.quiet) {
    std::cout << "wrote " << options.output << ": " << describe(built.dataset) << "\nclasses";
    for (std::size_t label = 0; label < built.sections.size(); ++label) {
      std::cout << "  " << label << ' ' << built.sections[label];
    }
    std::cout << '\n';
  }
  return kSuccess;
}

void add_build(Command datasets, Action& action) {
  Command build = datasets.add_subcommand("build", "Make a graph of what is on this machine");
  build.require_subcommand();
  Command command = build.add_subcommand(
      "dpkg", "Installed Debian packages: dependencies, words of descriptions, sections");
  const auto options = std::make_shared<BuildOptions>();
  data::DpkgOptions& dpkg = options->dpkg;
  command.add_option("--output", options->output, "File to write").type_name("FILE");
  command.add_option("--status", dpkg.status_file, "dpkg's list of packages").type_name("FILE");
  command.add_option("--min-section", dpkg.min_section, "Packages of a section to be a class")
      .type_name("N");
  command.add_option("--min-packages", dpkg.min_packages, "Packages with a word to be a feature")
      .type_name("N");
  command.add_option("--max-share", dpkg.max_share, "Of packages with a word, at most")
      .type_name("X");
  command.add_option("--split", dpkg.split, "Which nodes to train on, to validate and to test")
      .type_name("RULE");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return build_dpkg(*options, global); };
  });
}

struct ConvertOptions {
  std::string name;
  std::string split;
  std::string output;
};

int convert(const ConvertOptions& options, const GlobalOptions& global) {
  const data::NodeDataset dataset =
      data::load_dataset(options.name, global.data_dir, options.split);
  data::save_native_npz(options.output, dataset);
  if (!global.quiet) {
    std::cout << "wrote " << options.output << ": " << describe(dataset) << '\n';
  }
  return kSuccess;
}

void add_convert(Command datasets, Action& action) {
  Command command =
      datasets.add_subcommand("convert", "Write a data set, with one split, as attune's own .npz");
  const auto options = std::make_shared<ConvertOptions>();
  command.add_option("name", options->name, "Name or file").required();
  command.add_option("--output", options->output, "File to write").required().type_name("FILE");
  add_split_option(command, options->split);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return convert(*options, global); };
  });
}

}  // namespace

void add_datasets_command(Command app, Action& action) {
  Command datasets = app.add_subcommand("datasets", "List, describe, download and make data sets");
  datasets.require_subcommand();
  add_list(datasets, action);
  add_info(datasets, action);
  add_fetch(datasets, action);
  add_generate_command(datasets, action);
  add_build(datasets, action);
  add_convert(datasets, action);
}

}  // namespace attune::cli
