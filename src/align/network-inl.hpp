// The small networks, on panels [channels, 64]: lanes are points, so that vectors are full whatever
// the number of channels. Included by kernels.cpp once an instruction set.
#if defined(ATTUNE_ALIGN_NETWORK_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_ALIGN_NETWORK_INL_HPP
#undef ATTUNE_ALIGN_NETWORK_INL_HPP
#else
#define ATTUNE_ALIGN_NETWORK_INL_HPP
#endif

#include <algorithm>

#include "align/kernels.hpp"
#include "align/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::align::HWY_NAMESPACE {

// A matrix as a linear map reads it, or its transpose.
template <class T>
struct Matrix {
  const T* elements;
  std::int64_t row_stride;
  std::int64_t col_stride;
};

template <int Rows, class D, class T = hn::TFromD<D>>
HWY_INLINE void linear_block(D d, std::int64_t in_channels, const Matrix<T>& w,
                             const T* HWY_RESTRICT in, T* HWY_RESTRICT out) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  hn::Vec<D> sum[Rows][kAcross];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < kAcross; ++v) {
      sum[r][v] = hn::LoadU(d, out + r * kTile + v * kLanes);
    }
  }
  for (std::int64_t c = 0; c < in_channels; ++c) {
    hn::Vec<D> x[kAcross];
    for (int v = 0; v < kAcross; ++v) {
      x[v] = hn::LoadU(d, in + c * kTile + v * kLanes);
    }
    for (int r = 0; r < Rows; ++r) {
      const auto factor = hn::Set(d, w.elements[r * w.row_stride + c * w.col_stride]);
      for (int v = 0; v < kAcross; ++v) {
        sum[r][v] = hn::MulAdd(factor, x[v], sum[r][v]);
      }
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < kAcross; ++v) {
      hn::StoreU(sum[r][v], d, out + r * kTile + v * kLanes);
    }
  }
}

// out[o, :] += sum over c of w[o, c] in[c, :]
template <class T>
HWY_INLINE void add_linear(std::int64_t out_channels, std::int64_t in_channels, const Matrix<T>& w,
                           const T* in, T* out) {
  const TileTag<T> d;
  constexpr std::int64_t kStep = kAcross * lanes_of<TileTag<T>>();
  in_blocks<4>(out_channels, [&](auto count, std::int64_t o) HWY_ATTR {
    const Matrix<T> rows{w.elements + o * w.row_stride, w.row_stride, w.col_stride};
    for (std::int64_t j = 0; j < kTile; j += kStep) {
      linear_block<decltype(count)::value>(d, in_channels, rows, in + j, out + o * kTile + j);
    }
  });
}

// out[o, :] = bias[o] + sum over c of w[o, c] in[c, :]
template <class T>
HWY_INLINE void linear(std::int64_t out_channels, std::int64_t in_channels, const T* w,
                       const T* bias, const T* in, T* out) {
  for (std::int64_t o = 0; o < out_channels; ++o) {
    std::fill(out + o * kTile, out + (o + 1) * kTile, bias[o]);
  }
  add_linear(out_channels, in_channels, Matrix<T>{w, in_channels, 1}, in, out);
}

template <int Rows, int Columns, class D, class T = hn::TFromD<D>>
HWY_INLINE void outer_block(D d, std::int64_t in_channels, const T* HWY_RESTRICT grad,
                            const T* HWY_RESTRICT in, T* HWY_RESTRICT sums) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  hn::Vec<D> sum[Rows][Columns];
  for (int r = 0; r < Rows; ++r) {
    for (int c = 0; c < Columns; ++c) {
      sum[r][c] = hn::LoadU(d, sums + (r * in_channels + c) * kGradientLanes);
    }
  }
  for (std::int64_t j = 0; j < kTile; j += kLanes) {
    hn::Vec<D> x[Columns];
    for (int c = 0; c < Columns; ++c) {
      x[c] = hn::LoadU(d, in + c * kTile + j);
    }
    for (int r = 0; r < Rows; ++r) {
      const auto g = hn::LoadU(d, grad + r * kTile + j);
      for (int c = 0; c < Columns; ++c) {
        sum[r][c] = hn::MulAdd(g, x[c], sum[r][c]);
      }
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int c = 0; c < Columns; ++c) {
      hn::StoreU(sum[r][c], d, sums + (r * in_channels + c) * kGradientLanes);
    }
  }
}

