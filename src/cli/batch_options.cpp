#include "cli/batch_options.hpp"

#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {
namespace {

using core::text;

constexpr std::int64_t kMostFanOut = std::numeric_limits<std::int32_t>::max();

[[noreturn]] void refuse_fan_outs(const std::string& typed) {
  throw InvalidArgument(
      text("--fan-outs: expected whole numbers, above 0 or -1 for all neighbours, separated by "
           "commas, got \"",
           typed, "\""));
}

std::vector<std::int64_t> parse_fan_outs(const std::string& typed) {
  std::vector<std::int64_t> fan_outs;
  const char* at = typed.data();
  const char* const end = at + typed.size();
  while (true) {
    std::int64_t fan_out = 0;
    const auto [next, error] = std::from_chars(at, end, fan_out);
    if (error != std::errc() || (next != end && *next != ',') ||
        (fan_out != -1 && (fan_out < 1 || fan_out > kMostFanOut))) {
      refuse_fan_outs(typed);
    }
    fan_outs.push_back(fan_out);
    if (next == end) {
      return fan_outs;
    }
    at = next + 1;
  }
}

// One spelling for all that mean the same, so that a run can be continued under another one.
std::string joined(const std::vector<std::int64_t>& fan_outs) {
  std::string list;
  for (const std::int64_t fan_out : fan_outs) {
    list += text(list.empty() ? "" : ",", fan_out);
  }
  return list;
}

}  // namespace

void add_batch_options(Command command, BatchFlags& flags) {
  const std::string group = "Batches";
  command
      .add_option("--batch-size", flags.batch_size,
                  "Train in steps over N training nodes each, with sampled neighbours, not in one "
                  "step an epoch over all; without --fan-outs over N whole graphs, where there are "
                  "several")
      .type_name("N")
      .group(group);
  command
      .add_option("--fan-outs", flags.fan_outs,
                  "Neighbours that are sampled for a node: one number a layer, the batch's own "
                  "neighbours first, then theirs; -1: all. 10,5 for two layers")
      .type_name("N,N")
      .group(group);
}

train::NodeBatchOptions node_batches(const BatchFlags& flags, std::int64_t layers,
                                     std::int64_t num_graphs) {
  if (!flags.batch_size) {
    throw InvalidArgument("--fan-outs: expected --batch-size beside it, got none");
  }
  if (*flags.batch_size < 1) {
    throw InvalidArgument(text("--batch-size: expected at least 1, got ", *flags.batch_size));
  }
  if (flags.fan_outs.empty()) {
    if (num_graphs > 1) {
      return {.batch_size = *flags.batch_size};
    }
    throw InvalidArgument(text("--batch-size: expected --fan-outs beside it, ", layers,
                               " numbers for ", layers, " layers, got none"));
  }
  std::vector<std::int64_t> fan_outs = parse_fan_outs(flags.fan_outs);
  if (std::ssize(fan_outs) != layers) {
    throw InvalidArgument(text("--fan-outs: expected ", layers, " numbers, one a layer, got ",
                               fan_outs.size(), ": ", flags.fan_outs));
  }
  return {.batch_size = *flags.batch_size, .fan_outs = std::move(fan_outs)};
}

train::Settings to_settings(const BatchFlags& flags) {
  train::Settings settings;
  if (flags.batch_size) {
    settings["batch_size"] = *flags.batch_size;
  }
  if (!flags.fan_outs.empty()) {
    settings["fan_outs"] = joined(parse_fan_outs(flags.fan_outs));
  }
  return settings;
}

}  // namespace attune::cli
