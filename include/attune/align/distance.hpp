#pragma once

#include <memory>
#include <span>
#include <vector>

#include <attune/align/clouds.hpp>
#include <attune/align/options.hpp>
#include <attune/align/parameters.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>

namespace attune::align {

/// The distance between the queries and keys of one attention layer, with the networks it learns:
/// one interface to gan, ot, ct and mmd.
///
///     const std::unique_ptr<Distance> distance = make_distance({.kind = Kind::ct}, clouds,
///     random); Variable loss = distance->loss(clouds, random.at_step(step));
class Distance {
 public:
  virtual ~Distance() = default;
  Distance(const Distance&) = delete;
  Distance& operator=(const Distance&) = delete;

  /// Sum over the heads, mean over the samples, of the positions drawn for this step.
  /// @param random    of the step: which positions, and the dropout of the networks; uses
  ///                  kStreams streams from its own on
  /// @param per_head  if not null, receives the terms, [samples, heads] in float64
  /// @throws ShapeError, InvalidArgument  as the distance itself
  [[nodiscard]] virtual Variable loss(const Clouds& clouds, const core::RandomStream& random,
                                      core::Tensor* per_head = nullptr) const = 0;

  /// What is learned; none for ot and mmd.
  [[nodiscard]] std::span<const Parameter> parameters() const noexcept { return parameters_; }

  static constexpr std::uint32_t kStreams = 4;  ///< that a call of loss() draws from
  /// Streams that make_distance() draws from.
  static constexpr std::uint32_t kInitStreams = 8;

 protected:
  /// @param parameters  of the networks, which live as long as this
  explicit Distance(ParameterList parameters) : parameters_(std::move(parameters)) {}

 private:
  ParameterList parameters_;
};

/// @param first   clouds of the sizes to come, of which the number of channels, the element type
///                and, where it is asked for, the median distance are taken
/// @param random  the networks' parameters are a function of it; uses kInitStreams streams from its
///                own on
/// @param graph   for Support::edges, else null
/// @throws InvalidArgument  options that validate() refuses; Support::edges without a graph
[[nodiscard]] std::unique_ptr<Distance> make_distance(const Options& options, const Clouds& first,
                                                      const core::RandomStream& random,
                                                      const graph::Graph* graph = nullptr);

}  // namespace attune::align
