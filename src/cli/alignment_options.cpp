#include "cli/alignment_options.hpp"

#include <attune/align/options.hpp>
#include <attune/core/error.hpp>

namespace attune::cli {
namespace {

void add_common_options(Command command, AlignmentFlags& f) {
  const std::string group = "Alignment";
  train::AlignmentOptions& o = f.options;
  command.add_option("--align", f.kind, "Distance between queries and keys to minimise")
      .check(one_of({"none", "gan", "ot", "ct", "mmd"}))
      .group(group);
  command.add_option("--align-weight", o.weight, "Lambda, the weight of the distance")
      .type_name("X")
      .group(group);
  command
      .add_option("--align-samples", o.distance.samples,
                  "Nodes, or tokens of a text, drawn a step, 0: all of them [128, ct: 64]")
      .type_name("N")
      .group(group);
  command
      .add_option("--align-support", f.support, "Transport between any nodes, or along edges (ct)")
      .check(one_of({"nodes", "edges"}))
      .group(group);
  command.add_option("--align-layers", f.layers, "Layers to align; hidden: all but the last")
      .check(one_of({"all", "hidden"}))
      .group(group);
  command.add_option("--align-reduction", f.reduction, "Over layers and heads")
      .check(one_of({"sum", "mean"}))
      .group(group);
  command
      .add_option("--align-warmup", o.warmup_steps, "Steps in which lambda grows to its full size")
      .type_name("N")
      .group(group);
  command
      .add_option("--align-every", o.every,
                  "Steps from one that computes the distance to the next, weighted N times")
      .type_name("N")
      .group(group);
  command.add_option("--align-weight-decay", o.weight_decay, "L2 on the networks of gan and ct")
      .type_name("X")
      .group(group);
  command
      .add_option("--align-lr-scale", o.learning_rate_scale,
                  "Learning rate of the networks of gan and ct in units of --lr")
      .type_name("X")
      .group(group);
  command.add_option("--align-hidden", o.distance.hidden, "Width of the networks of gan and ct")
      .type_name("N")
      .group(group);
  command
      .add_option("--align-reversal", o.distance.reversal,
                  "Strength of the adversary's gradient against the others'")
      .type_name("X")
      .group(group);
}

void add_distance_options(Command command, AlignmentFlags& f) {
  const std::string group = "Alignment, one distance";
  align::Options& o = f.options.distance;
  command.add_option("--ct-rho", o.rho, "ct: share of the transport from keys to queries")
      .type_name("P")
      .group(group);
  command.add_option("--ct-cost", f.ct_cost, "ct: cost of the critic's vectors")
      .check(one_of({"cosine", "chord"}))
      .group(group);
  command.add_option("--ot-cost", f.ot_cost, "ot: cost between a query and a key")
      .check(one_of({"half_sqeuclid", "cosine"}))
      .group(group);
  command.add_option("--ot-eps", o.eps, "ot: strength of the entropy").type_name("X").group(group);
  command.add_flag("--ot-eps-relative", o.eps_relative, "ot: eps in units of the mean cost")
      .group(group);
  command.add_option("--ot-iterations", o.ot_iterations, "ot: most pairs of Sinkhorn updates")
      .type_name("N")
      .group(group);
  command.add_option("--ot-gradient", f.ot_gradient, "ot: with the plan held constant, or exact")
      .check(one_of({"plan", "exact"}))
      .group(group);
  command
      .add_flag("--gan-bounded,!--no-gan-bounded", o.bounded,
                "gan: queries and keys do not follow a discriminator that is worse than none "
                "[on texts on, else off]")
      .group(group);
  command.add_flag("--gan-detach-query", o.detach_query, "gan: gradients into the keys alone")
      .group(group);
  command.add_flag("--ot-debias", o.ot_debias, "ot: Sinkhorn divergence").group(group);
  command.add_option("--mmd-sigma", o.mmd_sigma, "mmd: width of the kernel")
      .type_name("X")
      .group(group);
  command
      .add_flag("--mmd-sigma-median", o.mmd_sigma_median,
                "mmd: the median distance of the first clouds as width")
      .group(group);
}

train::AlignmentOptions complete(const AlignmentFlags& flags) {
  train::AlignmentOptions options = flags.options;
  align::Options& distance = options.distance;
  distance.kind = align::kind_of(flags.kind);
  distance.support = align::support_of(flags.support);
  distance.cost =
      flags.ct_cost == "chord" ? align::TransportCost::chord : align::TransportCost::cosine;
  distance.ot_cost =
      flags.ot_cost == "cosine" ? align::OtCost::cosine : align::OtCost::half_sqeuclid;
  distance.ot_gradient =
      flags.ot_gradient == "exact" ? align::OtGradient::exact : align::OtGradient::plan;
  options.layers =
      flags.layers == "hidden" ? train::AlignedLayers::hidden : train::AlignedLayers::all;
  options.reduction =
      flags.reduction == "mean" ? train::AlignmentReduction::mean : train::AlignmentReduction::sum;
  return options;
}

}  // namespace

void add_alignment_options(Command command, AlignmentFlags& flags) {
  add_common_options(command, flags);
  add_distance_options(command, flags);
}

std::unique_ptr<train::AlignmentRegularizer> make_alignment(const AlignmentFlags& flags,
                                                            const graph::Graph& graph) {
  if (!flags.active()) {
    return nullptr;
  }
  train::AlignmentOptions options = complete(flags);
  if (options.distance.support == align::Support::edges) {
    options.graph = graph;
  }
  return std::make_unique<train::AlignmentRegularizer>(options);
}

std::unique_ptr<train::AlignmentRegularizer> make_alignment(const AlignmentFlags& flags) {
  if (!flags.active()) {
    return nullptr;
  }
  if (flags.support == "edges") {
    throw InvalidArgument("--align-support: expected nodes, since texts have no edges, got edges");
  }
  return std::make_unique<train::AlignmentRegularizer>(complete(flags));
}

train::Settings to_settings(const AlignmentFlags& flags) {
  train::Settings settings{{"align", flags.kind}};
  if (!flags.active()) {
    return settings;
  }
  const train::AlignmentOptions options = complete(flags);
  const align::Options& distance = options.distance;
  settings["align_weight"] = options.weight;
  settings["align_samples"] = align::num_samples(distance);
  settings["align_support"] = flags.support;
  settings["align_layers"] = flags.layers;
  settings["align_reduction"] = flags.reduction;
  settings["align_every"] = options.every;
  settings["align_warmup"] = options.warmup_steps;
  settings["align_weight_decay"] = options.weight_decay;
  settings["align_lr_scale"] = options.learning_rate_scale;
  settings["align_hidden"] = distance.hidden;
  settings["align_reversal"] = distance.reversal;
  settings["gan_detach_query"] = distance.detach_query;
  settings["gan_bounded"] = distance.bounded;
  settings["ct_rho"] = distance.rho;
  settings["ct_cost"] = flags.ct_cost;
  settings["ot_cost"] = flags.ot_cost;
  settings["ot_eps"] = distance.eps;
  settings["ot_eps_relative"] = distance.eps_relative;
  settings["ot_iterations"] = distance.ot_iterations;
  settings["ot_gradient"] = flags.ot_gradient;
  settings["ot_debias"] = distance.ot_debias;
  settings["mmd_sigma"] = distance.mmd_sigma;
  settings["mmd_sigma_median"] = distance.mmd_sigma_median;
  return settings;
}

}  // namespace attune::cli
