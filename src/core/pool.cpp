#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <unordered_map>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <attune/core/pool.hpp>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace attune::core {
namespace {

constexpr std::size_t kAlignment = 64;

// Four classes per doubling: 64, 128, 192, 256, 320, 384, 448, 512, 640, ... A block is at most 25%
// larger than the request, and a request of another epoch finds the same class. Beyond 4 MiB there
// are sixteen, and it is at most 6%: a few arrays over the nodes of a large graph are most of what
// is in use.
constexpr int kSmallBits = 16;  // units in 4 MiB, as a power of two
constexpr int kSmallClasses = 4 * (kSmallBits - 1);
constexpr int kNumClasses = kSmallClasses + 16 * (58 - kSmallBits);

struct SizeClass {
  int index;
  std::size_t bytes;
};

SizeClass size_class(std::size_t bytes) noexcept {
  const std::size_t units = std::max<std::size_t>(1, (bytes + kAlignment - 1) / kAlignment);
  if (units <= 4) {
    return {static_cast<int>(units) - 1, units * kAlignment};
  }
  const int bits = static_cast<int>(std::bit_width(units - 1));
  const bool small = bits <= kSmallBits;
  const int shift = bits - (small ? 3 : 5);  // so that the top three or five bits select the class
  const std::size_t top = (units + (std::size_t{1} << shift) - 1) >> shift;  // 5 to 8, 17 to 32
  const int index = small
                        ? 4 * (shift + 1) + static_cast<int>(top) - 5
                        : kSmallClasses + 16 * (bits - kSmallBits - 1) + static_cast<int>(top) - 17;
  return {index, (top << shift) * kAlignment};
}

// Rows of a large graph's features are read in any order, and with pages of 4 KiB nearly every one
// of them misses the translation buffer; a virtual machine pays for a miss twice.
constexpr std::size_t kHugePage = std::size_t{1} << 21;
constexpr std::size_t kLargeBlock = 2 * kHugePage;

constexpr std::align_val_t alignment_of(std::size_t block_bytes) noexcept {
  return std::align_val_t{block_bytes >= kLargeBlock ? kHugePage : kAlignment};
}

// Large blocks come from the system and go back to it whole: what a heap of the C library keeps of
// them in between is known to nobody. Leak checkers look through the heap alone.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
constexpr bool kMapsLarge = true;

void* map_block(std::size_t bytes) noexcept {
  void* const all = ::mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) {
    return nullptr;
  }
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(all) % kHugePage;
  std::byte* const block = static_cast<std::byte*>(all) + before;
  if (before > 0) {
    (void)::munmap(all, before);
  }
  (void)::munmap(block + bytes, kHugePage - before);
  (void)::madvise(block, bytes, MADV_HUGEPAGE);  // a wish: where it fails, small pages do
  return block;
}

void unmap_block(void* block, std::size_t bytes) noexcept {
  (void)::munmap(block, bytes);
}
#else
constexpr bool kMapsLarge = false;

void* map_block(std::size_t /*bytes*/) noexcept {
  return nullptr;
}

void unmap_block(void* /*block*/, std::size_t /*bytes*/) noexcept {}
#endif

void* system_block(std::size_t bytes) noexcept {
  return kMapsLarge && bytes >= kLargeBlock
             ? map_block(bytes)
             : ::operator new(bytes, alignment_of(bytes), std::nothrow);
}

void return_block(void* block, std::size_t bytes) noexcept {
  if (kMapsLarge && bytes >= kLargeBlock) {
    unmap_block(block, bytes);
  } else {
    ::operator delete(block, alignment_of(bytes));
  }
}

// Batches of texts have another number of tokens each time. Were every request served by its own
// class alone, every class would come to keep what the largest batch of that class needed, several
// times what is ever in use. So a request that finds nothing takes a larger block, up to four times
// as large, and the block remembers its class; and no more is held than half as much again as the
// most that was lent, and this.
constexpr std::size_t kMayBorrow = std::size_t{1} << 16;
constexpr std::size_t kMostBorrowed = 4;
constexpr std::int64_t kSpare = std::int64_t{64} << 20;

// Blocks of this size decide what a process needs: where they are asked for, little is wasted in a
// block, and kept ones go back to the system before more is held than was ever lent. What it takes
// to get them again is small beside the work that fills them.
constexpr std::size_t kHuge = std::size_t{16} << 20;

constexpr std::size_t most_lent_for(std::size_t bytes) noexcept {
  return bytes < kMayBorrow ? bytes : bytes < kHuge ? kMostBorrowed * bytes : bytes + bytes / 4;
}

// A kept block holds the link to the next one of its class.
struct FreeBlock {
  FreeBlock* next;
};

class Pool {
 public:
  void* allocate(std::size_t bytes) {
    const SizeClass wanted = size_class(bytes);
    std::size_t lent = wanted.bytes;
    void* block = take_kept(wanted, lent);
    if (block == nullptr) {
      block = allocate_from_system(wanted);
    }
    note_use(static_cast<std::int64_t>(wanted.bytes), static_cast<std::int64_t>(lent));
    return block;
  }

