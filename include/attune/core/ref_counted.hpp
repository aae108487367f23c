#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include <attune/core/pool.hpp>

namespace attune::core {

/// Base of shared objects that live in the pool and count their owners.
class RefCounted : public PoolAllocated {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  /// Counts one owner more; Ref calls it.
  void retain() const noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  /// True for the last owner, who must then destroy the object.
  [[nodiscard]] bool drop() const noexcept {
    return owners_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  /// There is one owner.
  [[nodiscard]] bool unique() const noexcept {
    return owners_.load(std::memory_order_acquire) == 1;
  }

 protected:
  ~RefCounted() = default;

 private:
  mutable std::atomic<std::int32_t> owners_{0};
};

/// Shared owner of a RefCounted object; the size of a pointer.
template <class T>
class Ref {
 public:
  Ref() = default;
  /// Becomes one of its owners; null: owns nothing.
  Ref(T* object) noexcept : object_(object) {  // NOLINT(google-explicit-constructor)
    if (object_ != nullptr) {
      object_->retain();
    }
  }
  /// One owner more.
  Ref(const Ref& other) noexcept : Ref(other.object_) {}
  /// Leaves the other one empty.
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  /// Gives up what it owned.
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr && object_->drop()) {
      delete object_;
    }
  }

  /// The object, or null.
  [[nodiscard]] T* get() const noexcept { return object_; }
  /// @pre not empty
  T* operator->() const noexcept { return object_; }
  /// @pre not empty
  T& operator*() const noexcept { return *object_; }
  /// Whether it owns an object.
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace attune::core
