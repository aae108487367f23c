#pragma once

#include <memory>
#include <string>

#include "cli/arguments.hpp"
#include <attune/graph/graph.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/settings.hpp>

namespace attune::cli {

/// `--align` and what belongs to it. Names and defaults are those of train::AlignmentOptions, but
/// for `every`: aligning in every second step halves what alignment costs, and no measurement tells
/// the two apart (experiments/citation).
struct AlignmentFlags {
  std::string kind = "none";
  std::string support = "nodes";
  std::string layers = "all";
  std::string reduction = "sum";
  std::string ct_cost = "cosine";
  std::string ot_cost = "half_sqeuclid";
  std::string ot_gradient = "plan";
  train::AlignmentOptions options{.every = 2};

  [[nodiscard]] bool active() const { return kind != "none"; }
};

void add_alignment_options(Command command, AlignmentFlags& flags);

/// @param graph  with self-loops, for `--align-support edges`
/// @return null without alignment
/// @throws InvalidArgument  an option that is out of range or does not fit another
[[nodiscard]] std::unique_ptr<train::AlignmentRegularizer> make_alignment(
    const AlignmentFlags& flags, const graph::Graph& graph);

/// The same for models that are no graphs.
/// @throws InvalidArgument  as above, and for `--align-support edges`
[[nodiscard]] std::unique_ptr<train::AlignmentRegularizer> make_alignment(
    const AlignmentFlags& flags);

/// What a checkpoint and a result say about it.
[[nodiscard]] train::Settings to_settings(const AlignmentFlags& flags);

}  // namespace attune::cli
