#pragma once

#include <string>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/nn/module.hpp>

namespace attune::train {

/// A value under the name of a parameter.
struct NamedTensor {
  std::string name;     ///< as NamedParameter::name
  core::Tensor tensor;  ///< of the parameter's shape and element type
};

/// @throws InvalidArgument  the tensors lack a parameter, name one that is not there, or one twice
/// @throws ShapeError       one is of another shape or element type
void require_matching(const std::vector<nn::NamedParameter>& parameters,
                      const std::vector<NamedTensor>& tensors, const char* who);

/// Copies `tensors` into the parameters of the same names.
/// @throws as require_matching, and then nothing has changed
void load_parameters(const std::vector<nn::NamedParameter>& parameters,
                     const std::vector<NamedTensor>& tensors, const char* who);

/// A copy of parameters that can be taken and given back again and again without an allocation.
class ParameterSnapshot {
 public:
  /// Takes a first copy.
  explicit ParameterSnapshot(std::vector<nn::NamedParameter> parameters);

  /// Copies the parameters.
  void take();
  /// Gives the copied values back to the parameters.
  void restore();

  /// Handles on the copies: clone() what has to outlive the next take().
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const noexcept { return copies_; }
  /// @throws as the function of this name
  void require_matching(const std::vector<NamedTensor>& tensors) const;
  /// Replaces the copies.
  /// @throws as load_parameters
  void load(const std::vector<NamedTensor>& tensors);

 private:
  std::vector<nn::NamedParameter> parameters_;
  std::vector<NamedTensor> copies_;
};

}  // namespace attune::train
