#pragma once

#include <cstdint>
#include <vector>

#include <attune/align/parameters.hpp>
#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>

namespace attune::align {

/// How the weights of the small networks start.
enum class Initialization : std::uint8_t {
  glorot,     ///< uniform weights of variance 2 / (in + out), zero biases
  normal002,  ///< normal weights of standard deviation 0.02, zero biases
};

/// Settings of the small networks.
struct NetworkOptions {
  std::int64_t channels = 0;                     ///< required: of the points
  std::int64_t hidden = 16;                      ///< width of the MLP, at least 1
  Initialization init = Initialization::glorot;  ///< of weights and biases
  bool tie_highway = false;                      ///< one linear map for gate and transform
  double dropout = 0;                            ///< probability, on what enters the MLP
};

/// A small network that looks at one point at a time; one set serves all heads of a layer.
///
///     highway(x) = t relu(W_h x + b_h) + (1 - t) x,    t = sigmoid(W_t x + b_t)
///     mlp(x)     = W_2 lrelu(W_1 x + b_1) + b_2,       lrelu slope 0.1
///
/// Weights are stored [out, in].
struct Network {
  NetworkOptions options;  ///< it was made with
  Variable gate_w;         ///< W_t, [channels, channels]; undefined where there is no highway
  Variable gate_b;         ///< b_t, [channels]
  Variable trans_w;  ///< W_h, [channels, channels]; undefined also where it is tied to the gate
  Variable trans_b;  ///< b_h, [channels]
  Variable fc1_w;    ///< W_1, [hidden, channels]
  Variable fc1_b;    ///< b_1, [hidden]
  Variable fc2_w;    ///< W_2, [out_channels(), hidden]
  Variable fc2_b;    ///< b_2, [out_channels()]

  /// Discriminators and critics have one, navigators none.
  [[nodiscard]] bool has_highway() const noexcept { return gate_w.defined(); }
  /// Numbers that come out for a point.
  [[nodiscard]] std::int64_t out_channels() const { return fc2_b.shape()[0]; }
};

/// Logit that a point is a query, mlp(highway(x)); one number.
/// @param random  the weights are a function of it; it uses four streams from its own on
/// @throws InvalidArgument  channels or hidden below 1, dropout outside [0, 1)
[[nodiscard]] Network make_discriminator(const NetworkOptions& options,
                                         const core::RandomStream& random,
                                         core::DType dtype = core::DType::f32);

/// Where a point lies as the cost sees it, mlp(highway(x)); `hidden` numbers.
[[nodiscard]] Network make_critic(const NetworkOptions& options, const core::RandomStream& random,
                                  core::DType dtype = core::DType::f32);

/// Where a point lies as the transport plan sees it, mlp(x); `hidden` numbers.
[[nodiscard]] Network make_navigator(const NetworkOptions& options,
                                     const core::RandomStream& random,
                                     core::DType dtype = core::DType::f32);

/// By the names used in files: gate_w, gate_b, trans_w, trans_b, fc1_w, fc1_b, fc2_w, fc2_b, or
/// nav1_w, nav1_b, nav2_w, nav2_b for a network without highway.
[[nodiscard]] ParameterList named_parameters(const Network& network, bool ascends);

}  // namespace attune::align
