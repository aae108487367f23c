// Loops over [edges, heads] arrays. Included by kernels.cpp once an instruction set.
#if defined(ATTUNE_SPARSE_ATTENTION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_ATTENTION_INL_HPP
#undef ATTUNE_SPARSE_ATTENTION_INL_HPP
#else
#define ATTUNE_SPARSE_ATTENTION_INL_HPP
#endif

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <hwy/highway.h>

#include "core/exp-inl.hpp"
#include "sparse/kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

// Heads are worked on in tiles of at most this many, whose sums stay in registers.
constexpr std::int64_t kHeadTile = 8;

// Number of heads in a tile: known to the compiler where Fixed is not 0.
template <int Fixed>
struct TileSize {
  std::int64_t size;
  HWY_INLINE std::int64_t heads() const {
    if constexpr (Fixed != 0) {
      return Fixed;
    } else {
      return size;
    }
  }
};

// Calls body(first_head, tile) for the tiles of the heads.
template <class Body>
HWY_INLINE void for_head_tiles(std::int64_t heads, const Body& body) {
  if (heads == 1) {
    body(std::int64_t{0}, TileSize<1>{1});
    return;
  }
  std::int64_t h = 0;
  for (; h + kHeadTile <= heads; h += kHeadTile) {
    body(h, TileSize<static_cast<int>(kHeadTile)>{kHeadTile});
  }
  if (h < heads) {
    body(h, TileSize<0>{heads - h});
  }
}

template <class T>
HWY_INLINE bool was_dropped(T alpha) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return (std::bit_cast<Bits>(alpha) >> (8 * sizeof(T) - 1)) != 0;
}

template <class T>
HWY_INLINE T magnitude(T alpha) {
  return alpha < 0 ? -alpha : alpha;
}

template <class T>
struct EdgeLogits {
  const Rows& rows;
  std::int64_t stride;
  T negative_slope;
  const T* dst;
  const T* src;
  T* logits;

  template <int Fixed>
  HWY_INLINE void operator()(std::int64_t first, TileSize<Fixed> tile) const {
    T* HWY_RESTRICT out = logits + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const T* HWY_RESTRICT a = dst + i * stride + first;
      for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e, out += stride) {
        const T* HWY_RESTRICT b = src + rows.col_idx[e] * stride + first;
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          const T x = a[h] + b[h];
          out[h] = x > 0 ? x : negative_slope * x;
        }
      }
    }
  }
};

template <class T>
struct EdgeLogitsBackward {
  const Rows& rows;
  std::int64_t stride;
  T negative_slope;
  const T* dst;
  const T* src;
  T* grad;
  T* grad_dst;

  template <int Fixed>
  HWY_INLINE void operator()(std::int64_t first, TileSize<Fixed> tile) const {
    T* HWY_RESTRICT g = grad + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const T* HWY_RESTRICT a = dst + i * stride + first;
      T sum[kHeadTile] = {};
      for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e, g += stride) {
        const T* HWY_RESTRICT b = src + rows.col_idx[e] * stride + first;
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          const T slope = a[h] + b[h] > 0 ? T{1} : negative_slope;
          g[h] *= slope;
          sum[h] += g[h];
        }
      }
      for (std::int64_t h = 0; h < tile.heads(); ++h) {
        grad_dst[i * stride + first + h] = sum[h];
      }
    }
  }
};

template <class T>
struct SubtractRowMaxima {
  const Rows& rows;
  std::int64_t stride;
  T* logits;

  template <int Fixed>
  HWY_INLINE void operator()(std::int64_t first, TileSize<Fixed> tile) const {
    T* HWY_RESTRICT row = logits + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const std::int64_t degree = rows.row_ptr[i + 1] - rows.row_ptr[i];
      T most[kHeadTile];
      for (std::int64_t h = 0; h < kHeadTile; ++h) {
        most[h] = -std::numeric_limits<T>::infinity();
      }
      for (std::int64_t e = 0; e < degree; ++e) {
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          const T x = row[e * stride + h];
          most[h] = x > most[h] ? x : most[h];
        }
      }
      for (std::int64_t e = 0; e < degree; ++e) {
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          row[e * stride + h] -= most[h];
        }
      }
      row += degree * stride;
    }
  }
};

template <class T>
struct DivideByRowSums {
  const Rows& rows;
  std::int64_t stride;
  T* values;

