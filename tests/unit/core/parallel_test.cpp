#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>

using namespace attune;
using core::Tensor;

namespace {

using Blocks = std::set<std::pair<std::int64_t, std::int64_t>>;

Blocks blocks_of(std::int64_t n, std::int64_t grain) {
  Blocks blocks;
  std::mutex mutex;
  core::parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    const std::lock_guard lock(mutex);
    const bool fresh = blocks.emplace(begin, end).second;
    if (!fresh) {
      throw std::logic_error("a block came twice");
    }
  });
  return blocks;
}

// Numbers whose sum depends on the order of additions.
double term(std::int64_t i) {
  return 1.0 / static_cast<double>(1 + (i * 7919) % 100003);
}

}  // namespace

TEST_CASE("parallel_for: the same blocks on any number of threads, each once", "[core][property]") {
  for (const std::int64_t n : {0, 1, 9, 10, 11, 100, 1001}) {
    Blocks expected;
    for (std::int64_t begin = 0; begin < n; begin += 10) {
      expected.emplace(begin, std::min(n, begin + 10));
    }
    for (const int threads : {1, 2, 8}) {
      CAPTURE(n, threads);
      core::with_threads(threads, [&] { REQUIRE(blocks_of(n, 10) == expected); });
    }
  }
  CHECK(blocks_of(1001, 10).size() == 101);  // outside with_threads
}

TEST_CASE("parallel_tasks: every index once", "[core]") {
  for (const int threads : {1, 2, 8}) {
    std::vector<std::atomic<int>> visits(5000);
    core::with_threads(threads, [&] {
      core::parallel_tasks(5000, [&](std::int64_t i) { ++visits[static_cast<std::size_t>(i)]; });
    });
    for (const std::atomic<int>& count : visits) {
      REQUIRE(count == 1);
    }
  }
}

TEST_CASE("parallel_tasks: an exception comes back to the caller, and the next loop works",
          "[core]") {
  for (const int threads : {1, 2, 8}) {
    core::with_threads(threads, [&] {
      CHECK_THROWS_AS(core::parallel_tasks(1000,
                                           [](std::int64_t i) {
                                             if (i == 567) {
                                               throw InvalidArgument("567");
                                             }
                                           }),
                      InvalidArgument);
      std::atomic<int> visits{0};
      core::parallel_tasks(1000, [&](std::int64_t) { ++visits; });
      CHECK(visits == 1000);
    });
  }
}

TEST_CASE("parallel_tasks: loops inside loops", "[core]") {
  std::vector<std::atomic<int>> visits(20 * 30);
  core::with_threads(4, [&] {
    core::parallel_tasks(20, [&](std::int64_t i) {
      core::parallel_tasks(30,
                           [&](std::int64_t j) { ++visits[static_cast<std::size_t>(i * 30 + j)]; });
    });
  });
  for (const std::atomic<int>& count : visits) {
    REQUIRE(count == 1);
  }
}

// Seeds of a sweep run side by side and keep state of the thread, such as whether gradients are
// recorded. A thread that waits for its inner loop must not start another seed meanwhile.
TEST_CASE("parallel_tasks: a thread that waits for an inner loop starts no other outer task",
          "[core]") {
  static thread_local bool busy = false;
  std::atomic<int> intrusions{0};
  core::with_threads(8, [&] {
    core::parallel_tasks(200, [&](std::int64_t i) {
      intrusions += busy ? 1 : 0;
      busy = true;
      core::parallel_tasks(16, [i](std::int64_t j) {
        std::this_thread::sleep_for(std::chrono::microseconds(20 + (7 * i + 13 * j) % 50));
      });
      busy = false;
    });
  });
  CHECK(intrusions == 0);
}

TEST_CASE("parallel_for: several callers at once", "[core]") {
  std::vector<std::int64_t> sums(4, 0);
  std::vector<std::thread> callers;
  for (std::size_t c = 0; c < 4; ++c) {
    callers.emplace_back([c, &sums] {
      std::atomic<std::int64_t> sum{0};
      core::parallel_for(10000, 16,
                         [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
      sums[c] = sum;
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  CHECK(sums == std::vector<std::int64_t>(4, 10000));
}

TEST_CASE("with_threads: sets the number for its scope only", "[core]") {
  const int before = core::num_threads();
  CHECK(before >= 1);
  core::with_threads(3, [] {
    CHECK(core::num_threads() == 3);
    core::with_threads(1, [] { CHECK(core::num_threads() == 1); });
    CHECK(core::num_threads() == 3);
  });
  CHECK(core::num_threads() == before);
  CHECK_THROWS_AS(core::with_threads(5, [] { throw InvalidArgument("out"); }), InvalidArgument);
  CHECK(core::num_threads() == before);
}

TEST_CASE("with_threads, set_num_threads: refuse a number outside 1 to 1024", "[core]") {
  CHECK(testing::message_of<InvalidArgument>([] { core::set_num_threads(0); }) ==
        "threads: expected a number from 1 to 1024, got 0");
  CHECK_THROWS_AS(core::set_num_threads(1025), InvalidArgument);
  CHECK_THROWS_AS(core::with_threads(-1, [] {}), InvalidArgument);
}

TEST_CASE("parallel_sum: same bits on 1, 2 and 8 threads, and the plain blocked sum",
          "[core][property]") {
  constexpr std::int64_t kTerms = 100000;
  constexpr std::int64_t kGrain = 333;
  const auto block = [](std::int64_t begin, std::int64_t end) {
    double sum = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      sum += term(i);
    }
    return sum;
  };
  double expected = 0;
  for (std::int64_t begin = 0; begin < kTerms; begin += kGrain) {
    expected += block(begin, std::min(kTerms, begin + kGrain));
  }
  for (const int threads : {1, 2, 8}) {
    core::with_threads(threads,
                       [&] { CHECK(core::parallel_sum(kTerms, kGrain, block) == expected); });
  }
  CHECK(core::parallel_sum(0, kGrain, block) == 0);
}

TEMPLATE_TEST_CASE("parallel_reduce_rows: same bits on 1, 2 and 8 threads", "[core][property]",
                   float, double) {
  constexpr std::int64_t kRows = 10000;
  const auto reduce = [](std::int64_t rows) {
    return core::parallel_reduce_rows<TestType>(
        rows, 77, 5, [](std::int64_t begin, std::int64_t end, std::span<TestType> partial) {
          for (std::int64_t i = begin; i < end; ++i) {
            for (std::int64_t c = 0; c < 5; ++c) {
              partial[static_cast<std::size_t>(c)] += static_cast<TestType>(term(5 * i + c));
            }
          }
        });
  };
  testing::require_same_bits_on_any_threads([&] {
    return std::vector<Tensor>{reduce(kRows), reduce(50)};
  });
  const std::vector<double> sums = testing::values(reduce(kRows));
  double first = 0;
  for (std::int64_t i = 0; i < kRows; ++i) {
    first += term(5 * i);
  }
  CHECK(sums[0] == Approx(first).epsilon(1e-5));
  CHECK(testing::values(reduce(0)) == std::vector<double>(5, 0.0));
}
