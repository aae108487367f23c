#include <algorithm>

#include <attune/core/error.hpp>
#include <attune/core/shape.hpp>
#include <attune/core/text.hpp>

namespace attune::core {

Shape::Shape(std::initializer_list<std::int64_t> sizes)
    : Shape(std::span<const std::int64_t>(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const std::int64_t> sizes) {
  if (sizes.size() > kMaxRank) {
    throw ShapeError(text("Shape: expected at most ", kMaxRank, " sizes, got ", sizes.size()));
  }
  constexpr std::int64_t kMostElements = std::int64_t{1} << 62;
  std::int64_t product = 1;
  for (const std::int64_t size : sizes) {
    if (size < 0) {
      throw ShapeError(text("Shape: expected sizes of 0 or more, got ", size));
    }
    if (size > 0 && product > kMostElements / size) {
      throw ShapeError("Shape: expected at most 2^62 elements, got more");
    }
    product *= size;
  }
  std::copy(sizes.begin(), sizes.end(), sizes_.begin());
  rank_ = static_cast<int>(sizes.size());
  num_elements_ = product;
}

std::string Shape::to_string() const {
  std::string out = "[";
  for (int axis = 0; axis < rank_; ++axis) {
    out += text(axis == 0 ? "" : ", ", (*this)[axis]);
  }
  return out + "]";
}

}  // namespace attune::core
