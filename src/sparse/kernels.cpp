#include "sparse/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparse/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sparse/additive-inl.hpp"
#include "sparse/attention-inl.hpp"
#include "sparse/gather-inl.hpp"
#include "sparse/products-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

template <class T>
Kernels<T> table() {
  return {.weighted_sums = &weighted_sums<T>,
          .add_weighted_sums = &add_weighted_sums<T>,
          .edge_dots = &edge_dots<T>,
          .head_dots = &head_dots<T>,
          .two_head_dots = &two_head_dots<T>,
          .add_outer_products = &add_outer_products<T>,
          .add_weighted_rows = &add_weighted_rows<T>,
          .edge_logits = &edge_logits<T>,
          .edge_logits_backward = &edge_logits_backward<T>,
          .row_softmax = &row_softmax<T>,
          .row_softmax_backward = &row_softmax_backward<T>,
          .row_exponentials = &row_exponentials<T>,
          .row_dots = &row_dots<T>,
          .scale_rows = &scale_rows<T>,
          .centre_rows = &centre_rows<T>,
          .drop = &drop<T>,
          .drop_backward = &drop_backward<T>,
          .gather_weights = &gather_weights<T>,
          .gather = &gather<T>,
          .gather_sums = &gather_sums<T>,
          .additive_logits = &additive_logits<T>,
          .slope_sums = &slope_sums<T>,
          .scale_columns = &scale_columns<T>,
          .add_products = &add_products<T>,
          .compact = &compact<T>};
}

Kernels<float> table_f32() {
  return table<float>();
}
Kernels<double> table_f64() {
  return table<double>();
}

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::sparse {

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

}  // namespace attune::sparse
#endif  // HWY_ONCE