  void release(void* block, std::size_t bytes) noexcept {
    const SizeClass size = size_class(bytes);
    in_use_.fetch_sub(static_cast<std::int64_t>(size.bytes), std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    const int own = own_class(block, size);
    lent_.fetch_sub(static_cast<std::int64_t>(class_bytes(own)), std::memory_order_relaxed);
    FreeBlock*& head = free_[static_cast<std::size_t>(own)];
    head = new (block) FreeBlock{head};
    // The link stays readable: leak checkers follow no pointer that lies in poisoned memory.
    ASAN_POISON_MEMORY_REGION(head + 1, class_bytes(own) - sizeof(FreeBlock));
  }

  void trim() noexcept {
    trim_to(0);
    most_lent_.store(lent_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }

  [[nodiscard]] PoolStatistics statistics() const noexcept {
    return {.system_allocations = system_allocations_.load(std::memory_order_relaxed),
            .bytes_in_use = in_use_.load(std::memory_order_relaxed),
            .peak_bytes_in_use = peak_.load(std::memory_order_relaxed),
            .bytes_held = held_.load(std::memory_order_relaxed)};
  }

  void reset_peak() noexcept {
    peak_.store(in_use_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }

 private:
  // @param lent  becomes the size of the block
  void* take_kept(const SizeClass& wanted, std::size_t& lent) noexcept {
    const std::lock_guard lock(mutex_);
    const std::size_t most = most_lent_for(wanted.bytes);
    for (int c = wanted.index; c < kNumClasses && class_bytes(c) <= most; ++c) {
      FreeBlock*& head = free_[static_cast<std::size_t>(c)];
      if (head != nullptr) {
        FreeBlock* block = head;
        ASAN_UNPOISON_MEMORY_REGION(block, wanted.bytes);
        head = block->next;
        lent = class_bytes(c);
        return block;
      }
    }
    return nullptr;
  }

  // That of the block, which may be larger than what it was used for.
  [[nodiscard]] int own_class(void* block, const SizeClass& used_for) const noexcept {
    if (used_for.bytes < kMayBorrow) {
      return used_for.index;
    }
    const auto found = large_.find(block);
    return found == large_.end() ? used_for.index : found->second;
  }

  /// Gives kept blocks back, the largest first, until no more than `bytes` are held.
  void trim_to(std::int64_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    for (int c = kNumClasses - 1; c >= 0; --c) {
      FreeBlock*& head = free_[static_cast<std::size_t>(c)];
      while (head != nullptr && held_.load(std::memory_order_relaxed) > bytes) {
        const std::size_t size = class_bytes(c);
        FreeBlock* block = head;
        ASAN_UNPOISON_MEMORY_REGION(block, size);
        head = block->next;
        large_.erase(block);
        return_block(block, size);
        held_.fetch_sub(static_cast<std::int64_t>(size), std::memory_order_relaxed);
      }
    }
  }

  static std::size_t class_bytes(int index) noexcept {
    if (index < 4) {
      return static_cast<std::size_t>(index + 1) * kAlignment;
    }
    if (index < kSmallClasses) {
      return (static_cast<std::size_t>(index % 4 + 5) << (index / 4 - 1)) * kAlignment;
    }
    const int large = index - kSmallClasses;
    const int shift = large / 16 + kSmallBits + 1 - 5;
    return (static_cast<std::size_t>(large % 16 + 17) << shift) * kAlignment;
  }

  // Once `bytes` are lent as well.
  [[nodiscard]] std::int64_t most_to_hold(std::size_t bytes) const noexcept {
    const std::int64_t most = most_lent_.load(std::memory_order_relaxed);
    if (bytes < kHuge) {
      return most + most / 2 + kSpare;
    }
    return std::max(most, lent_.load(std::memory_order_relaxed) + static_cast<std::int64_t>(bytes));
  }

  void* allocate_from_system(const SizeClass& wanted) {
    const std::size_t bytes = wanted.bytes;
    trim_to(most_to_hold(bytes) - static_cast<std::int64_t>(bytes));
    void* block = system_block(bytes);
    if (block == nullptr) {
      trim_to(0);  // what is kept in other classes may be what is missing
      block = system_block(bytes);
    }
    if (block == nullptr) {
      throw std::bad_alloc();
    }
    if (bytes >= kMayBorrow) {
      remember(block, wanted);
    }
    system_allocations_.fetch_add(1, std::memory_order_relaxed);
    held_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
    return block;
  }

  static void raise(std::atomic<std::int64_t>& most, std::int64_t value) noexcept {
    std::int64_t known = most.load(std::memory_order_relaxed);
    while (known < value && !most.compare_exchange_weak(known, value, std::memory_order_relaxed)) {
    }
  }

  void remember(void* block, const SizeClass& size) {
    const std::lock_guard lock(mutex_);
    try {
      large_.emplace(block, size.index);
    } catch (...) {
      return_block(block, size.bytes);
      throw;
    }
  }

  void note_use(std::int64_t bytes, std::int64_t lent) noexcept {
    raise(peak_, in_use_.fetch_add(bytes, std::memory_order_relaxed) + bytes);
    raise(most_lent_, lent_.fetch_add(lent, std::memory_order_relaxed) + lent);
  }

  std::mutex mutex_;
  std::array<FreeBlock*, kNumClasses> free_{};
  std::unordered_map<void*, int> large_;  // classes of the blocks that may be borrowed
  std::atomic<std::int64_t> system_allocations_{0};
  std::atomic<std::int64_t> in_use_{0};
  std::atomic<std::int64_t> peak_{0};
  std::atomic<std::int64_t> lent_{0};       // whole blocks that are in use
  std::atomic<std::int64_t> most_lent_{0};  // since the last trim(): reset_peak() leaves it
  std::atomic<std::int64_t> held_{0};
};

// Never destroyed: tensors with static storage may be released after any destructor of ours. Its
// blocks stay reachable, so leak checkers are content.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
  return pool().allocate(bytes);
}
void pool_release(void* block, std::size_t bytes) noexcept {
  pool().release(block, bytes);
}
PoolStatistics pool_statistics() noexcept {
  return pool().statistics();
}
void reset_pool_peak() noexcept {
  pool().reset_peak();
}
void trim_pool() noexcept {
  pool().trim();
}

}  // namespace attune::core
