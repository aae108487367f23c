#pragma once

#include <string>
#include <vector>

#include <attune/autograd/variable.hpp>

namespace attune::nn {

/// A learned parameter and where it is in a model.
struct NamedParameter {
  std::string name;   ///< path from the module it was asked of: `layers.0.weight`
  Variable variable;  ///< a handle on the parameter itself, which an optimiser may change
};

/// A part of a model that owns learned parameters, itself or through its children. Parameters are
/// registered by name, so that a checkpoint or a failed gradient check can say which one.
class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Own parameters, then those of the children, in the order of registration.
  [[nodiscard]] std::vector<NamedParameter> parameters() const;
  /// What training changes without a gradient, such as running means: own ones, then those of the
  /// children. No optimiser wants them; who saves a model saves them beside its parameters.
  [[nodiscard]] std::vector<NamedParameter> buffers() const;
  /// Elements of all parameters().
  [[nodiscard]] std::int64_t num_parameters() const;

  /// Converts every parameter and buffer, for checks in float64.
  void to(core::DType dtype);

 protected:
  /// Makes a parameter of `value`: a leaf that requires a gradient.
  /// @param name  unique in this module, without a dot
  Variable register_parameter(std::string name, core::Tensor value);
  /// Makes a buffer of `value`, which requires no gradient.
  /// @param name  as above
  Variable register_buffer(std::string name, core::Tensor value);
  /// `child` must live as long as this module.
  void register_module(std::string name, Module& child);

 private:
  struct Child {
    std::string name;
    Module* module;
  };
  std::vector<NamedParameter> own_;
  std::vector<NamedParameter> own_buffers_;
  std::vector<Child> children_;
};

}  // namespace attune::nn
