#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <attune/align/ct.hpp>
#include <attune/align/network.hpp>
#include <attune/align/ot.hpp>

namespace attune::align {

/// Which distance: gan(), ot(), ct(), mmd().
enum class Kind : std::uint8_t { gan, ot, ct, mmd };

/// Which pairs of a query and a key transport may join.
enum class Support : std::uint8_t {
  nodes,  ///< plans between any two positions
  edges,  ///< plans on the edges of a graph; ct alone
};

/// What the points of a cloud run over.
enum class Axis : std::uint8_t {
  positions,  ///< a cloud is what one head has over the positions
  heads,      ///< a cloud is what one position has over the heads; the mean is over the positions
};

/// Which distance, and everything that can be chosen about it. Names and defaults are those of the
/// alignment papers' options: what belongs to one distance is ignored by the others.
struct Options {
  Kind kind = Kind::ct;  ///< the functions of these names say what each computes

  /// Positions drawn a step, uniformly and without replacement: 0 for all of them; empty for 64
  /// with ct and 128 with the others.
  std::optional<std::int64_t> samples = std::nullopt;
  Support support = Support::nodes;  ///< other than nodes: kind ct alone
  Axis axis = Axis::positions;       ///< other than positions: no segments, as many keys as queries

  std::int64_t hidden = 16;  ///< gan, ct: width of their small networks, at least 1
  Initialization init = Initialization::glorot;  ///< gan, ct: of their networks
  bool tie_highway = false;  ///< gan, ct: one linear map for gate and transform of the highway
  double dropout = 0;        ///< gan, ct: probability, on what enters the MLP, in [0, 1)
  double reversal = 1;       ///< gan, ct: of the ascending gradients against the others, above 0

  bool detach_query = false;  ///< gan: no gradient into the queries
  bool bounded = false;       ///< gan: as GanOptions::bounded

  double rho = 0.5;  ///< ct: share of the half that transports keys to queries, in [0, 1]
  TransportCost cost = TransportCost::cosine;  ///< ct: of the critic's vectors
  bool nav_unit = false;                       ///< ct: navigator vectors of unit length
  bool navigator_ascends = false;  ///< ct: the navigator plays against, as the critic does

  OtCost ot_cost = OtCost::half_sqeuclid;     ///< ot: between a query and a key
  double eps = 0.01;                          ///< ot: strength of the entropy, above 0
  bool eps_relative = false;                  ///< ot: eps is in units of the mean cost of the head
  std::int64_t ot_iterations = 100;           ///< ot: most pairs of updates at eps, at least 1
  double ot_tolerance = 1e-3;                 ///< ot: on the row marginals, above 0; see OtOptions
  OtGradient ot_gradient = OtGradient::plan;  ///< ot: with the plan held constant, or through it
  bool ot_debias = false;                     ///< ot: Sinkhorn divergence

  double mmd_sigma = 1;           ///< mmd: width of the kernel, above 0
  bool mmd_sigma_median = false;  ///< mmd: the median distance of the first clouds as width instead
};

/// @throws InvalidArgument  names the option that is out of its range or does not fit another
void validate(const Options& options);

/// Positions drawn a step after the default of the distance is filled in; 0: all.
[[nodiscard]] std::int64_t num_samples(const Options& options);

/// The name that kind_of() takes.
[[nodiscard]] const char* to_string(Kind kind) noexcept;
/// The name that support_of() takes.
[[nodiscard]] const char* to_string(Support support) noexcept;

/// `gan`, `ot`, `ct` or `mmd`.
/// @throws InvalidArgument  names what is there
[[nodiscard]] Kind kind_of(const std::string& name);
/// `nodes` or `edges`.
/// @throws InvalidArgument  names what is there
[[nodiscard]] Support support_of(const std::string& name);

}  // namespace attune::align
