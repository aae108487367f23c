#include "ops/attention_kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include <attune/core/pool_array.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/exp-inl.hpp"
#include "ops/product-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::ops::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
namespace vec = core::HWY_NAMESPACE;
using ops::HWY_NAMESPACE::Left;
using ops::HWY_NAMESPACE::product;

// A tile of logits: 48 KiB of float32, with its derivative still in the second-level cache.
constexpr std::int64_t kQueryTile = 48;
constexpr std::int64_t kKeyTile = 256;

// Rows are padded with zeros to whole vectors, of any instruction set.
constexpr std::int64_t kPad = 16;

constexpr std::int64_t padded(std::int64_t n) {
  return (n + kPad - 1) / kPad * kPad;
}

// [rows, channels] as [rows, padded(channels)].
template <class T>
core::PoolArray<T> packed_rows(HeadRows<const T> x, std::int64_t rows, std::int64_t channels) {
  const std::int64_t width = padded(channels);
  core::PoolArray<T> out(rows * width);
  for (std::int64_t i = 0; i < rows; ++i) {
    T* to = out.data() + i * width;
    std::copy_n(x.at + i * x.stride, channels, to);
    std::fill(to + channels, to + width, T{0});
  }
  return out;
}

// [rows, channels] as its transpose, [channels, padded(rows)].
template <class T>
core::PoolArray<T> packed_columns(HeadRows<const T> x, std::int64_t rows, std::int64_t channels) {
  constexpr std::int64_t kBlock = 16;  // rows whose elements of one channel fill a cache line
  const std::int64_t width = padded(rows);
  core::PoolArray<T> out(channels * width);
  for (std::int64_t i = 0; i < width; i += kBlock) {
    const std::int64_t count = std::clamp<std::int64_t>(rows - i, 0, kBlock);
    for (std::int64_t c = 0; c < channels; ++c) {
      T* to = out.data() + c * width + i;
      for (std::int64_t r = 0; r < count; ++r) {
        to[r] = x.at[(i + r) * x.stride + c];
      }
      std::fill(to + count, to + kBlock, T{0});
    }
  }
  return out;
}

// Queries and keys that a tile of logits is of.
struct Tile {
  std::int64_t first_query;
  std::int64_t num_queries;
  std::int64_t first_key;
  std::int64_t num_keys;
};

// scale where a lane is kept, else zero.
template <class T>
HWY_INLINE void write_factors(const std::uint32_t* words, std::int64_t lanes,
                              std::uint32_t threshold, T scale, T* factors) {
  for (std::int64_t w = 0; w < (lanes + 1) / 2; ++w) {  // one beyond an odd number is padding
    factors[2 * w] = (words[w] & 0xFFFFU) >= threshold ? scale : T{0};
    factors[2 * w + 1] = (words[w] >> 16) >= threshold ? scale : T{0};
  }
}

// What dropout multiplies the coefficients of a tile with. Where the tile has all keys, the lanes
// of its rows follow one another and are drawn at once: drawing has a cost of its own.
template <class T>
HWY_INLINE void dropout_factors(const HeadDropout& dropout, const Tile& tile, T* factors) {
  std::array<std::uint32_t, kQueryTile * kKeyTile / 2> words;
  static_assert(kKeyTile % 8 == 0);
  const bool whole_rows = tile.first_key == 0 && dropout.stride <= kKeyTile;
  const std::int64_t rows_at_once = whole_rows ? tile.num_queries : 1;
  const std::int64_t lanes = whole_rows ? tile.num_queries * dropout.stride : tile.num_keys;
  for (std::int64_t i = 0; i < tile.num_queries; i += rows_at_once) {
    const std::uint64_t first =
        dropout.first +
        static_cast<std::uint64_t>((tile.first_query + i) * dropout.stride + tile.first_key);
    dropout.stream->words(first / 2,
                          std::span(words).first(static_cast<std::size_t>((lanes + 1) / 2)));
    for (std::int64_t r = 0; r < rows_at_once; ++r) {
      write_factors(words.data() + r * dropout.stride / 2, tile.num_keys, dropout.threshold,
                    static_cast<T>(dropout.scale), factors + (i + r) * kKeyTile);
    }
  }
}

