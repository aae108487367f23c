#include <cmath>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/optim/schedule.hpp>

using namespace attune;
using optim::LinearSchedule;
using optim::Schedule;
using optim::ScheduleKind;
using optim::ScheduleOptions;
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

TEST_CASE("Schedule: constant is the peak from the first step on", "[optim]") {
  const Schedule schedule(0.3, {});
  CHECK(schedule.learning_rate(1) == 0.3);
  CHECK(schedule.learning_rate(1000000) == 0.3);
}

TEST_CASE("Schedule: any kind rises to its peak in the warm-up", "[optim]") {
  const auto kind = GENERATE(ScheduleKind::constant, ScheduleKind::linear, ScheduleKind::cosine,
                             ScheduleKind::step, ScheduleKind::plateau);
  CAPTURE(to_string(kind));
  const Schedule schedule(0.8, {.kind = kind, .warmup = 4, .total = 10});
  const double expected[] = {0.2, 0.4, 0.6, 0.8};
  for (int step = 1; step <= 4; ++step) {
    CAPTURE(step);
    CHECK(schedule.learning_rate(step) == Approx(expected[step - 1]).epsilon(1e-15));
  }
}

TEST_CASE("Schedule: linear is LinearSchedule above its minimum", "[optim]") {
  const Schedule schedule(0.8, {.kind = ScheduleKind::linear, .warmup = 4, .total = 7});
  const LinearSchedule line(0.8, 4, 7);
  for (int step = 1; step <= 9; ++step) {
    CHECK(schedule.learning_rate(step) == line.learning_rate(step));
  }
  const Schedule floor(0.8, {.kind = ScheduleKind::linear, .total = 7, .minimum = 0.5});
  CHECK(floor.learning_rate(1) == LinearSchedule(0.8, 0, 7).learning_rate(1));
  CHECK(floor.learning_rate(7) == 0.5);
}

TEST_CASE("Schedule: cosine falls along half a cosine and stays at its minimum", "[optim]") {
  // Four steps after two of warm-up: 1 + cos of 0, pi/4, pi/2 and 3 pi/4, times 0.4, above 0.2.
  const Schedule schedule(1,
                          {.kind = ScheduleKind::cosine, .warmup = 2, .total = 6, .minimum = 0.2});
  CHECK(schedule.learning_rate(3) == 1);
  CHECK(schedule.learning_rate(4) == Approx(0.6 + 0.4 * std::sqrt(0.5)));
  CHECK(schedule.learning_rate(5) == Approx(0.6));
  CHECK(schedule.learning_rate(6) == Approx(0.6 - 0.4 * std::sqrt(0.5)));
  CHECK(schedule.learning_rate(7) == 0.2);
  CHECK(schedule.learning_rate(700) == 0.2);
}

TEST_CASE("Schedule: step multiplies by gamma every so many steps after the warm-up", "[optim]") {
  const Schedule schedule(
      0.8,
      {.kind = ScheduleKind::step, .warmup = 1, .step_size = 3, .gamma = 0.5, .minimum = 0.15});
  const double expected[] = {0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.15, 0.15};
  for (int step = 1; step <= 12; ++step) {
    CAPTURE(step);
    CHECK(schedule.learning_rate(step) == Approx(expected[step - 1]));
  }
}

TEST_CASE("Schedule: plateau reduces after more than `patience` losses that are no better",
          "[optim]") {
  Schedule schedule(1,
                    {.kind = ScheduleKind::plateau, .gamma = 0.5, .patience = 2, .minimum = 0.3});
  // Better, better, three no better (the last by less than one in ten thousand), ...
  const double losses[] = {2, 1, 1, 1.5, 0.99995, 1, 0.5, 0.5, 0.6, 0.7, 0.5};
  const double after[] = {1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.3, 0.3};
  for (int i = 0; i < 11; ++i) {
    CAPTURE(i);
    schedule.observe(losses[i]);
    CHECK(schedule.learning_rate(i + 2) == after[i]);
  }
}

TEST_CASE("Schedule: other kinds take no notice of losses", "[optim]") {
  const auto kind = GENERATE(ScheduleKind::constant, ScheduleKind::linear, ScheduleKind::cosine,
                             ScheduleKind::step);
  Schedule schedule(0.8, {.kind = kind, .total = 100, .patience = 0});
  const double before = schedule.learning_rate(50);
  for (int i = 0; i < 10; ++i) {
    schedule.observe(1);
  }
  CHECK(schedule.learning_rate(50) == before);
}

TEST_CASE("Schedule: names of kinds come back, others are refused", "[optim]") {
  for (const char* name : {"constant", "linear", "cosine", "step", "plateau"}) {
    CHECK(to_string(optim::schedule_kind(name)) == name);
  }
  CHECK(message_of<InvalidArgument>([] { (void)optim::schedule_kind("cosin"); }) ==
        "schedule: expected constant, linear, cosine, step or plateau, got \"cosin\"");
}

TEST_CASE("Schedule: says what is out of range", "[optim]") {
  const auto message = [](double peak, const ScheduleOptions& options) {
    return message_of<InvalidArgument>([&] { const Schedule schedule(peak, options); });
  };
  CHECK(message(NAN, {}) == "Schedule: peak must be finite and at least 0, got nan");
  CHECK(message(1, {.warmup = -1}) == "Schedule: warmup must be at least 0, got -1");
  CHECK(message(1, {.kind = ScheduleKind::cosine}) == "Schedule: total must be at least 1, got 0");
  CHECK(message(1, {.kind = ScheduleKind::linear, .warmup = 4, .total = 3}) ==
        "Schedule: warmup must be 0 to 3, got 4");
  CHECK(message(1, {.step_size = 0}) == "Schedule: step_size must be at least 1, got 0");
  CHECK(message(1, {.gamma = 0}) == "Schedule: gamma must be in (0, 1], got 0");
  CHECK(message(1, {.gamma = 1.5}) == "Schedule: gamma must be in (0, 1], got 1.5");
  CHECK(message(1, {.patience = -1}) == "Schedule: patience must be at least 0, got -1");
  CHECK(message(1, {.minimum = -1}) == "Schedule: minimum must be finite and at least 0, got -1");
  CHECK(message(1, {.minimum = 2}) == "Schedule: minimum must be at most the peak, 1, got 2");
}
