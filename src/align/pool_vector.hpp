#pragma once

#include <vector>

#include <attune/core/pool.hpp>

namespace attune::align {

/// What a step makes and destroys takes nothing from the system allocator.
template <class T>
using PoolVector = std::vector<T, core::PoolAllocator<T>>;

}  // namespace attune::align
