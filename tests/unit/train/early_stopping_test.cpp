#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/early_stopping.hpp>

using attune::train::EarlyStopping;
using attune::train::LossAndAccuracy;

TEST_CASE("early stopping: the best epoch has the lowest loss and the highest accuracy at once",
          "[train][early_stopping]") {
  EarlyStopping stopping(3);
  struct Step {
    LossAndAccuracy validation;
    bool best;
    int waited;
  };
  const std::vector<Step> steps = {
      {{2.0, 0.30}, true, 0},   // the first is the best so far
      {{1.5, 0.30}, true, 0},   // equal accuracy holds
      {{1.0, 0.20}, false, 0},  // only the loss improves: waiting starts anew, nothing is kept
      {{1.2, 0.40}, false, 0},  // only the accuracy
      {{1.0, 0.35}, false, 0},  // the lowest loss is met
      {{1.1, 0.39}, false, 1},  // neither
      {{1.1, 0.39}, false, 2}, {{1.0, 0.40}, true, 0},  // both are met
      {{1.1, 0.30}, false, 1}, {{1.1, 0.30}, false, 2}, {{1.1, 0.30}, false, 3}};
  std::int64_t epoch = 0;
  for (const Step& step : steps) {
    CAPTURE(epoch);
    CHECK_FALSE(stopping.should_stop());
    CHECK(stopping.observe(++epoch, step.validation) == step.best);
    CHECK(stopping.state().waited == step.waited);
  }
  CHECK(stopping.should_stop());
  CHECK(stopping.state().best_epoch == 8);
  CHECK(stopping.state().best == LossAndAccuracy{1.0, 0.40});
  CHECK(stopping.state().lowest_loss == 1.0);
  CHECK(stopping.state().highest_accuracy == 0.40);
}

TEST_CASE("early stopping: continues from a saved state", "[train][early_stopping]") {
  EarlyStopping whole(2);
  whole.observe(1, {1.0, 0.5});
  whole.observe(2, {1.1, 0.4});
  EarlyStopping continued(2);
  continued.load_state(whole.state());
  CHECK(continued.state() == whole.state());
  CHECK_FALSE(continued.observe(3, {1.1, 0.4}));
  CHECK(continued.should_stop());
}

TEST_CASE("early stopping: patience 0 never stops", "[train][early_stopping]") {
  EarlyStopping stopping(0);
  stopping.observe(1, {1.0, 0.5});
  for (int epoch = 2; epoch < 500; ++epoch) {
    stopping.observe(epoch, {2.0, 0.1});
  }
  CHECK_FALSE(stopping.should_stop());
  CHECK(stopping.state().best_epoch == 1);
  CHECK_THROWS_AS(EarlyStopping(-1), attune::InvalidArgument);
}