template <class T>
HWY_INLINE void multiply_rows(const T* HWY_RESTRICT factors, T* HWY_RESTRICT x, const Tile& tile) {
  for (std::int64_t i = 0; i < tile.num_queries; ++i) {
    for (std::int64_t j = 0; j < tile.num_keys; ++j) {
      x[i * kKeyTile + j] *= factors[i * kKeyTile + j];
    }
  }
}

// Logits of the tile, [num_queries, kKeyTile]; -infinity beyond the last key.
template <class T>
HWY_INLINE void tile_logits(const HeadAttention<T>& head, const T* keys_by_channel,
                            const Tile& tile, T* logits) {
  const std::int64_t width = padded(tile.num_keys);
  product<T>({head.queries.at + tile.first_query * head.queries.stride, head.queries.stride, 1},
             keys_by_channel + tile.first_key, padded(head.num_keys), logits, kKeyTile,
             tile.num_queries, width, head.channels, false);
  for (std::int64_t i = 0; i < tile.num_queries; ++i) {
    std::fill(logits + i * kKeyTile + tile.num_keys, logits + i * kKeyTile + width,
              -std::numeric_limits<T>::infinity());
  }
}

template <class T>
HWY_INLINE T largest(const T* x, std::int64_t width) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto most = hn::LoadU(d, x);
  for (std::int64_t j = lanes; j < width; j += lanes) {
    most = hn::Max(most, hn::LoadU(d, x + j));
  }
  return hn::GetLane(hn::MaxOfLanes(d, most));
}

