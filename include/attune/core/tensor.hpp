#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <attune/core/ref_counted.hpp>
#include <attune/core/shape.hpp>

namespace attune::core {

/// Element type. Everything is trained in float32; float64 exists so that gradients can be checked
/// and references met tightly through the very same code.
enum class DType : std::uint8_t { f32, f64 };

/// `float32` or `float64`.
[[nodiscard]] const char* to_string(DType dtype) noexcept;

/// Element type that holds T.
template <std::floating_point T>
inline constexpr DType kDTypeOf = std::is_same_v<T, float> ? DType::f32 : DType::f64;

/// Calls `f.template operator()<T>()` with the scalar type of `dtype`:
///
///     dispatch(x.dtype(), [&]<class T>() { kernel<T>(x.data<T>(), ...); });
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  if (dtype == DType::f32) {
    return f.template operator()<float>();
  }
  return f.template operator()<double>();
}

/// Handle of a dense, contiguous, row-major array. Copies share the elements; clone() does not.
/// Storage is 64-byte aligned and comes from the pool.
class Tensor {
 public:
  Tensor() = default;  ///< undefined: no shape, no elements

  /// Elements are left as they come.
  [[nodiscard]] static Tensor empty(const Shape& shape, DType dtype = DType::f32);
  /// All elements 0.
  [[nodiscard]] static Tensor zeros(const Shape& shape, DType dtype = DType::f32);
  /// All elements `value`, rounded to the element type.
  [[nodiscard]] static Tensor full(const Shape& shape, double value, DType dtype = DType::f32);

  /// Copies `values`.
  /// @throws ShapeError  their number is not shape.num_elements()
  template <std::floating_point T>
  [[nodiscard]] static Tensor from(std::span<const T> values, const Shape& shape);
  /// As above.
  template <std::floating_point T>
  [[nodiscard]] static Tensor from(const std::vector<T>& values, const Shape& shape) {
    return from(std::span<const T>(values), shape);
  }

  /// Whether it has elements, be they none.
  [[nodiscard]] bool defined() const noexcept { return static_cast<bool>(storage_); }
  /// Rank 0 where undefined.
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  /// Of one axis, 0 to rank - 1.
  [[nodiscard]] std::int64_t size(int axis) const noexcept { return shape_[axis]; }
  /// Product of the sizes.
  [[nodiscard]] std::int64_t num_elements() const noexcept { return shape_.num_elements(); }
  /// float32 where undefined.
  [[nodiscard]] DType dtype() const noexcept { return dtype_; }

  /// @throws ShapeError  undefined, or T is not the element type
  template <std::floating_point T>
  [[nodiscard]] std::span<const T> data() const;
  /// The same, to be written to: every handle that shares the elements sees it.
  /// @throws ShapeError  undefined, or T is not the element type
  template <std::floating_point T>
  [[nodiscard]] std::span<T> mutable_data();

  /// The same elements under another shape.
  /// @throws ShapeError  the number of elements differs
  [[nodiscard]] Tensor reshape(const Shape& shape) const;
  /// A copy with elements of its own; undefined if this is.
  [[nodiscard]] Tensor clone() const;
  /// A copy converted to `dtype`; the tensor itself where it already is.
  [[nodiscard]] Tensor to(DType dtype) const;
  /// Sets every element, for all handles that share them.
  /// @throws ShapeError  undefined
  void fill(double value);

  /// No other handle shares the elements, so they may be overwritten unseen.
  [[nodiscard]] bool unique() const noexcept;

  /// The one element of a tensor of one element.
  /// @throws ShapeError  undefined, or not of one element
  [[nodiscard]] double item() const;

 private:
  struct Storage;

  Ref<Storage> storage_;
  Shape shape_;
  DType dtype_ = DType::f32;
};

/// @cond internal
struct Tensor::Storage final : RefCounted {
  explicit Storage(std::size_t size_in_bytes);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::size_t bytes;
  void* elements;
};
/// @endcond

/// @throws ShapeError  `who: what must be [expected], got [found]`
void require_shape(const Tensor& tensor, const Shape& expected, const char* who, const char* what);

/// @throws ShapeError  the tensors differ in element type
void require_same_dtype(const Tensor& a, const Tensor& b, const char* who);

}  // namespace attune::core
