#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/vqa_command.hpp"
#include "cli/vqa_data_facts.hpp"
#include "cli/vqa_model_facts.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>

namespace attune::cli {
namespace {

struct InfoOptions {
  std::string data;
  bool features = true;
  bool model = false;
  models::McanOptions sizes;
};

int vqa_info(const InfoOptions& options, const GlobalOptions& global) {
  if (options.data.empty() && !options.model) {
    throw InvalidArgument("vqa info: expected --data DIR, --model or both, got none");
  }
  nlohmann::ordered_json facts;
  if (!options.data.empty()) {
    facts["data"] =
        vqa_data_facts(data::read_vqa_dataset(options.data, {.features = options.features}));
    if (!global.quiet) {
      print_vqa_data(facts["data"]);
    }
  }
  if (options.model) {
    models::McanOptions sizes = options.sizes;
    sizes.intermediate_channels = 4 * sizes.channels;  // as both published sizes have it
    sizes.fused_channels = 2 * sizes.channels;
    facts["model"] = vqa_model_facts(sizes);
    if (!global.quiet) {
      print_vqa_model(facts["model"]);
    }
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, facts.dump(2) + "\n");
  }
  return kSuccess;
}

void add_model_options(Command command, models::McanOptions& sizes) {
  const auto add = [&](const char* name, std::int64_t& size, const char* what) {
    command.add_option(name, size, what)
        .check(whole_number_in(1, std::int64_t{1} << 24))
        .type_name("N")
        .group("Size of the model");
  };
  add("--hidden", sizes.channels, "Channels of the layers");
  add("--heads", sizes.heads, "Heads of each attention");
  add("--layers", sizes.layers, "Layers of the encoder, and as many of the decoder");
  add("--vocabulary", sizes.vocabulary, "Words, padding included");
  add("--answers", sizes.answers, "Answers to choose from");
  add("--region-channels", sizes.region_channels, "Channels of a region");
}

}  // namespace

void add_vqa_info(Command vqa, Action& action) {
  Command command = vqa.add_subcommand(
      "info", "Questions, pictures and answers of a data set; parameters of the model");
  const auto options = std::make_shared<InfoOptions>();
  command.add_option("--data", options->data, "Folder of questions, annotations and regions")
      .type_name("DIR");
  command.add_flag("!--no-features", options->features,
                   "Of the data set look at questions and answers alone");
  command.add_flag("--model", options->model,
                   "Parameters of MCAN by component, aligned and not, beside the paper's");
  add_model_options(command, options->sizes);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return vqa_info(*options, global); };
  });
}

}  // namespace attune::cli
