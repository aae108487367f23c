#include "cli/bench/timing.hpp"

#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

namespace attune::cli::bench {
namespace {

void wait() {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST_CASE("median: the middle, of two the lower one", "[unit][cli]") {
  CHECK(median({3}) == 3);
  CHECK(median({5, 1, 3}) == 3);
  CHECK(median({4, 2}) == 2);
}

TEST_CASE("median_seconds: each call is prepared, one more than asked for is made", "[unit][cli]") {
  int prepared = 0;
  int called = 0;
  bool in_turn = true;
  const double seconds = median_seconds(
      12,
      [&] {
        ++called;
        in_turn = in_turn && prepared == called;
        wait();
      },
      [&] { ++prepared; });
  CHECK(in_turn);
  CHECK(called == 13);
  CHECK(seconds >= 0.02);
}

TEST_CASE("least_seconds: the fastest call, the first one left out", "[unit][cli]") {
  int called = 0;
  const double seconds = least_seconds(3, [&] {
    if (++called > 1) {
      wait();
    }
  });
  CHECK(seconds >= 0.02);
}

}  // namespace
}  // namespace attune::cli::bench
