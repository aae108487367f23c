#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/step_plan.hpp>

namespace attune::testing {

using train::StepPlan;

namespace {

std::vector<std::int64_t> lengths(std::size_t items) {
  std::vector<std::int64_t> all(items);
  std::iota(all.begin(), all.end(), std::int64_t{3});
  return all;
}

}  // namespace

TEST_CASE("step plan: every epoch sees every item once", "[train]") {
  StepPlan plan(lengths(23), {.epochs = 2, .batch_size = 4, .accumulate = 4, .seed = 1});
  REQUIRE(plan.steps_per_epoch() == 2);
  REQUIRE(plan.total_steps() == 4);
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    std::vector<std::int64_t> seen;
    for (std::int64_t step = 1; step <= 2; ++step) {
      for (const std::vector<std::int64_t>& batch : plan.batches(2 * epoch + step)) {
        seen.insert(seen.end(), batch.begin(), batch.end());
      }
    }
    std::ranges::sort(seen);
    std::vector<std::int64_t> all(23);
    std::iota(all.begin(), all.end(), std::int64_t{0});
    CHECK(seen == all);
  }
  CHECK(plan.batches(2).size() == 2);  // six batches an epoch, four in the first step
}

TEST_CASE("step plan: a step sees the same wherever one begins", "[train]") {
  const train::StepPlanOptions options{.epochs = 3, .batch_size = 5, .seed = 7};
  StepPlan forward(lengths(31), options);
  std::vector<StepPlan::Batches> steps;
  for (std::int64_t step = 1; step <= forward.total_steps(); ++step) {
    steps.push_back(forward.batches(step));
  }
  StepPlan backward(lengths(31), options);
  for (std::int64_t step = forward.total_steps(); step >= 1; --step) {
    CHECK(backward.batches(step) == steps[static_cast<std::size_t>(step - 1)]);
  }
  CHECK(steps[0] != steps[static_cast<std::size_t>(forward.steps_per_epoch())]);
}

TEST_CASE("step plan: steps may be said instead of epochs", "[train]") {
  const StepPlan plan(lengths(10), {.epochs = 100, .steps = 7, .batch_size = 4});
  CHECK(plan.total_steps() == 7);
}

TEST_CASE("step plan: refuses what is out of range", "[train]") {
  CHECK_THROWS_AS(StepPlan({}, {}), InvalidArgument);
  CHECK_THROWS_AS(StepPlan(lengths(3), {.epochs = 0}), InvalidArgument);
  CHECK_THROWS_AS(StepPlan(lengths(3), {.batch_size = 0}), InvalidArgument);
  CHECK_THROWS_AS(StepPlan(lengths(3), {.accumulate = 4097}), InvalidArgument);
  CHECK_THROWS_AS(StepPlan(lengths(3), {.epochs = std::int64_t{1} << 31, .batch_size = 1}),
                  InvalidArgument);
  StepPlan plan(lengths(3), {});
  CHECK_THROWS_AS(plan.batches(0), InvalidArgument);
  CHECK_THROWS_AS(plan.batches(2), InvalidArgument);
}

}  // namespace attune::testing
