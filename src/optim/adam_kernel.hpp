#pragma once

#include <concepts>
#include <cstdint>

namespace attune::optim {

/// The scalars of one update of one parameter, in its own element type.
template <std::floating_point T>
struct AdamCoefficients {
  T beta1 = 0;
  T one_minus_beta1 = 0;
  T beta2 = 0;
  T one_minus_beta2 = 0;
  T weight_decay = 0;
  T step_size = 0;            ///< learning_rate / (1 - beta1^t)
  T root_of_correction2 = 0;  ///< sqrt(1 - beta2^t)
  T epsilon = 0;
  T kept = 1;  ///< share of the parameter that decoupled decay leaves
};

/// One pass over the four arrays of n elements, as the header of Adam has it. An element's bits do
/// not depend on where it stands.
template <std::floating_point T>
void adam_update(const AdamCoefficients<T>& c, std::int64_t n, const T* gradient, T* parameter,
                 T* first_moment, T* second_moment);

/// The plain form of adam_update, which it is tested against.
template <std::floating_point T>
void plain_adam_update(const AdamCoefficients<T>& c, std::int64_t n, const T* gradient,
                       T* parameter, T* first_moment, T* second_moment);

}  // namespace attune::optim
