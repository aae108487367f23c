// Loops over neighbours for the usual shape, 8 heads of 8 channels where a vector has 16 numbers:
// two heads in a vector, half the instructions, the same sums. Included once an instruction set.
#if defined(ATTUNE_SPARSE_SQUARE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_SQUARE_INL_HPP
#undef ATTUNE_SPARSE_SQUARE_INL_HPP
#else
#define ATTUNE_SPARSE_SQUARE_INL_HPP
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "sparse/ahead-inl.hpp"
#include "sparse/kernels.hpp"
#include "sparse/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Heads and channels of the shape whose heads fit into a vector by twos and whose edges have half a
// vector of results: 8 heads of 8 channels, the usual one, where a vector has 16 numbers.
template <class T>
constexpr std::int64_t square_of_vector() {
  return lanes_of<hn::ScalableTag<T>>() / 2;
}

template <class T>
HWY_INLINE bool is_square(std::int64_t heads, std::int64_t channels) {
  return square_of_vector<T>() >= 2 && heads == square_of_vector<T>() && channels == heads;
}

// For is_square(): the weights of an edge, one a head, as the vectors of its row need them.
template <class T>
class SquareWeights {
 public:
  static constexpr std::int64_t kSquare = square_of_vector<T>();
  static constexpr std::int64_t kVectors = kSquare / 2;

  HWY_INLINE SquareWeights() {
    HWY_ALIGN Index lanes[2 * kSquare];
    for (std::int64_t k = 0; k < kVectors; ++k) {
      for (std::int64_t lane = 0; lane < 2 * kSquare; ++lane) {
        lanes[lane] = static_cast<Index>(2 * k + lane / kSquare);
      }
      indices_[k] = hn::SetTableIndices(D(), lanes);
    }
  }

  // spread[k] holds the weights of heads 2 k and 2 k + 1.
  HWY_INLINE void operator()(const T* weight, hn::Vec<hn::ScalableTag<T>>* spread) const {
#if HWY_TARGET != HWY_SCALAR  // where no shape is square
    const auto all = hn::ZeroExtendVector(D(), hn::LoadU(hn::Half<D>(), weight));
    for (std::int64_t k = 0; k < kVectors; ++k) {
      spread[k] = hn::TableLookupLanes(all, indices_[k]);
    }
#endif
  }

 private:
  using D = hn::ScalableTag<T>;
  using Index = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

  decltype(hn::SetTableIndices(D(), static_cast<const Index*>(nullptr))) indices_[kVectors];
};

// For is_square(): sums over the channels of product(d, a, b, c), the products of a vector of
// left[i] and one of right[col_idx[e]] from number c of the row on, for two edges at a time.
template <class T, class Product>
HWY_INLINE void square_products(const Rows& rows, const T* left, const T* right,
                                const Product& product, T* HWY_RESTRICT out) {
  const hn::ScalableTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<hn::ScalableTag<T>>();
  constexpr std::int64_t kSquare = square_of_vector<T>();
  constexpr std::int64_t kWidth = kSquare * kSquare;
  constexpr std::int64_t kVectors = kWidth / kLanes;  // of an edge
  const Ahead<T> ahead(rows, kWidth);
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    const T* a = left + i * kWidth;
    const std::int64_t end = rows.row_ptr[i + 1];
    for (std::int64_t e = rows.row_ptr[i]; e < end; e += 2) {
      hn::Vec<decltype(d)> products[2 * kVectors];
      const auto multiply = [&](std::int64_t edge, std::int64_t at) HWY_ATTR {
        ahead.fetch(rows.col_idx + edge, right, kWidth, kWidth);
        const T* b = right + rows.col_idx[edge] * kWidth;
        for (std::int64_t k = 0; k < kVectors; ++k) {
          products[at + k] =
              product(d, hn::LoadU(d, a + k * kLanes), hn::LoadU(d, b + k * kLanes), k * kLanes);
        }
      };
      multiply(e, 0);
      if (e + 1 < end) {
        multiply(e + 1, kVectors);
        hn::StoreU(sums_of_runs(d, 2 * kVectors, products), d, out);
        out += 2 * kSquare;
      } else {
        std::fill(products + kVectors, products + 2 * kVectors, hn::Zero(d));
        store_first<false>(sums_of_runs(d, 2 * kVectors, products), d, out, kSquare);
        out += kSquare;
      }
    }
  }
}

// For is_square(): two heads in a vector.
template <bool Adds, class T>
HWY_INLINE void sum_square_rows(const Rows& rows, const T* weight, const T* in, T* out) {
  const hn::ScalableTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<hn::ScalableTag<T>>();
  constexpr std::int64_t kSquare = square_of_vector<T>();
  constexpr std::int64_t kVectors = kSquare / 2;
  constexpr std::int64_t kWidth = kSquare * kSquare;
  const Ahead<T> ahead(rows, kWidth);
  const SquareWeights<T> weights;
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    T* to = out + i * kWidth;
    hn::Vec<decltype(d)> sum[kVectors];
    for (std::int64_t k = 0; k < kVectors; ++k) {
      sum[k] = Adds ? hn::LoadU(d, to + k * kLanes) : hn::Zero(d);
    }
    for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e, weight += kSquare) {
      ahead.fetch(rows.col_idx + e, in, kWidth, kWidth);
      const T* from = in + rows.col_idx[e] * kWidth;
      hn::Vec<decltype(d)> w[kVectors];
      weights(weight, w);
      for (std::int64_t k = 0; k < kVectors; ++k) {
        sum[k] = hn::MulAdd(w[k], hn::LoadU(d, from + k * kLanes), sum[k]);
      }
    }
    for (std::int64_t k = 0; k < kVectors; ++k) {
      hn::StoreU(sum[k], d, to + k * kLanes);
    }
  }
}

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
