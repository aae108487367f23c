#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>

#include <attune/core/parallel.hpp>
#include <attune/core/tensor.hpp>

namespace attune::ops {

/// Elements a task of a cheap elementwise loop: 64 KiB of float32 in and as much out, some 5 us.
/// Large against handing out a task, small enough that Cora's hidden layer makes eleven.
inline constexpr std::int64_t kElementGrain = 16384;

/// Rows a task, for the same amount of work; a function of the shape alone.
[[nodiscard]] inline std::int64_t row_grain(std::int64_t width) {
  return std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, width));
}

/// f(x[i]) for every element.
template <std::floating_point T, class F>
[[nodiscard]] core::Tensor map(const core::Tensor& x, F f) {
  core::Tensor out = core::Tensor::empty(x.shape(), x.dtype());
  const T* in = x.data<T>().data();
  T* to = out.mutable_data<T>().data();
  core::parallel_for(x.num_elements(), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      to[i] = f(in[i]);
    }
  });
  return out;
}

/// out[i] = f(x[i], y[i]) for every element of tensors of one shape; out may be x or y.
template <std::floating_point T, class F>
void zip_into(const core::Tensor& x, const core::Tensor& y, core::Tensor& out, F f) {
  const T* a = x.data<T>().data();
  const T* b = y.data<T>().data();
  T* to = out.mutable_data<T>().data();
  core::parallel_for(x.num_elements(), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      to[i] = f(a[i], b[i]);
    }
  });
}

/// f(x[i], y[i]) for every element of two tensors of one shape.
template <std::floating_point T, class F>
[[nodiscard]] core::Tensor zip(const core::Tensor& x, const core::Tensor& y, F f) {
  core::Tensor out = core::Tensor::empty(x.shape(), x.dtype());
  zip_into<T>(x, y, out, f);
  return out;
}

}  // namespace attune::ops
