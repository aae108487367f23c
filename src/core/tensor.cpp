#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "core/loan.hpp"
#include <attune/core/error.hpp>
#include <attune/core/tensor.hpp>
#include <attune/core/text.hpp>

namespace attune::core {
namespace {

// In Storage::bytes: the elements are a loan. Loans are rare, and a member that tells would be in
// every tensor.
constexpr std::size_t kLent = ~(std::numeric_limits<std::size_t>::max() >> 1);

std::size_t element_bytes(DType dtype) noexcept {
  return dtype == DType::f32 ? sizeof(float) : sizeof(double);
}

}  // namespace

const char* to_string(DType dtype) noexcept {
  return dtype == DType::f32 ? "float32" : "float64";
}

Tensor::Storage::Storage(std::size_t size_in_bytes) : bytes(size_in_bytes), elements(nullptr) {
  if (Loan* const offered = offered_loan()) {
    elements = accept_loan(*offered, this);
    bytes |= kLent;
  } else {
    elements = pool_allocate(size_in_bytes);
  }
}

Tensor::Storage::~Storage() {
  if ((bytes & kLent) != 0) {
    end_loan(this);
  } else {
    pool_release(elements, bytes);
  }
}

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  Tensor tensor;
  tensor.shape_ = shape;
  tensor.dtype_ = dtype;
  const auto count = static_cast<std::size_t>(shape.num_elements());
  if (count > std::numeric_limits<std::size_t>::max() / 16) {
    throw std::bad_alloc();
  }
  tensor.storage_ = Ref<Storage>(new Storage(count * element_bytes(dtype)));
  return tensor;
}

Tensor Tensor::zeros(const Shape& shape, DType dtype) {
  Tensor tensor = empty(shape, dtype);
  // All bits zero is 0.0 in both element types.
  std::memset(tensor.storage_->elements, 0, tensor.storage_->bytes);
  return tensor;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  Tensor tensor = empty(shape, dtype);
  tensor.fill(value);
  return tensor;
}

template <std::floating_point T>
Tensor Tensor::from(std::span<const T> values, const Shape& shape) {
  if (static_cast<std::int64_t>(values.size()) != shape.num_elements()) {
    throw ShapeError(text("Tensor::from: expected ", shape.num_elements(), " values for shape ",
                          shape.to_string(), ", got ", values.size()));
  }
  Tensor tensor = empty(shape, kDTypeOf<T>);
  std::copy(values.begin(), values.end(), tensor.mutable_data<T>().begin());
  return tensor;
}

template <std::floating_point T>
std::span<const T> Tensor::data() const {
  if (!defined() || dtype_ != kDTypeOf<T>) {
    throw ShapeError(text("Tensor::data: expected element type ", to_string(kDTypeOf<T>), ", got ",
                          defined() ? to_string(dtype_) : "an undefined tensor"));
  }
  return {static_cast<const T*>(storage_->elements), static_cast<std::size_t>(num_elements())};
}

template <std::floating_point T>
std::span<T> Tensor::mutable_data() {
  const std::span<const T> view = data<T>();
  return {const_cast<T*>(view.data()), view.size()};
}

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape.num_elements() != num_elements()) {
    throw ShapeError(text("Tensor::reshape: expected ", num_elements(), " elements as in ",
                          shape_.to_string(), ", got ", shape.to_string()));
  }
  Tensor other = *this;
  other.shape_ = shape;
  return other;
}

Tensor Tensor::clone() const {
  if (!defined()) {
    return {};
  }
  Tensor copy = empty(shape_, dtype_);
  std::memcpy(copy.storage_->elements, storage_->elements, copy.storage_->bytes);
  return copy;
}

Tensor Tensor::to(DType dtype) const {
  if (!defined() || dtype == dtype_) {
    return *this;
  }
  Tensor converted = empty(shape_, dtype);
  dispatch(dtype_, [&]<class From>() {
    dispatch(dtype, [&]<class To>() {
      std::ranges::transform(data<From>(), converted.mutable_data<To>().begin(),
                             [](From value) { return static_cast<To>(value); });
    });
  });
  return converted;
}

void Tensor::fill(double value) {
  dispatch(dtype_, [&]<class T>() { std::ranges::fill(mutable_data<T>(), static_cast<T>(value)); });
}

bool Tensor::unique() const noexcept {
  return defined() && storage_->unique();
}

double Tensor::item() const {
  if (!defined() || num_elements() != 1) {
    throw ShapeError(text("Tensor::item: expected one element, got ",
                          defined() ? shape_.to_string() : std::string("an undefined tensor")));
  }
  return dispatch(dtype_, [&]<class T>() { return static_cast<double>(data<T>()[0]); });
}

template Tensor Tensor::from(std::span<const float>, const Shape&);
template Tensor Tensor::from(std::span<const double>, const Shape&);
template std::span<const float> Tensor::data() const;
template std::span<const double> Tensor::data() const;
template std::span<float> Tensor::mutable_data();
template std::span<double> Tensor::mutable_data();

void require_shape(const Tensor& tensor, const Shape& expected, const char* who, const char* what) {
  if (!tensor.defined() || tensor.shape() != expected) {
    throw ShapeError(
        text(who, ": ", what, " must be ", expected.to_string(), ", got ",
             tensor.defined() ? tensor.shape().to_string() : std::string("an undefined tensor")));
  }
}

void require_same_dtype(const Tensor& a, const Tensor& b, const char* who) {
  if (a.dtype() != b.dtype()) {
    throw ShapeError(text(who, ": expected one element type, got ", to_string(a.dtype()), " and ",
                          to_string(b.dtype())));
  }
}

}  // namespace attune::core
