// Vectors of a row of node features. Included by the loops once an instruction set.
#if defined(ATTUNE_SPARSE_VECTORS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_VECTORS_INL_HPP
#undef ATTUNE_SPARSE_VECTORS_INL_HPP
#else
#define ATTUNE_SPARSE_VECTORS_INL_HPP
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
constexpr std::int64_t lanes_of() {
  return static_cast<std::int64_t>(hn::MaxLanes(D()));
}

// The first n lanes from p, zero in the others; nothing beyond p + n is touched.
template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, const T* p, std::int64_t n) {
  if constexpr (Whole) {
    return hn::LoadU(d, p);
  } else {
#if HWY_TARGET <= HWY_AVX2
    return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(n)), d, p);
#else
    HWY_ALIGN T part[lanes_of<D>()] = {};
    std::copy(p, p + n, part);
    return hn::Load(d, part);
#endif
  }
}

template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void store_first(hn::Vec<D> v, D d, T* p, std::int64_t n) {
  if constexpr (Whole) {
    hn::StoreU(v, d, p);
  } else {
#if HWY_TARGET <= HWY_AVX2
    hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(n)), d, p);
#else
    HWY_ALIGN T part[lanes_of<D>()];
    hn::Store(v, d, part);
    std::copy(part, part + n, p);
#endif
  }
}

// Chooses the vector for rows of `channels` numbers and calls f(d, whole), where whole tells that
// vectors fill the rows exactly. Short rows get short vectors.
template <class T, class F>
HWY_INLINE void with_vectors(std::int64_t channels, const F& f) {
  const auto choose = [&](auto d) HWY_ATTR {
    if (channels % lanes_of<decltype(d)>() == 0) {
      f(d, std::true_type());
    } else {
      f(d, std::false_type());
    }
  };
  if (channels <= 4) {
    choose(hn::CappedTag<T, 4>());
  } else if (channels <= 8) {
    choose(hn::CappedTag<T, 8>());
  } else {
    choose(hn::ScalableTag<T>());
  }
}

// Of `count` vectors, a power of two: the sums over runs of `count` lanes, in the order of the
// vectors. With as many vectors as lanes, lane k of the result is the sum over the lanes of v[k].
template <class D>
HWY_INLINE hn::Vec<D> sums_of_runs(D d, std::int64_t count, hn::Vec<D>* HWY_RESTRICT v) {
#if HWY_TARGET == HWY_SCALAR  // one lane
  (void)d;
  (void)count;
#else
  for (std::int64_t half = count / 2; half >= 1; half /= 2) {
    for (std::int64_t k = 0; k < half; ++k) {
      v[k] = hn::Add(hn::ConcatEven(d, v[2 * k + 1], v[2 * k]),
                     hn::ConcatOdd(d, v[2 * k + 1], v[2 * k]));
    }
  }
#endif
  return v[0];
}

template <class D>
HWY_INLINE hn::Vec<D> sums_of_lanes(D d, hn::Vec<D>* HWY_RESTRICT v) {
  return sums_of_runs(d, lanes_of<D>(), v);
}

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