  template <int Fixed>
  HWY_INLINE void operator()(std::int64_t first, TileSize<Fixed> tile) const {
    T* HWY_RESTRICT row = values + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const std::int64_t degree = rows.row_ptr[i + 1] - rows.row_ptr[i];
      T sum[kHeadTile] = {};
      for (std::int64_t e = 0; e < degree; ++e) {
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          sum[h] += row[e * stride + h];
        }
      }
      for (std::int64_t h = 0; h < tile.heads(); ++h) {
        sum[h] = T{1} / sum[h];
      }
      for (std::int64_t e = 0; e < degree; ++e) {
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          row[e * stride + h] *= sum[h];
        }
      }
      row += degree * stride;
    }
  }
};

template <class T>
struct SoftmaxBackward {
  const Rows& rows;
  std::int64_t stride;
  const T* alpha;
  T* grad;

  template <int Fixed>
  HWY_INLINE void operator()(std::int64_t first, TileSize<Fixed> tile) const {
    const T* HWY_RESTRICT a = alpha + first;
    T* HWY_RESTRICT g = grad + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const std::int64_t degree = rows.row_ptr[i + 1] - rows.row_ptr[i];
      T sum[kHeadTile] = {};
      for (std::int64_t e = 0; e < degree; ++e) {
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          sum[h] += magnitude(a[e * stride + h]) * g[e * stride + h];
        }
      }
      for (std::int64_t e = 0; e < degree; ++e) {
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          g[e * stride + h] = magnitude(a[e * stride + h]) * (g[e * stride + h] - sum[h]);
        }
      }
      a += degree * stride;
      g += degree * stride;
    }
  }
};

template <class T>
struct GatherTransposed {
  const Rows& rows;
  const std::int64_t* position;
  std::int64_t stride;
  T scale;
  const T* alpha;
  const T* grad;
  T* weight;
  T* sum_grad;

  template <int Fixed>
  HWY_INLINE void operator()(std::int64_t first, TileSize<Fixed> tile) const {
    T* HWY_RESTRICT w = weight + first;
    for (std::int64_t j = rows.begin; j < rows.end; ++j) {
      T sum[kHeadTile] = {};
      for (std::int64_t t = rows.row_ptr[j]; t < rows.row_ptr[j + 1]; ++t, w += stride) {
        const T* HWY_RESTRICT a = alpha + position[t] * stride + first;
        const T* HWY_RESTRICT g = grad + position[t] * stride + first;
        for (std::int64_t h = 0; h < tile.heads(); ++h) {
          const T kept = a[h] * scale;
          w[h] = was_dropped(a[h]) ? T{0} : kept;
          sum[h] += g[h];
        }
      }
      for (std::int64_t h = 0; h < tile.heads(); ++h) {
        sum_grad[j * stride + first + h] = sum[h];
      }
    }
  }
};

template <class T>
void edge_logits(const Rows& rows, std::int64_t heads, T negative_slope, const T* dst, const T* src,
                 T* logits) {
  for_head_tiles(heads, EdgeLogits<T>{rows, heads, negative_slope, dst, src, logits});
}

template <class T>
void edge_logits_backward(const Rows& rows, std::int64_t heads, T negative_slope, const T* dst,
                          const T* src, T* grad, T* grad_dst) {
  for_head_tiles(heads,
                 EdgeLogitsBackward<T>{rows, heads, negative_slope, dst, src, grad, grad_dst});
}

template <class T>
void row_softmax(const Rows& rows, std::int64_t heads, T* logits) {
  for_head_tiles(heads, SubtractRowMaxima<T>{rows, heads, logits});
  core::HWY_NAMESPACE::exp_in_place(logits, rows.num_edges() * heads);
  for_head_tiles(heads, DivideByRowSums<T>{rows, heads, logits});
}

template <class T>
void row_softmax_backward(const Rows& rows, std::int64_t heads, const T* alpha, T* grad) {
  for_head_tiles(heads, SoftmaxBackward<T>{rows, heads, alpha, grad});
}

template <class T>
void gather_transposed(const Rows& rows, const std::int64_t* position, std::int64_t heads, T scale,
                       const T* alpha, const T* grad, T* weight, T* sum_grad) {
  for_head_tiles(heads,
                 GatherTransposed<T>{rows, position, heads, scale, alpha, grad, weight, sum_grad});
}

template <class T>
void drop(std::int64_t count, const std::uint16_t* HWY_RESTRICT lanes, std::uint32_t threshold,
          T scale, T* HWY_RESTRICT alpha, T* HWY_RESTRICT weight) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T a = alpha[i];
    const T kept = a * scale;
    alpha[i] = lanes[i] < threshold ? -a : a;
    weight[i] = lanes[i] < threshold ? T{0} : kept;
  }
}

template <class T>
void drop_backward(std::int64_t count, T scale, const T* HWY_RESTRICT alpha, T* HWY_RESTRICT grad) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T kept = grad[i] * scale;
    grad[i] = was_dropped(alpha[i]) ? T{0} : kept;
  }
}

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
