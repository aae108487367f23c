#pragma once

#include <string>
#include <vector>

#include <attune/autograd/variable.hpp>
#include <attune/core/pool.hpp>

namespace attune::align {

/// What a distance learns. An ascending parameter maximises the distance while everything else
/// minimises it: its gradient arrives with the sign flipped, so that one optimiser, which descends,
/// serves both players.
struct Parameter {
  std::string name;      ///< `gate_w` and so on: named_parameters()
  Variable variable;     ///< a leaf that requires a gradient
  bool ascends = false;  ///< its gradient arrives with the sign flipped
};

/// All that one distance learns, in pooled memory.
using ParameterList = std::vector<Parameter, core::PoolAllocator<Parameter>>;

}  // namespace attune::align