// x[j] = exp(scale x[j] - shift) over whole vectors; returns the sum.
template <class T>
HWY_INLINE T exp_row(T* x, std::int64_t width, T scale, T shift) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, scale);
  const auto offset = hn::Set(d, shift);
  auto sum = hn::Zero(d);
  for (std::int64_t j = 0; j < width; j += lanes) {
    const auto e = vec::exp(d, hn::MulSub(factor, hn::LoadU(d, x + j), offset));
    hn::StoreU(e, d, x + j);
    sum = hn::Add(sum, e);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class T>
HWY_INLINE void scale_row(T* x, std::int64_t width, T factor) {
  for (std::int64_t c = 0; c < width; ++c) {
    x[c] *= factor;
  }
}

// The largest logit so far of each query, and the sum of exponentials less than it.
template <class T>
struct RunningSoftmax {
  std::array<T, kQueryTile> largest_logit;
  std::array<T, kQueryTile> sum;
};

// Takes a tile of logits in: they become exponentials, sums and outputs so far are brought to the
// new maximum.
template <class T>
HWY_INLINE void absorb(T* logits, const Tile& tile, T scale, RunningSoftmax<T>& softmax, T* out,
                       std::int64_t out_width) {
  const std::int64_t width = padded(tile.num_keys);
  for (std::int64_t i = 0; i < tile.num_queries; ++i) {
    T* row = logits + i * kKeyTile;
    const T before = softmax.largest_logit[i];
    const T now = std::max(before, scale * largest(row, width));
    const T sum = exp_row(row, width, scale, now);
    softmax.largest_logit[i] = now;
    if (tile.first_key == 0) {
      softmax.sum[i] = sum;
    } else {
      const T shrink = std::exp(before - now);
      softmax.sum[i] = softmax.sum[i] * shrink + sum;
      scale_row(out + i * out_width, out_width, shrink);
    }
  }
}

template <class T>
HWY_INLINE void write_rows(const T* from, std::int64_t width, std::int64_t rows,
                           std::int64_t channels, HeadRows<T> to) {
  for (std::int64_t i = 0; i < rows; ++i) {
    std::copy_n(from + i * width, channels, to.at + i * to.stride);
  }
}

template <class T>
HWY_INLINE void attend_loop(const HeadAttention<T>& head, HeadRows<T> out, T* log_sums) {
  const std::int64_t width = padded(head.channels);
  const core::PoolArray<T> keys = packed_columns(head.keys, head.num_keys, head.channels);
  const core::PoolArray<T> values = packed_rows(head.values, head.num_keys, head.channels);
  core::PoolArray<T> logits(kQueryTile * kKeyTile);
  core::PoolArray<T> factors(head.dropout.stream != nullptr ? kQueryTile * kKeyTile : 0);
  core::PoolArray<T> sums(kQueryTile * width);
  RunningSoftmax<T> softmax;
  for (std::int64_t q = 0; q < head.num_queries; q += kQueryTile) {
    const std::int64_t rows = std::min(kQueryTile, head.num_queries - q);
    softmax.largest_logit.fill(-std::numeric_limits<T>::infinity());
    softmax.sum.fill(T{1});
    std::fill_n(sums.data(), rows * width, T{0});
    for (std::int64_t k = 0; k < head.num_keys; k += kKeyTile) {
      const Tile tile{q, rows, k, std::min(kKeyTile, head.num_keys - k)};
      tile_logits(head, keys.data(), tile, logits.data());
      absorb(logits.data(), tile, static_cast<T>(head.scale), softmax, sums.data(), width);
      if (head.dropout.stream != nullptr) {
        dropout_factors(head.dropout, tile, factors.data());
        multiply_rows(factors.data(), logits.data(), tile);
      }
      product<T>({logits.data(), kKeyTile, 1}, values.data() + k * width, width, sums.data(), width,
                 rows, width, tile.num_keys, true);
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      scale_row(sums.data() + i * width, width, 1 / softmax.sum[i]);
      log_sums[q + i] = softmax.largest_logit[i] + std::log(softmax.sum[i]);
    }
    write_rows<T>(sums.data(), width, rows, head.channels, {out.at + q * out.stride, out.stride});
  }
}

template <class T>
HWY_INLINE void tile_coefficients(const HeadAttention<T>& head, const T* keys_by_channel,
                                  const T* log_sums, const Tile& tile, T* p) {
  tile_logits(head, keys_by_channel, tile, p);
  for (std::int64_t i = 0; i < tile.num_queries; ++i) {
    exp_row(p + i * kKeyTile, padded(tile.num_keys), static_cast<T>(head.scale),
            log_sums[tile.first_query + i]);
  }
}

template <class T>
HWY_INLINE void coefficients_loop(const HeadAttention<T>& head, const T* log_sums, T* alpha,
                                  std::int64_t head_stride) {
  const core::PoolArray<T> keys = packed_columns(head.keys, head.num_keys, head.channels);
  core::PoolArray<T> p(kQueryTile * kKeyTile);
  for (std::int64_t q = 0; q < head.num_queries; q += kQueryTile) {
    for (std::int64_t k = 0; k < head.num_keys; k += kKeyTile) {
      const Tile tile{q, std::min(kQueryTile, head.num_queries - q), k,
                      std::min(kKeyTile, head.num_keys - k)};
      tile_coefficients(head, keys.data(), log_sums, tile, p.data());
      for (std::int64_t i = 0; i < tile.num_queries; ++i) {
        for (std::int64_t j = 0; j < tile.num_keys; ++j) {
          alpha[((q + i) * head.num_keys + k + j) * head_stride] = p.data()[i * kKeyTile + j];
        }
      }
    }
  }
}

// What the tiles of a backward pass share.
template <class T>
struct BackwardScratch {
  std::int64_t width;               // padded(channels)
  core::PoolArray<T> keys;          // [channels, padded(num_keys)]
  core::PoolArray<T> values;        // the same
  core::PoolArray<T> key_rows;      // [num_keys, width]
  core::PoolArray<T> query_rows;    // [num_queries, width]
  core::PoolArray<T> grad_rows;     // [num_queries, width]
  core::PoolArray<T> grad_keys;     // [num_keys, width]
  core::PoolArray<T> grad_values;   // the same
  core::PoolArray<T> grad_queries;  // [kQueryTile, width]
  core::PoolArray<T> p;             // [kQueryTile, kKeyTile], of coefficients
  core::PoolArray<T> grad_p;        // and of their derivatives
  core::PoolArray<T> factors;       // of the dropout
  std::array<T, kQueryTile> mean_grad;
};

template <class T>
BackwardScratch<T> scratch_for(const HeadAttention<T>& head, const HeadGradients<T>& gradients) {
  const std::int64_t c = head.channels;
  const std::int64_t width = padded(c);
  BackwardScratch<T> s{
      .width = width,
      .keys = packed_columns(head.keys, head.num_keys, c),
      .values = packed_columns(head.values, head.num_keys, c),
      .key_rows = packed_rows(head.keys, head.num_keys, c),
      .query_rows = packed_rows(head.queries, head.num_queries, c),
      .grad_rows = packed_rows(gradients.grad_out, head.num_queries, c),
      .grad_keys = core::PoolArray<T>(head.num_keys * width),
      .grad_values = core::PoolArray<T>(head.num_keys * width),
      .grad_queries = core::PoolArray<T>(kQueryTile * width),
      .p = core::PoolArray<T>(kQueryTile * kKeyTile),
      .grad_p = core::PoolArray<T>(kQueryTile * kKeyTile),
      .factors = core::PoolArray<T>(head.dropout.stream != nullptr ? kQueryTile * kKeyTile : 0),
      .mean_grad = {},
  };
  std::fill_n(s.grad_keys.data(), s.grad_keys.size(), T{0});
  std::fill_n(s.grad_values.data(), s.grad_values.size(), T{0});
  return s;
}

// p becomes the coefficients after dropout, grad_p the derivative of the logits, scaled.
template <class T>
HWY_INLINE void tile_gradients(const HeadAttention<T>& head, const Tile& tile,
                               BackwardScratch<T>& s) {
  const auto scale = static_cast<T>(head.scale);
  const bool drops = head.dropout.stream != nullptr;
  if (drops) {
    dropout_factors(head.dropout, tile, s.factors.data());
    multiply_rows(s.factors.data(), s.grad_p.data(), tile);
  }
  for (std::int64_t i = 0; i < tile.num_queries; ++i) {
    const T* HWY_RESTRICT p = s.p.data() + i * kKeyTile;
    T* HWY_RESTRICT g = s.grad_p.data() + i * kKeyTile;
    const T mean = s.mean_grad[i];
    for (std::int64_t j = 0; j < tile.num_keys; ++j) {
      g[j] = scale * p[j] * (g[j] - mean);
    }
  }
  if (drops) {
    multiply_rows(s.factors.data(), s.p.data(), tile);
  }
}

template <class T>
HWY_INLINE void backward_tile(const HeadAttention<T>& head, const T* log_sums, const Tile& tile,
                              BackwardScratch<T>& s) {
  const std::int64_t w = s.width;
  const T* grad_rows = s.grad_rows.data() + tile.first_query * w;
  tile_coefficients(head, s.keys.data(), log_sums, tile, s.p.data());
  product<T>({grad_rows, w, 1}, s.values.data() + tile.first_key, padded(head.num_keys),
             s.grad_p.data(), kKeyTile, tile.num_queries, padded(tile.num_keys), head.channels,
             false);
  tile_gradients(head, tile, s);
  product<T>({s.grad_p.data(), kKeyTile, 1}, s.key_rows.data() + tile.first_key * w, w,
             s.grad_queries.data(), w, tile.num_queries, w, tile.num_keys, true);
  product<T>({s.p.data(), 1, kKeyTile}, grad_rows, w, s.grad_values.data() + tile.first_key * w, w,
             tile.num_keys, w, tile.num_queries, true);
  product<T>({s.grad_p.data(), 1, kKeyTile}, s.query_rows.data() + tile.first_query * w, w,
             s.grad_keys.data() + tile.first_key * w, w, tile.num_keys, w, tile.num_queries, true);
}

template <class T>
HWY_INLINE void attend_backward_loop(const HeadAttention<T>& head, const T* log_sums,
                                     const HeadGradients<T>& gradients) {
  BackwardScratch<T> s = scratch_for(head, gradients);
  for (std::int64_t q = 0; q < head.num_queries; q += kQueryTile) {
    const std::int64_t rows = std::min(kQueryTile, head.num_queries - q);
    for (std::int64_t i = 0; i < rows; ++i) {
      const T* out = gradients.out.at + (q + i) * gradients.out.stride;
      const T* grad = s.grad_rows.data() + (q + i) * s.width;
      T sum = 0;
      for (std::int64_t c = 0; c < head.channels; ++c) {
        sum += out[c] * grad[c];
      }
      s.mean_grad[i] = sum;
    }
    std::fill_n(s.grad_queries.data(), rows * s.width, T{0});
    for (std::int64_t k = 0; k < head.num_keys; k += kKeyTile) {
      backward_tile(head, log_sums, {q, rows, k, std::min(kKeyTile, head.num_keys - k)}, s);
    }
    write_rows<T>(s.grad_queries.data(), s.width, rows, head.channels,
                  {gradients.queries.at + q * gradients.queries.stride, gradients.queries.stride});
  }
  write_rows<T>(s.grad_keys.data(), s.width, head.num_keys, head.channels, gradients.keys);
  write_rows<T>(s.grad_values.data(), s.width, head.num_keys, head.channels, gradients.values);
}

// Exported functions cannot be templates.
#define ATTUNE_DEFINE(T, SUFFIX)                                                        \
  void attend_##SUFFIX(const HeadAttention<T>& head, HeadRows<T> out, T* log_sums) {    \
    attend_loop<T>(head, out, log_sums);                                                \
  }                                                                                     \
  void coefficients_##SUFFIX(const HeadAttention<T>& head, const T* log_sums, T* alpha, \
                             std::int64_t head_stride) {                                \
    coefficients_loop<T>(head, log_sums, alpha, head_stride);                           \
  }                                                                                     \
  void attend_backward_##SUFFIX(const HeadAttention<T>& head, const T* log_sums,        \
                                const HeadGradients<T>& gradients) {                    \
    attend_backward_loop<T>(head, log_sums, gradients);                                 \
  }

