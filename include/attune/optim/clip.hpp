#pragma once

#include <span>

#include <attune/nn/module.hpp>

namespace attune::optim {

/// Scales all gradients together so that their joint Euclidean norm is at most `max_norm`;
/// gradients within it are left as they are. Parameters without a gradient do not count. The norm
/// is summed in double over blocks of fixed shape: the same bits for any number of threads.
/// @return the norm before
/// @throws InvalidArgument  max_norm is not above 0
/// @throws Error            a gradient is not finite; names its parameter
double clip_gradient_norm(std::span<const nn::NamedParameter> parameters, double max_norm);

}  // namespace attune::optim
