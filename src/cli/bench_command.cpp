#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/bench/distances.hpp"
#include "cli/bench/epochs.hpp"
#include "cli/bench/kernels.hpp"
#include "cli/bench/layers.hpp"
#include "cli/bench/machine.hpp"
#include "cli/bench/roofline.hpp"
#include "cli/command.hpp"
#include "cli/training_run.hpp"
#include <attune/core/file.hpp>
#include <attune/core/parallel.hpp>
#include <attune/data/registry.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/reorder.hpp>
#include <attune/train/environment.hpp>

namespace attune::cli {
namespace {

using nlohmann::json;

struct BenchOptions {
  std::string dataset = "citation-like";
  std::vector<std::string> only = {"epoch", "layers", "alignment", "kernels"};
  std::vector<std::string> models = {"gat", "gatv2", "transformer", "gcn"};
  std::vector<std::string> aligns = {"none", "gan", "ct", "ot", "mmd"};
  std::string compute = "auto";
  std::vector<std::string> layers = {"gat", "gatv2", "transformer"};
  std::vector<std::string> shapes = {"8x8", "4x64"};
  std::vector<std::string> distances = {"gan", "ct", "ot", "mmd"};
  std::vector<std::int64_t> positions = {256, 1024, 4096};
  std::int64_t ot_iterations = 100;
  std::int64_t in_channels = 128;
  bool reorder = false;
  std::int64_t repeat = 5;

