#include <cstdint>
#include <cstring>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/pool.hpp>
#include <attune/core/pool_array.hpp>

using namespace attune::core;

TEST_CASE("pool: blocks are aligned to 64 bytes and writable to their end", "[core]") {
  for (std::size_t bytes = 0; bytes < 5000; bytes += 37) {
    void* block = pool_allocate(bytes);
    REQUIRE(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
    std::memset(block, 0xAB, bytes);
    pool_release(block, bytes);
  }
}

TEST_CASE("pool: a block is at most a quarter larger than asked, beyond the first few", "[core]") {
  for (std::size_t bytes = 256; bytes < 3'000'000; bytes += bytes / 7 + 1) {
    const std::int64_t before = pool_statistics().bytes_in_use;
    void* block = pool_allocate(bytes);
    const auto held = static_cast<double>(pool_statistics().bytes_in_use - before);
    const auto wanted = static_cast<double>((bytes + 63) / 64 * 64);
    CAPTURE(bytes, held);
    REQUIRE(held >= static_cast<double>(bytes));
    REQUIRE(held <= 1.25 * wanted);
    pool_release(block, bytes);
    REQUIRE(pool_statistics().bytes_in_use == before);
  }
}

TEST_CASE("pool: a released block serves the next request of its size", "[core]") {
  void* first = pool_allocate(10000);
  pool_release(first, 10000);
  const std::int64_t allocations = pool_statistics().system_allocations;
  void* second = pool_allocate(10000);
  CHECK(second == first);
  CHECK(pool_statistics().system_allocations == allocations);
  pool_release(second, 10000);
}

TEST_CASE("pool: live blocks never overlap", "[core]") {
  std::vector<std::pair<std::uint8_t*, std::size_t>> blocks;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::size_t bytes = 1 + (i * 7919) % 3000;
    auto* block = static_cast<std::uint8_t*>(pool_allocate(bytes));
    std::memset(block, static_cast<int>(i % 251), bytes);
    blocks.emplace_back(block, bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t b = 0; b < blocks[i].second; ++b) {
      REQUIRE(blocks[i].first[b] == i % 251);
    }
    pool_release(blocks[i].first, blocks[i].second);
  }
}

TEST_CASE("pool: the peak counts what was in use at once since it was reset", "[core]") {
  void* first = pool_allocate(64000);
  void* second = pool_allocate(64000);
  pool_release(first, 64000);
  pool_release(second, 64000);
  reset_pool_peak();
  const std::int64_t base = pool_statistics().bytes_in_use;
  CHECK(pool_statistics().peak_bytes_in_use == base);
  void* third = pool_allocate(64000);
  pool_release(third, 64000);
  CHECK(pool_statistics().peak_bytes_in_use >= base + 64000);
  CHECK(pool_statistics().peak_bytes_in_use < base + 128000);
}

TEST_CASE("pool: trimming returns what is kept and leaves what is in use", "[core]") {
  auto* in_use = static_cast<char*>(pool_allocate(5000));
  std::memset(in_use, 7, 5000);
  pool_release(pool_allocate(70000), 70000);
  CHECK(pool_statistics().bytes_held > pool_statistics().bytes_in_use);
  trim_pool();
  CHECK(pool_statistics().bytes_held == pool_statistics().bytes_in_use);
  CHECK(in_use[4999] == 7);
  pool_release(in_use, 5000);
}

TEST_CASE("pool: a large request takes a larger block that is free", "[core]") {
  constexpr std::size_t kLarge = 3 << 20;
  constexpr std::size_t kSmaller = 1 << 20;
  trim_pool();
  void* const first = pool_allocate(kLarge);
  pool_release(first, kLarge);
  const std::int64_t before = pool_statistics().system_allocations;
  for (int i = 0; i < 3; ++i) {  // it keeps its size however it was used
    void* const smaller = pool_allocate(kSmaller);
    CHECK(smaller == first);
    pool_release(smaller, kSmaller);
    void* const again = pool_allocate(kLarge);
    CHECK(again == first);
    pool_release(again, kLarge);
  }
  CHECK(pool_statistics().system_allocations == before);
  void* const far_smaller = pool_allocate(kLarge / 8);
  CHECK(far_smaller != first);
  pool_release(far_smaller, kLarge / 8);
}

TEST_CASE("pool: several threads at once get blocks of their own", "[core]") {
  const std::int64_t before = pool_statistics().bytes_in_use;
  std::vector<int> damaged(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([t, &damaged] {
      for (std::size_t i = 0; i < 2000; ++i) {
        const std::size_t bytes = 64 + i % 5 * 64;
        auto* block = static_cast<std::uint8_t*>(pool_allocate(bytes));
        std::memset(block, static_cast<int>(t), bytes);
        damaged[t] += block[0] != t || block[bytes - 1] != t ? 1 : 0;
        pool_release(block, bytes);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(damaged == std::vector<int>(4, 0));
  CHECK(pool_statistics().bytes_in_use == before);
}

#ifndef __SANITIZE_ADDRESS__  // which stops the program instead of refusing
TEST_CASE("pool: more than the system has is bad_alloc, and leaves no trace", "[core]") {
  const PoolStatistics before = pool_statistics();
  CHECK_THROWS_AS((void)pool_allocate(std::size_t{1} << 60), std::bad_alloc);
  CHECK(pool_statistics().bytes_in_use == before.bytes_in_use);
  CHECK(pool_statistics().peak_bytes_in_use == before.peak_bytes_in_use);
}
#endif

TEST_CASE("PoolArray: owns its elements through moves", "[core]") {
  const std::int64_t before = pool_statistics().bytes_in_use;
  {
    PoolArray<std::int32_t> first(100);
    REQUIRE(first.size() == 100);
    first.data()[99] = 42;
    PoolArray<std::int32_t> second(std::move(first));
    CHECK(second.span().back() == 42);
    PoolArray<std::int32_t> third(5);
    third = std::move(second);
    CHECK(third.size() == 100);
    CHECK(third.data()[99] == 42);
  }
  CHECK(pool_statistics().bytes_in_use == before);
}

TEST_CASE("pool: shapes that never return do not add up", "[core]") {
  trim_pool();
  constexpr std::size_t kMegabyte = std::size_t{1} << 20;
  for (int shape = 0; shape < 60; ++shape) {
    const std::size_t bytes = (64 + static_cast<std::size_t>(shape)) * kMegabyte;
    pool_release(pool_allocate(bytes), bytes);
  }
  CHECK(pool_statistics().bytes_held < static_cast<std::int64_t>(400 * kMegabyte));
}
