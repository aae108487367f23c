#include "fma.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fma.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::testing::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kChains = 12;

void fmas(std::int64_t rounds) {
  const hn::ScalableTag<float> d;
  hn::Vec<decltype(d)> sum[kChains];
  for (int c = 0; c < kChains; ++c) {
    sum[c] = hn::Set(d, static_cast<float>(c));
  }
  auto factor = hn::Set(d, 0.999F);
  for (std::int64_t r = 0; r < rounds; ++r) {
    for (int c = 0; c < kChains; ++c) {
      sum[c] = hn::MulAdd(sum[c], factor, factor);
    }
  }
  auto total = sum[0];
  for (int c = 1; c < kChains; ++c) {
    total = hn::Add(total, sum[c]);
  }
  volatile float sink = hn::GetLane(hn::SumOfLanes(d, total));
  (void)sink;
}

std::int64_t lanes() {
  return static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>())) * kChains;
}

}  // namespace attune::testing::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::testing {

HWY_EXPORT(fmas);
HWY_EXPORT(lanes);

void run_fmas(std::int64_t rounds) {
  HWY_DYNAMIC_DISPATCH(fmas)(rounds);
}
std::int64_t fmas_a_round() {
  return HWY_DYNAMIC_DISPATCH(lanes)();
}

}  // namespace attune::testing
#endif
