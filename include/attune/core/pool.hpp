#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::core {

/// Blocks of 64-byte-aligned memory, kept after their release for the next request of their size
/// class (at most 25% larger than asked). A training step asks for the same sizes every time, so
/// after the first steps it takes nothing from the system. Where sizes change, a larger block may
/// be lent; from 16 MiB on kept ones go back before more is held than was ever lent. Thread-safe.
///
/// @throws std::bad_alloc  the system has no more
[[nodiscard]] void* pool_allocate(std::size_t bytes);

/// Gives back a block of pool_allocate(bytes).
void pool_release(void* block, std::size_t bytes) noexcept;

/// What the pool did and holds, over all threads.
struct PoolStatistics {
  std::int64_t system_allocations = 0;  ///< requests that had to go to the system, ever
  std::int64_t bytes_in_use = 0;        ///< in blocks handed out
  std::int64_t peak_bytes_in_use = 0;   ///< since the last reset_pool_peak()
  std::int64_t bytes_held = 0;          ///< handed out or kept
};
/// As it is now.
[[nodiscard]] PoolStatistics pool_statistics() noexcept;
/// The peak starts anew from what is in use now.
void reset_pool_peak() noexcept;

/// Returns all kept blocks to the system.
void trim_pool() noexcept;

/// Base of small objects that are made and destroyed every step: their memory comes from the pool.
struct PoolAllocated {
  /// @throws std::bad_alloc
  static void* operator new(std::size_t bytes) { return pool_allocate(bytes); }
  /// Gives the memory back to the pool.
  static void operator delete(void* block, std::size_t bytes) noexcept {
    pool_release(block, bytes);
  }
};

/// Standard allocator over the pool.
template <class T>
struct PoolAllocator {
  /// Of the elements.
  using value_type = T;  // NOLINT(readability-identifier-naming): the standard's name

  PoolAllocator() = default;
  /// All are equal: one frees what another allocated.
  template <class U>
  PoolAllocator(const PoolAllocator<U>& /*other*/) noexcept {}  // NOLINT: converts by design

  /// Room for n elements, 64-byte aligned.
  /// @throws std::bad_alloc
  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(pool_allocate(n * sizeof(T))); }
  /// @param n  as it was given to allocate()
  void deallocate(T* block, std::size_t n) noexcept { pool_release(block, n * sizeof(T)); }

  /// Always.
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) noexcept { return true; }
};

}  // namespace attune::core