ATTUNE_DEFINE(float, f32)
ATTUNE_DEFINE(double, f64)
#undef ATTUNE_DEFINE

}  // namespace attune::ops::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::ops::kernels {

#define ATTUNE_EXPORT(T, SUFFIX)                                                     \
  HWY_EXPORT(attend_##SUFFIX);                                                       \
  HWY_EXPORT(coefficients_##SUFFIX);                                                 \
  HWY_EXPORT(attend_backward_##SUFFIX);                                              \
                                                                                     \
  template <>                                                                        \
  void attend<T>(const HeadAttention<T>& head, HeadRows<T> out, T* log_sums) {       \
    HWY_DYNAMIC_DISPATCH(attend_##SUFFIX)(head, out, log_sums);                      \
  }                                                                                  \
  template <>                                                                        \
  void coefficients<T>(const HeadAttention<T>& head, const T* log_sums, T* alpha,    \
                       std::int64_t head_stride) {                                   \
    HWY_DYNAMIC_DISPATCH(coefficients_##SUFFIX)(head, log_sums, alpha, head_stride); \
  }                                                                                  \
  template <>                                                                        \
  void attend_backward<T>(const HeadAttention<T>& head, const T* log_sums,           \
                          const HeadGradients<T>& gradients) {                       \
    HWY_DYNAMIC_DISPATCH(attend_backward_##SUFFIX)(head, log_sums, gradients);       \
  }

ATTUNE_EXPORT(float, f32)
ATTUNE_EXPORT(double, f64)
#undef ATTUNE_EXPORT

}  // namespace attune::ops::kernels
#endif  // HWY_ONCE