// Derivatives of a linear map with respect to its parameters, spread over lanes.
template <class T>
HWY_INLINE void add_linear_gradients(std::int64_t out_channels, std::int64_t in_channels,
                                     const T* grad, const T* in, T* w_sums, T* bias_sums) {
  const TileTag<T> d;
  in_blocks<4>(out_channels, [&](auto rows, std::int64_t o) HWY_ATTR {
    in_blocks<kAcross>(in_channels, [&](auto columns, std::int64_t c) HWY_ATTR {
      outer_block<decltype(rows)::value, decltype(columns)::value>(
          d, in_channels, grad + o * kTile, in + c * kTile,
          w_sums + (o * in_channels + c) * kGradientLanes);
    });
  });
  for (std::int64_t o = 0; o < out_channels; ++o) {
    auto sum = hn::LoadU(d, bias_sums + o * kGradientLanes);
    for (std::int64_t j = 0; j < kTile; j += lanes_of<TileTag<T>>()) {
      sum = hn::Add(sum, hn::LoadU(d, grad + o * kTile + j));
    }
    hn::StoreU(sum, d, bias_sums + o * kGradientLanes);
  }
}

template <class D>
HWY_INLINE hn::Vec<D> sigmoid_of(D d, hn::Vec<D> x) {
  const auto one = hn::Set(d, hn::TFromD<D>(1));
  const auto e = bounded_exp(d, hn::Neg(hn::Abs(x)));  // <= 1
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
}

// Leaves the gate, the rectified transform and their mixture with x in the scratch.
template <class T>
HWY_INLINE void highway(const NetworkView<T>& net, const T* x, const NetworkScratch<T>& s) {
  const std::int64_t n = net.channels;
  linear(n, n, net.gate_w, net.gate_b, x, s.gate);
  linear(n, n, net.trans_w, net.trans_b, x, s.transform);
  for_vectors<T>(n * kTile, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto t = sigmoid_of(d, hn::LoadU(d, s.gate + i));
    const auto h = hn::Max(hn::LoadU(d, s.transform + i), hn::Zero(d));
    const auto v = hn::LoadU(d, x + i);
    hn::StoreU(t, d, s.gate + i);
    hn::StoreU(h, d, s.transform + i);
    hn::StoreU(hn::MulAdd(t, hn::Sub(h, v), v), d, s.mixed + i);
  });
}

template <class T>
void network_forward(const NetworkView<T>& net, const T* x, const T* keep,
                     const NetworkScratch<T>& s, T* out) {
  if (net.gate_w != nullptr) {
    highway(net, x, s);
  } else {
    std::copy(x, x + net.channels * kTile, s.mixed);
  }
  if (keep != nullptr) {
    for_vectors<T>(net.channels * kTile, [&](auto d, std::int64_t i) HWY_ATTR {
      hn::StoreU(hn::Mul(hn::LoadU(d, s.mixed + i), hn::LoadU(d, keep + i)), d, s.mixed + i);
    });
  }
  linear(net.hidden, net.channels, net.fc1_w, net.fc1_b, s.mixed, s.hidden);
  for_vectors<T>(net.hidden * kTile, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto z = hn::LoadU(d, s.hidden + i);
    hn::StoreU(hn::Max(z, hn::Mul(z, hn::Set(d, static_cast<T>(kMlpSlope)))), d, s.hidden + i);
  });
  linear(net.out_channels, net.hidden, net.fc2_w, net.fc2_b, s.hidden, out);
}

