#include "align/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "align/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "align/ct-inl.hpp"
#include "align/mmd-inl.hpp"
#include "align/network-inl.hpp"
#include "align/ot-inl.hpp"
#include "align/transpose-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::align::HWY_NAMESPACE {

template <class T>
Kernels<T> table() {
  return {.load_panel = &load_panel<T>,
          .store_panel = &store_panel<T>,
          .network_forward = &network_forward<T>,
          .network_backward = &network_backward<T>,
          .sum_lanes = &sum_lanes<T>,
          .gan_logits = &gan_logits<T>,
          .unit_panel = &unit_panel<T>,
          .unit_panel_backward = &unit_panel_backward<T>,
          .ct_forward = &ct_forward<T>,
          .ct_backward = &ct_backward<T>,
          .ot_products = &ot_products<T>,
          .ot_row_logs = &ot_row_logs<T>,
          .ot_plan_sums = &ot_plan_sums<T>,
          .ot_backward = &ot_backward<T>,
          .mmd_tile = &mmd_tile<T>};
}

Kernels<float> table_f32() {
  return table<float>();
}
Kernels<double> table_f64() {
  return table<double>();
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::align {

HWY_EXPORT(table_f32);
HWY_EXPORT(table_f64);

template <>
const Kernels<float>& kernels<float>() noexcept {
  static const Kernels<float> kTable = HWY_DYNAMIC_DISPATCH(table_f32)();
  return kTable;
}

template <>
const Kernels<double>& kernels<double>() noexcept {
  static const Kernels<double> kTable = HWY_DYNAMIC_DISPATCH(table_f64)();
  return kTable;
}

}  // namespace attune::align
#endif  // HWY_ONCE
