#pragma once

#include <cstdint>

#include <attune/core/pool_array.hpp>
#include <attune/core/tensor.hpp>

namespace attune::autograd {

/// A derivative that is zero but for some rows, as that of an operation which looked at those rows
/// alone.
struct RowGradient {
  core::PoolArray<std::int32_t> index;  ///< [count] rows of the input, each at most once
  core::Tensor rows;                    ///< [count, ...], the rows there
};

}  // namespace attune::autograd