  [[nodiscard]] bool wants(const char* section) const {
    return std::find(only.begin(), only.end(), section) != only.end();
  }
};

// `name`, then numbers with their units, in columns that line up.
void print_row(const std::string& name, const std::vector<std::string>& cells,
               std::size_t width = 26) {
  std::cout << name << std::string(name.size() < width ? width - name.size() : 1, ' ');
  for (const std::string& cell : cells) {
    std::cout << std::string(cell.size() < 15 ? 15 - cell.size() : 1, ' ') << cell;
  }
  std::cout << '\n';
}

std::string with_unit(double value, int digits, const char* unit) {
  return fixed(value, digits) + ' ' + unit;
}

std::string percent(double part) {
  return with_unit(100 * part, 0, "%");
}

// `8x8`: heads and channels.
std::optional<std::pair<int, int>> parse_shape(const std::string& name) {
  int heads = 0;
  int channels = 0;
  const char* const end = name.data() + name.size();
  const auto first = std::from_chars(name.data(), end, heads);
  const bool cut = first.ptr != end && *first.ptr == 'x';
  const auto second = std::from_chars(cut ? first.ptr + 1 : end, end, channels);
  if (!cut || second.ptr != end || heads < 1 || channels < 1 || heads > 4096 || channels > 65536) {
    return std::nullopt;
  }
  return std::pair(heads, channels);
}

// What is wrong with the name of a shape; nothing where it is one.
std::string check_shape(const std::string& name) {
  return parse_shape(name) ? "" : "expected heads and channels like 8x8, got \"" + name + '"';
}

// Of names that check_shape() let through.
std::vector<std::pair<int, int>> shapes_of(const std::vector<std::string>& names) {
  std::vector<std::pair<int, int>> shapes;
  for (const std::string& name : names) {
    shapes.push_back(parse_shape(name).value());
  }
  return shapes;
}

json machine_section(const bench::Machine& machine, bool quiet) {
  if (!quiet) {
    print_row("machine", {with_unit(machine.bytes_per_second / 1e9, 1, "GB/s"),
                          with_unit(machine.flops / 1e9, 0, "GFLOP/s"),
                          with_unit(core::num_threads(), 0, "threads")});
  }
  return {{"bytes_per_second", machine.bytes_per_second}, {"flops", machine.flops}};
}

json epoch_section(const BenchOptions& options, const data::NodeDataset& dataset, bool quiet) {
  json list = json::array();
  if (!quiet) {
    print_row("\nepoch", {"median", "to plain", "parameters", "of alignment", "memory"});
  }
  for (const bench::EpochTime& time : bench::time_epochs(dataset, {.models = options.models,
                                                                  .aligns = options.aligns,
                                                                  .compute = options.compute,
                                                                  .repeat = options.repeat})) {
    if (!quiet) {
      print_row(
          time.model + (time.align == "none" ? "" : ", " + time.align),
          {with_unit(time.ms, 3, "ms"), fixed(time.to_plain, 2), with_thousands(time.parameters),
           with_thousands(time.align_parameters), with_unit(time.peak_mb, 1, "MB")});
    }
    list.push_back({{"model", time.model},
                    {"align", time.align},
                    {"ms", time.ms},
                    {"to_plain", time.to_plain},
                    {"parameters", time.parameters},
                    {"align_parameters", time.align_parameters},
                    {"peak_mb", time.peak_mb}});
  }
  return list;
}

json layer_section(const BenchOptions& options, const data::NodeDataset& dataset, bool quiet) {
  json list = json::array();
  if (!quiet) {
    print_row("\nlayer", {"median", "copies", "lookups", "products", "of the bound", "of the steps",
                          "memory", "allowed"});
  }
  graph::Graph graph = graph::with_self_loops(dataset.graph);
  if (options.reorder) {
    graph = graph::relabel(graph, graph::reverse_cuthill_mckee(graph));
  }
  for (const bench::LayerTime& time : bench::time_layers(graph, {.layers = options.layers,
                                                                .shapes = shapes_of(options.shapes),
                                                                .in_channels = options.in_channels,
                                                                .repeat = options.repeat})) {
    if (!quiet) {
      print_row(time.layer + ' ' + std::to_string(time.heads) + 'x' + std::to_string(time.channels),
                {with_unit(time.ms, 2, "ms"),
                 with_unit((time.bytes_before + time.bytes_after) / 2e9, 1, "GB/s"),
                 with_unit(time.gathered_bytes / 1e9, 1, "GB/s"),
                 with_unit(time.flops / 1e9, 0, "GFLOP/s"), percent(time.bound_ms / time.ms),
                 percent(time.steps_ms / time.ms), with_unit(time.peak_mb, 1, "MB"),
                 with_unit(time.allowed_mb, 1, "MB")});
    }
    list.push_back({{"layer", time.layer},
                    {"heads", time.heads},
                    {"channels", time.channels},
                    {"ms", time.ms},
                    {"bytes_before", time.bytes_before},
                    {"bytes_after", time.bytes_after},
                    {"gathered_bytes", time.gathered_bytes},
                    {"flops", time.flops},
                    {"bound_ms", time.bound_ms},
                    {"steps_ms", time.steps_ms},
                    {"peak_mb", time.peak_mb},
                    {"process_mb", time.process_mb},
                    {"allowed_mb", time.allowed_mb}});
  }
  return list;
}

json alignment_section(const BenchOptions& options, const bench::Machine& machine, bool quiet) {
  json list = json::array();
  if (!quiet) {
    print_row("\nalignment, all pairs", {"median", "of the peak", "memory"});
  }
  for (const bench::DistanceTime& time : bench::time_distances({.distances = options.distances,
                                         .positions = options.positions,
                                         .ot_iterations = options.ot_iterations,
                                         .repeat = options.repeat})) {
    if (!quiet) {
      print_row(
          time.distance + ", w = " + std::to_string(time.positions),
          {with_unit(time.ms, 2, "ms"), time.flops > 0 ? percent(time.flops / machine.flops) : "",
           with_unit(time.peak_mb, 2, "MB")});
    }
    list.push_back({{"distance", time.distance},
                    {"positions", time.positions},
                    {"ms", time.ms},
                    {"flops", time.flops},
                    {"peak_mb", time.peak_mb}});
  }
  return list;
}

json copies_section(const bench::Roofline& roofline) {
  json list = json::array();
  for (const bench::CopySpeed& copy : roofline.copies()) {
    list.push_back({{"bytes", copy.bytes}, {"bytes_per_second", copy.bytes_per_second}});
  }
  return list;
}

void print_kernel(const bench::KernelTime& time) {
  constexpr std::size_t kNameWidth = 40;
  std::string name = time.kernel + ", " + time.pass;
  if (!time.size.empty()) {
    name += ", " + time.size;
  }
  print_row(
      name,
      {with_unit(time.work.bytes() / 1e6, 2, "MB"), with_unit(time.work.operations / 1e6, 2, "M"),
       with_unit(time.bound_ms, 3, "ms"), time.memory_bound ? "bytes" : "operations",
       with_unit(time.ms, 3, "ms"), percent(time.bound_ms / time.ms)},
      kNameWidth);
}

json kernel_section(const BenchOptions& options, const data::NodeDataset& dataset,
                    const bench::Roofline& roofline, bool quiet) {
  if (!quiet) {
    print_row("\nkernel", {"bytes", "operations", "bound", "by", "median", "of the bound"}, 41);
  }
  json list = json::array();
  for (const bench::KernelTime& time : bench::time_kernels(dataset,
                                                           {.shapes = shapes_of(options.shapes),
                                                           .distances = options.distances,
                                                           .positions = options.positions,
                                                           .in_channels = options.in_channels,
                                                           .repeat = options.repeat},
                                                           roofline)) {
    if (!quiet) {
      print_kernel(time);
    }
    list.push_back({{"kernel", time.kernel},
                    {"pass", time.pass},
                    {"size", time.size},
                    {"bytes", time.work.bytes()},
                    {"gathered_bytes", time.work.gathered},
                    {"gathered_from_bytes", time.work.gathered_from},
                    {"touched_bytes", time.work.touched},
                    {"operations", time.work.operations},
                    {"bound", time.memory_bound ? "bytes" : "operations"},
                    {"bound_ms", time.bound_ms},
                    {"ms", time.ms},
                    {"percent", 100 * time.bound_ms / time.ms}});
  }
  return list;
}

json environment_section() {
  const train::Environment environment = train::current_environment();
  return {{"cpu", environment.cpu},
          {"isa", environment.isa},
          {"cores", environment.cores},
          {"peak_rss_bytes", environment.peak_rss_bytes},
          {"libraries", environment.libraries}};
}

// Everything but the epochs is held against what the machine can do.
void held_against_machine(const BenchOptions& options, const data::NodeDataset& dataset, bool quiet,
                          json& result) {
  const bench::Machine machine = bench::measure_machine(options.repeat);
  result["machine"] = machine_section(machine, quiet);
  if (options.wants("layers")) {
    result["layers"] = layer_section(options, dataset, quiet);
  }
  if (options.wants("alignment")) {
    result["alignment"] = alignment_section(options, machine, quiet);
  }
  if (options.wants("kernels")) {
    const bench::Roofline roofline(bench::measure_copies(options.repeat), machine.flops);
    result["machine"]["copies"] = copies_section(roofline);
    result["kernels"] = kernel_section(options, dataset, roofline, quiet);
  }
}

int run_bench(const BenchOptions& options, const GlobalOptions& global) {
  const data::NodeDataset dataset = data::load_dataset(options.dataset, global.data_dir);
  if (!global.quiet) {
    std::cout << describe(dataset) << '\n';
  }
  json result = {{"command", global.command_line},
                 {"dataset", options.dataset},
                 {"num_nodes", dataset.num_nodes()},
                 {"num_edges", dataset.graph.num_edges()},
                 {"num_nonzeros", dataset.features.num_nonzeros()},
                 {"threads", core::num_threads()}};
  if (options.wants("epoch")) {
    result["epoch"] = epoch_section(options, dataset, global.quiet);
  }
  if (options.wants("layers") || options.wants("alignment") || options.wants("kernels")) {
    held_against_machine(options, dataset, global.quiet, result);
  }
  result["environment"] = environment_section();
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, result.dump(1) + '\n');
  }
  return kSuccess;
}

}  // namespace

