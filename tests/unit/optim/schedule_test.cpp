#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/optim/schedule.hpp>

using namespace attune;
using optim::LinearSchedule;
using testing::message_of;

TEST_CASE("LinearSchedule: rises to its peak and falls", "[optim]") {
  const LinearSchedule schedule(0.8, 4, 7);
  const double expected[] = {0, 0.2, 0.4, 0.6, 0.8, 0.6, 0.4, 0.2, 0};
  for (int step = 0; step <= 8; ++step) {
    CAPTURE(step);
    CHECK(schedule.learning_rate(step) == Approx(expected[step]).margin(1e-15));
  }
}

TEST_CASE("LinearSchedule: without a warm-up it only falls, with nothing else it only rises",
          "[optim]") {
  CHECK(LinearSchedule(1, 0, 3).learning_rate(1) == 0.75);
  CHECK(LinearSchedule(1, 0, 1).learning_rate(1) == 0.5);
  CHECK(LinearSchedule(1, 3, 3).learning_rate(3) == 1);
}

TEST_CASE("LinearSchedule: says what is out of range", "[optim]") {
  CHECK(message_of<InvalidArgument>([] { const LinearSchedule schedule(1, 0, 0); }) ==
        "LinearSchedule: total must be at least 1, got 0");
  CHECK(message_of<InvalidArgument>([] { const LinearSchedule schedule(1, 4, 3); }) ==
        "LinearSchedule: warmup must be 0 to 3, got 4");
  CHECK(message_of<InvalidArgument>([] { const LinearSchedule schedule(-1, 0, 3); }) ==
        "LinearSchedule: peak must be finite and at least 0, got -1");
}
