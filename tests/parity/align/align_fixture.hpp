#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/fixture.hpp"
#include <attune/align/clouds.hpp>
#include <attune/align/network.hpp>
#include <attune/align/parameters.hpp>
#include <attune/core/tensor.hpp>

namespace attune::testing {

/// One `align` fixture, in the layout and element type that the distances take. The fixture's
/// [samples, heads, positions, channels] becomes [samples * positions, heads, channels] with
/// segments.
class AlignFixture {
 public:
  AlignFixture(std::string_view name, core::DType dtype);

  [[nodiscard]] const align::Clouds& clouds() const noexcept { return clouds_; }

  /// The discriminator or critic of the fixture, and its navigator.
  [[nodiscard]] align::Network highway_network() const;
  [[nodiscard]] align::Network navigator() const;

  [[nodiscard]] double loss() const { return fixture_.number("loss"); }
  [[nodiscard]] core::Tensor per_head() const;  ///< [samples, heads]
  [[nodiscard]] const Fixture& file() const noexcept { return fixture_; }

  /// Fails the running test unless the recorded gradients of the clouds are the fixture's
  /// PREFIXQ and PREFIXK, within `tolerance` of the largest entry.
  void require_cloud_gradients(double tolerance, std::string_view prefix = "grad_") const;

  /// The same for parameters, whose ascending ones are expected with the sign flipped.
  void require_parameter_gradients(const align::ParameterList& parameters, double tolerance) const;

 private:
  [[nodiscard]] core::Tensor samples(std::string_view name) const;
  [[nodiscard]] Variable parameter(std::string_view name) const;

  Fixture fixture_;
  core::DType dtype_;
  std::vector<std::uint8_t> query_mask_;
  std::vector<std::uint8_t> key_mask_;
  std::vector<std::int64_t> query_segments_;
  std::vector<std::int64_t> key_segments_;
  align::Clouds clouds_;
};

/// Largest error of a loss, relative, and of a gradient, relative to its largest entry.
struct Tolerance {
  core::DType dtype;
  double loss;
  double gradient;
};
/// Ten times the error of a float32 run of the formulas in numpy.
inline constexpr Tolerance kFloat{core::DType::f32, 2e-6, 6e-5};
/// The reference works in float64 too; only the order of sums differs.
inline constexpr Tolerance kDouble{core::DType::f64, 1e-11, 1e-10};

/// Fails the running test unless |actual - expected| <= tolerance * max(|expected|, 0.01)
/// everywhere.
void require_close(const core::Tensor& actual, const core::Tensor& expected, double tolerance,
                   std::string_view what);

/// [samples, heads, positions, channels] as [samples * positions, heads, channels].
[[nodiscard]] core::Tensor positions_first(const core::Tensor& x);

}  // namespace attune::testing
