#pragma once

#include <cstdint>

namespace attune::nn {

/// What a layer applies last, where it can be fused with adding the bias.
enum class Activation : std::uint8_t { none, elu, relu };

}  // namespace attune::nn