// grad_mixed -> grad_x. The gate and the transform in the scratch turn into their derivatives.
template <class T>
HWY_INLINE void highway_backward(const NetworkView<T>& net, const T* x, const NetworkScratch<T>& s,
                                 T* grad_x, const NetworkView<T, T>& grads) {
  const std::int64_t n = net.channels;
  for_vectors<T>(n * kTile, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto one = hn::Set(d, T(1));
    const auto t = hn::LoadU(d, s.gate + i);
    const auto h = hn::LoadU(d, s.transform + i);
    const auto g = hn::LoadU(d, s.grad_mixed + i);
    const auto rest = hn::Sub(one, t);
    const auto to_t = hn::Mul(g, hn::Sub(h, hn::LoadU(d, x + i)));
    hn::StoreU(hn::Mul(to_t, hn::Mul(t, rest)), d, s.gate + i);
    hn::StoreU(hn::IfThenElseZero(hn::Gt(h, hn::Zero(d)), hn::Mul(g, t)), d, s.transform + i);
    hn::StoreU(hn::Mul(g, rest), d, grad_x + i);
  });
  add_linear(n, n, Matrix<T>{net.gate_w, 1, n}, s.gate, grad_x);
  add_linear(n, n, Matrix<T>{net.trans_w, 1, n}, s.transform, grad_x);
  add_linear_gradients(n, n, s.gate, x, grads.gate_w, grads.gate_b);
  add_linear_gradients(n, n, s.transform, x, grads.trans_w, grads.trans_b);
}

template <class T>
void network_backward(const NetworkView<T>& net, const T* x, const T* keep,
                      const NetworkScratch<T>& s, const T* grad_out, T* grad_x,
                      const NetworkView<T, T>& grads) {
  add_linear_gradients(net.out_channels, net.hidden, grad_out, s.hidden, grads.fc2_w, grads.fc2_b);
  std::fill(s.grad_hidden, s.grad_hidden + net.hidden * kTile, T(0));
  add_linear(net.hidden, net.out_channels, Matrix<T>{net.fc2_w, 1, net.hidden}, grad_out,
             s.grad_hidden);
  for_vectors<T>(net.hidden * kTile, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto positive = hn::Gt(hn::LoadU(d, s.hidden + i), hn::Zero(d));
    const auto g = hn::LoadU(d, s.grad_hidden + i);
    hn::StoreU(hn::IfThenElse(positive, g, hn::Mul(g, hn::Set(d, static_cast<T>(kMlpSlope)))), d,
               s.grad_hidden + i);
  });
  add_linear_gradients(net.hidden, net.channels, s.grad_hidden, s.mixed, grads.fc1_w, grads.fc1_b);
  T* to = net.gate_w != nullptr ? s.grad_mixed : grad_x;
  std::fill(to, to + net.channels * kTile, T(0));
  add_linear(net.channels, net.hidden, Matrix<T>{net.fc1_w, 1, net.channels}, s.grad_hidden, to);
  if (keep != nullptr) {
    for_vectors<T>(net.channels * kTile, [&](auto d, std::int64_t i) HWY_ATTR {
      hn::StoreU(hn::Mul(hn::LoadU(d, to + i), hn::LoadU(d, keep + i)), d, to + i);
    });
  }
  if (net.gate_w != nullptr) {
    highway_backward(net, x, s, grad_x, grads);
  }
}

// In steps of kGradientLanes, of which the derivatives above fill as many as a vector has.
template <class T>
void sum_lanes(const T* lanes, std::int64_t count, double* sums) {
  const TileTag<T> d;
  for (std::int64_t p = 0; p < count; ++p) {
    sums[p] = static_cast<double>(lane_sum(d, hn::LoadU(d, lanes + p * kGradientLanes)));
  }
}

// softplus(z) = max(z, 0) + log(1 + exp(-|z|)).  For queries z = -logit and the loss is
// -softplus(z) = log D; for keys z = logit and it is log(1 - D).
template <class T>
void gan_logits(bool queries, T* logits, T* losses) {
  for_vectors<T>(kTile, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto logit = hn::LoadU(d, logits + i);
    const auto z = queries ? hn::Neg(logit) : logit;
    const auto tail = hn::Log1p(d, bounded_exp(d, hn::Neg(hn::Abs(z))));
    hn::StoreU(hn::Neg(hn::Add(hn::Max(z, hn::Zero(d)), tail)), d, losses + i);
    const auto grad = sigmoid_of(d, z);
    hn::StoreU(queries ? grad : hn::Neg(grad), d, logits + i);
  });
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
