#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <attune/align/ct.hpp>
#include <attune/align/network.hpp>
#include <attune/align/ot.hpp>

namespace attune::align {

enum class Kind : std::uint8_t { gan, ot, ct, mmd };

enum class Support : std::uint8_t {
  nodes,  ///< plans between any two positions
  edges,  ///< plans on the edges of a graph; ct alone
};

enum class Axis : std::uint8_t {
  positions,  ///< a cloud is what one head has over the positions
  heads,      ///< a cloud is what one position has over the heads; the mean is over the positions
};

/// Which distance, and everything that can be chosen about it. Names and defaults are those of the
/// alignment papers' options: what belongs to one distance is ignored by the others.
struct Options {
  Kind kind = Kind::ct;

  /// Positions drawn a step, uniformly and without replacement: 0 for all of them; empty for 64
  /// with ct and 128 with the others.
  std::optional<std::int64_t> samples = std::nullopt;
  Support support = Support::nodes;
  Axis axis = Axis::positions;

  // Of the small networks of gan and ct.
  std::int64_t hidden = 16;
  Initialization init = Initialization::glorot;
  bool tie_highway = false;
  double dropout = 0;
  double reversal = 1;  ///< strength of the ascending gradients against the others, above 0

  // gan
  bool detach_query = false;

  // ct
  double rho = 0.5;
  TransportCost cost = TransportCost::cosine;
  bool nav_unit = false;
  bool navigator_ascends = false;

  // ot
  OtCost ot_cost = OtCost::half_sqeuclid;
  double eps = 0.01;
  bool eps_relative = false;
  std::int64_t ot_iterations = 100;
  double ot_tolerance = 1e-3;
  OtGradient ot_gradient = OtGradient::plan;
  bool ot_debias = false;

  // mmd
  double mmd_sigma = 1;
  bool mmd_sigma_median = false;  ///< the median distance of the first clouds instead
};

/// @throws InvalidArgument  names the option that is out of its range or does not fit another
void validate(const Options& options);

/// Positions drawn a step after the default of the distance is filled in; 0: all.
[[nodiscard]] std::int64_t num_samples(const Options& options);

[[nodiscard]] const char* to_string(Kind kind) noexcept;
[[nodiscard]] const char* to_string(Support support) noexcept;

/// `gan`, `ot`, `ct` or `mmd`.
/// @throws InvalidArgument  names what is there
[[nodiscard]] Kind kind_of(const std::string& name);
/// `nodes` or `edges`.
[[nodiscard]] Support support_of(const std::string& name);

}  // namespace attune::align
