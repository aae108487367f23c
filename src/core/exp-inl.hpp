// exp for vectors. Included by the files that Highway compiles once an instruction set; see
// hwy/foreach_target.h for why the guard toggles.
#if defined(ATTUNE_CORE_EXP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_CORE_EXP_INL_HPP
#undef ATTUNE_CORE_EXP_INL_HPP
#else
#define ATTUNE_CORE_EXP_INL_HPP
#endif

#include <cstdint>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::core::HWY_NAMESPACE {

// exp(x) within 1 ulp for any x. Highway's Exp gives infinity up to the bound used here and is
// undefined beyond; for NaN it gives zero.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V exp(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  using T = hn::TFromD<D>;
  const V bounded = hn::Min(x, hn::Set(d, sizeof(T) == 4 ? T(104) : T(720)));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, bounded));
}

// x[i] = exp(x[i]); the bits of an element do not depend on its neighbours or on n.
template <class T>
HWY_INLINE void exp_in_place(T* HWY_RESTRICT x, std::int64_t n) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(exp(d, hn::LoadU(d, x + i)), d, x + i);
  }
  if (i < n) {
    HWY_ALIGN T tail[hn::MaxLanes(hn::ScalableTag<T>())] = {};
    for (std::int64_t k = i; k < n; ++k) {
      tail[k - i] = x[k];
    }
    hn::Store(exp(d, hn::Load(d, tail)), d, tail);
    for (std::int64_t k = i; k < n; ++k) {
      x[k] = tail[k - i];
    }
  }
}

}  // namespace attune::core::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
