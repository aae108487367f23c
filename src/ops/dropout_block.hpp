#pragma once

#include <cstdint>

#include <attune/core/pool_array.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>
#include <attune/ops/dropout.hpp>

namespace attune::ops {

/// Drops the elements [begin, end) of a tensor, `begin` a multiple of eight.
/// @param x    the element at begin; out is where its result goes
/// @param keep receives 1 for what stays, else 0, of element begin and on
template <class T>
void drop_block(const core::RandomStream& stream, DropoutRate rate, const T* x, T* out,
                std::uint8_t* keep, std::int64_t begin, std::int64_t end);

/// keep * scale * x.
[[nodiscard]] core::Tensor masked(const core::Tensor& x, const core::PoolArray<std::uint8_t>& keep,
                                  double scale);

}  // namespace attune::ops
