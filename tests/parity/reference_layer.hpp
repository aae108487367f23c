#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/fixture.hpp"
#include <attune/nn/activation.hpp>
#include <attune/nn/graph_layer.hpp>

namespace attune::testing {

struct ReferenceLayerShape {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t heads = 1;
  bool concat = true;
  nn::Activation activation = nn::Activation::none;
};

/// A graph layer that the reference also has, with its parameters in a fixture.
class ReferenceLayer {
 public:
  /// @param kind    `gat`, `gatv2` or `transformer`, as the fixtures call them
  /// @param prefix  of its parameters in the fixture, as in param_PREFIXatt: empty, or `layer1_`
  ReferenceLayer(const std::string& kind, const ReferenceLayerShape& shape, const Fixture& fixture,
                 const std::string& prefix, core::DType dtype = core::DType::f64);

  [[nodiscard]] const nn::GraphLayer& layer() const { return *layer_; }

  /// Checks the gradient of every parameter against the fixture's member GRADIENT_PREFIXname.
  void check_gradients(const Fixture& fixture, const std::string& gradient, double tolerance) const;

 private:
  std::string kind_;
  std::string prefix_;
  std::unique_ptr<nn::GraphLayer> layer_;
};

}  // namespace attune::testing
