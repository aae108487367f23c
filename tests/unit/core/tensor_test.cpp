#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/tensor.hpp>

using namespace attune;
using core::DType;
using core::Shape;
using core::Tensor;
using testing::message_of;
using testing::values;

TEST_CASE("Shape: sizes, rank and number of elements", "[core]") {
  CHECK(Shape().rank() == 0);
  CHECK(Shape().num_elements() == 1);
  CHECK(Shape().to_string() == "[]");
  const Shape shape{2708, 8, 8};
  CHECK(shape.rank() == 3);
  CHECK(shape[0] == 2708);
  CHECK(shape.num_elements() == 173312);
  CHECK(shape.to_string() == "[2708, 8, 8]");
  CHECK(Shape{5, 0}.num_elements() == 0);
  CHECK(shape == Shape{2708, 8, 8});
  CHECK_FALSE(shape == Shape{2708, 64});
  CHECK_FALSE(Shape{0} == Shape{0, 0});
}

TEST_CASE("Shape: refuses what no tensor can have", "[core]") {
  constexpr std::int64_t kLarge = std::int64_t{1} << 40;
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1}), ShapeError);
  CHECK(message_of<ShapeError>([] {
          (void)Shape{3, -1};
        }) == "Shape: expected sizes of 0 or more, got -1");
  CHECK_THROWS_AS((Shape{kLarge, kLarge}), ShapeError);
  CHECK_THROWS_AS((Shape{kLarge, kLarge, kLarge, kLarge}), ShapeError);
}

TEST_CASE("Tensor: zeros, full, from and fill", "[core]") {
  CHECK(values(Tensor::zeros({2, 2})) == std::vector<double>{0, 0, 0, 0});
  CHECK(values(Tensor::full({3}, 2.5, DType::f64)) == std::vector<double>{2.5, 2.5, 2.5});
  Tensor tensor = Tensor::from<double>({1, 2, 3, 4}, {2, 2});
  CHECK(tensor.dtype() == DType::f64);
  CHECK(tensor.data<double>()[2] == 3);
  tensor.fill(-1);
  CHECK(values(tensor) == std::vector<double>{-1, -1, -1, -1});
  CHECK(message_of<ShapeError>([] {
          (void)Tensor::from<float>({1, 2, 3}, {2, 2});
        }) == "Tensor::from: expected 4 values for shape [2, 2], got 3");
}

TEST_CASE("Tensor: storage is aligned to 64 bytes", "[core]") {
  for (std::int64_t n = 0; n < 40; ++n) {
    CHECK(reinterpret_cast<std::uintptr_t>(Tensor::empty({n}).data<float>().data()) % 64 == 0);
  }
}

TEST_CASE("Tensor: copies share the elements, clones do not", "[core]") {
  Tensor tensor = Tensor::zeros({2, 3});
  CHECK(tensor.unique());
  const Tensor copy = tensor;
  const Tensor reshaped = tensor.reshape({6});
  const Tensor clone = tensor.clone();
  CHECK_FALSE(tensor.unique());
  CHECK(clone.unique());
  tensor.mutable_data<float>()[1] = 9;
  CHECK(copy.data<float>()[1] == 9);
  CHECK(reshaped.data<float>()[1] == 9);
  CHECK(clone.data<float>()[1] == 0);
}

TEST_CASE("Tensor: converts between element types", "[core]") {
  const Tensor wide = Tensor::from<double>({1.0 / 3, -2}, {2});
  const Tensor narrow = wide.to(DType::f32);
  CHECK(narrow.data<float>()[0] == 1.0F / 3);
  CHECK(narrow.to(DType::f64).data<double>()[1] == -2);
  CHECK(wide.to(DType::f64).data<double>().data() == wide.data<double>().data());
}

TEST_CASE("Tensor: says what is wrong with a request", "[core]") {
  const Tensor undefined;
  const Tensor tensor = Tensor::zeros({2, 3});
  CHECK_FALSE(undefined.defined());
  CHECK_FALSE(undefined.clone().defined());
  CHECK(message_of<ShapeError>([&] { (void)tensor.data<double>(); }) ==
        "Tensor::data: expected element type float64, got float32");
  CHECK_THROWS_AS((void)undefined.data<float>(), ShapeError);
  CHECK(message_of<ShapeError>([&] { (void)tensor.reshape({4}); }) ==
        "Tensor::reshape: expected 6 elements as in [2, 3], got [4]");
  CHECK(message_of<ShapeError>([&] { (void)tensor.item(); }) ==
        "Tensor::item: expected one element, got [2, 3]");
  CHECK(Tensor::full({1, 1}, 7).item() == 7);
  CHECK(message_of<ShapeError>([&] {
          core::require_shape(tensor, {3, 2}, "who", "x");
        }) == "who: x must be [3, 2], got [2, 3]");
  CHECK(message_of<ShapeError>([&] {
          core::require_shape(undefined, {3, 2}, "who", "x");
        }) == "who: x must be [3, 2], got an undefined tensor");
  CHECK(message_of<ShapeError>([&] {
          core::require_same_dtype(tensor, Tensor::zeros({1}, DType::f64), "who");
        }) == "who: expected one element type, got float32 and float64");
}