void add_bench_command(Command app, Action& action) {
  Command command = app.add_subcommand("bench", "Time epochs, layers, distances and kernels");
  const auto options = std::make_shared<BenchOptions>();
  command.add_option("--dataset", options->dataset, "Name or file; see `attune datasets list`")
      .type_name("NAME");
  command.add_option("--only", options->only, "Sections to measure")
      .delimiter(',')
      .check(one_of({"epoch", "layers", "alignment", "kernels"}));
  command.add_option("--models", options->models, "Networks of the section epoch")
      .delimiter(',')
      .check(one_of({"gat", "gatv2", "transformer", "gcn"}));
  command
      .add_option("--compute", options->compute, "Of the section epoch, as attune train takes it")
      .check(one_of({"auto", "needed", "all"}));
  command.add_option("--layers", options->layers, "Layers of the section layers")
      .delimiter(',')
      .check(one_of({"gat", "gatv2", "transformer"}));
  command.add_option("--shapes", options->shapes, "Heads and channels of layers and kernels")
      .delimiter(',')
      .check(Check(check_shape))
      .type_name("HxC");
  command
      .add_option("--distances", options->distances,
                  "Distances of the sections alignment and kernels")
      .delimiter(',')
      .check(one_of({"gan", "ot", "ct", "mmd"}));
  command
      .add_option("--aligns", options->aligns,
                  "Distances of the section epoch, each with its default options")
      .delimiter(',')
      .check(one_of({"none", "gan", "ot", "ct", "mmd"}));
  command
      .add_option("--positions", options->positions,
                  "Sizes of the clouds in the sections alignment and kernels")
      .delimiter(',')
      .check(whole_number_in(2, 1000000));
  command
      .add_option("--ot-iterations", options->ot_iterations,
                  "Most pairs of updates of optimal transport in the section alignment")
      .check(whole_number_in(1, 1000000))
      .type_name("N");
  command
      .add_option("--in-channels", options->in_channels,
                  "Features a node in layers and dense products")
      .check(whole_number_in(1, 1000000));
  command.add_flag("--reorder", options->reorder,
                   "Number the nodes for locality (reverse Cuthill-McKee) in the section layers");
  command
      .add_option("--repeat", options->repeat,
                  "Measurements of which the median is taken, at least")
      .check(whole_number_in(1, 100000))
      .type_name("N");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return run_bench(*options, global); };
  });
}

}  // namespace attune::cli
