#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include <attune/core/pool.hpp>

namespace attune::core {

/// Fixed number of uninitialised plain elements in pooled memory: what an operation keeps for its
/// backward pass besides tensors, such as indices or the mask of a dropout. Moves, never copies.
template <class T>
class PoolArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  PoolArray() = default;
  /// Elements are left as they come.
  /// @throws std::bad_alloc
  explicit PoolArray(std::int64_t size)
      : elements_(static_cast<T*>(pool_allocate(static_cast<std::size_t>(size) * sizeof(T)))),
        size_(size) {}
  /// Leaves the other one empty.
  PoolArray(PoolArray&& other) noexcept
      : elements_(std::exchange(other.elements_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  /// Exchanges the elements.
  PoolArray& operator=(PoolArray&& other) noexcept {
    std::swap(elements_, other.elements_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~PoolArray() {
    if (elements_ != nullptr) {
      pool_release(elements_, static_cast<std::size_t>(size_) * sizeof(T));
    }
  }

  /// Number of elements.
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }
  /// 64-byte aligned; null where it was never given a size.
  [[nodiscard]] T* data() noexcept { return elements_; }
  /// As above.
  [[nodiscard]] const T* data() const noexcept { return elements_; }
  /// All elements.
  [[nodiscard]] std::span<T> span() noexcept {
    return {elements_, static_cast<std::size_t>(size_)};
  }
  /// All elements.
  [[nodiscard]] std::span<const T> span() const noexcept {
    return {elements_, static_cast<std::size_t>(size_)};
  }

 private:
  T* elements_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace attune::core
