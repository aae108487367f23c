#include "cli/report/axis.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

using attune::cli::Axis;

namespace {

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> all;
  for (const double mark : axis.marks()) {
    all.push_back(axis.label(mark));
  }
  return all;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("axis: marks are round and hold the numbers", "[cli][report]") {
  CHECK(labels(Axis(0.13, 1.94, 5, 0, 1)) == Strings{"0", "0.5", "1", "1.5", "2"});
  CHECK(labels(Axis(15, 82, 5, 0, 1)) == Strings{"0", "20", "40", "60", "80", "100"});
  CHECK(labels(Axis(-3, 4, 4, 0, 1)) == Strings{"-4", "-2", "0", "2", "4"});
  CHECK(labels(Axis(0.021, 0.029, 4, 0, 1)) ==
        Strings{"0.02", "0.022", "0.024", "0.026", "0.028", "0.03"});
}

TEST_CASE("axis: kept ends have the marks between them", "[cli][report]") {
  const Axis axis(0, 607, 6, 50, 350, Axis::Ends::kept);
  CHECK(labels(axis) == Strings{"0", "200", "400", "600"});
  CHECK(axis.position(0) == 50);
  CHECK(axis.position(607) == 350);
  CHECK(labels(Axis(0, 1, 1, 0, 1, Axis::Ends::kept)) == Strings{"0", "1"});
  CHECK(labels(Axis(0, 3, 3, 0, 1, Axis::Ends::kept)) == Strings{"0", "1", "2", "3"});
}

TEST_CASE("axis: upwards, and never out of the picture", "[cli][report]") {
  const Axis axis(0, 10, 5, 200, 100);
  CHECK(axis.position(0) == 200);
  CHECK(axis.position(5) == Approx(150));
  CHECK(axis.position(10) == 100);
  CHECK(axis.position(1e9) == 100);
  CHECK(axis.position(-1e9) == 200);
}

TEST_CASE("axis: any finite numbers have one", "[cli][report]") {
  const double most = std::numeric_limits<double>::max();
  const double least = std::numeric_limits<double>::denorm_min();
  const double pairs[][2] = {{0, 0},        {1, 1},          {-1e-9, 1e-9},       {most, most},
                             {-most, most}, {0, least},      {1e8, 1e8 + 1e-8},   {1e300, 1.1e300},
                             {0, 1e-301},   {-least, least}, {5, 5 * (1 + 1e-15)}};
  for (const auto& pair : pairs) {
    CAPTURE(pair[0], pair[1]);
    const Axis axis(pair[0], pair[1], 5, 10, 20);
    CHECK(axis.marks().size() >= 2);
    CHECK(axis.marks().size() <= 12);
    for (const double mark : axis.marks()) {
      CHECK(std::isfinite(mark));
      CHECK_FALSE(axis.label(mark).empty());
    }
    for (const double value : pair) {
      CHECK(axis.position(value) >= 10);
      CHECK(axis.position(value) <= 20);
    }
  }
}
