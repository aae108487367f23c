#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/nn/module.hpp>

namespace attune::optim {

/// Settings of Adam; the defaults are the paper's.
struct AdamOptions {
  double learning_rate = 0.001;  ///< at least 0
  double beta1 = 0.9;            ///< decay of the first moment, in [0, 1)
  double beta2 = 0.999;          ///< decay of the second moment, in [0, 1)
  double epsilon = 1e-8;         ///< added to the root, at least 0
  double weight_decay = 0.0;     ///< L2: added to the gradient, so it passes through the moments
  /// Decay apart from the gradient: w is multiplied by 1 - learning_rate weight_decay instead.
  /// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, arXiv 1711.05101.
  bool decoupled = false;
};

/// Settings of one group of parameters that differ from the optimiser's own.
struct ParameterGroupOptions {
  std::optional<double> learning_rate = std::nullopt;  ///< none: the optimiser's
  std::optional<double> weight_decay = std::nullopt;   ///< none: the optimiser's
  double learning_rate_scale = 1;                      ///< of whichever rate it is, at least 0
};

/// What Adam remembers of one parameter.
struct AdamParameterState {
  std::string name;            ///< of the parameter
  std::int64_t step = 0;       ///< updates so far
  core::Tensor first_moment;   ///< running mean of the gradient, of the parameter's shape
  core::Tensor second_moment;  ///< running mean of its square
};

/// Adam. Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, arXiv 1412.6980,
/// algorithm 1, with coupled L2 decay and epsilon outside the corrected root, as PyTorch's
/// torch.optim.Adam does it:
///
///     g     = gradient + weight_decay w
///     m     = beta1 m + (1 - beta1) g
///     v     = beta2 v + (1 - beta2) g^2
///     w    -= learning_rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
///
/// With `decoupled` it is AdamW: g is the gradient alone, and w is multiplied by
/// 1 - learning_rate weight_decay first.
///
/// A parameter without a gradient is left alone and its t does not advance. Every element is
/// computed on its own, so the bits do not depend on the number of threads.
///
///     Adam adam(model.parameters(), {.learning_rate = 0.005, .weight_decay = 5e-4});
///     adam.zero_grad();
///     backward(loss);
///     adam.step();
class Adam {
 public:
  /// @throws InvalidArgument  a setting outside its range: learning_rate, epsilon and weight_decay
  ///                          finite and at least 0, beta1 and beta2 in [0, 1); a name that comes
  ///                          twice; a parameter that does not require a gradient
  Adam(std::vector<nn::NamedParameter> parameters, const AdamOptions& options);

  /// Adds parameters with settings of their own: no decay on those of a regulariser, say. All or
  /// none.
  /// @throws InvalidArgument  as the constructor
  void add(std::vector<nn::NamedParameter> parameters, const ParameterGroupOptions& options = {});

  /// Updates every parameter that has a gradient.
  /// @throws ShapeError  a gradient is not of the shape and element type of its parameter
  void step();

  /// Forgets the gradients.
  void zero_grad();

  /// As they are now: set_learning_rate() changes them.
  [[nodiscard]] const AdamOptions& options() const noexcept { return options_; }
  void set_learning_rate(double learning_rate);  ///< of the groups that have none of their own

  /// Handles on what is remembered, in the order of the parameters. They share the elements with
  /// the optimiser: clone() what has to outlive the next step().
  [[nodiscard]] std::vector<AdamParameterState> state() const;

  /// Continues from a saved state. All or nothing: an error leaves the optimiser as it was.
  /// @throws InvalidArgument  a parameter is missing or unknown, or comes twice; a negative step
  /// @throws ShapeError       a moment of another shape or element type
  void load_state(const std::vector<AdamParameterState>& state);

 private:
  struct Slot {
    std::string name;
    Variable parameter;
    core::Tensor first_moment;
    core::Tensor second_moment;
    std::int64_t step = 0;
    std::optional<double> learning_rate;
    std::optional<double> weight_decay;
    double learning_rate_scale = 1;
  };

  void append(nn::NamedParameter parameter, const ParameterGroupOptions& options);
  void update(Slot& slot) const;

  AdamOptions options_;
  std::vector<Slot> slots_;
};

}  // namespace attune::optim
