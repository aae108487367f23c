#include "cli/report/numbers.hpp"

#include <limits>

#include <catch2/catch.hpp>

using attune::cli::decimal;
using attune::cli::significant;

TEST_CASE("numbers: decimals without zeros at the end", "[cli][report]") {
  CHECK(decimal(12.5) == "12.5");
  CHECK(decimal(12) == "12");
  CHECK(decimal(100) == "100");
  CHECK(decimal(0.126) == "0.13");
  CHECK(decimal(-0.001) == "0");
  CHECK(decimal(-1.5, 1) == "-1.5");
  CHECK(decimal(1e22, 0) == "10000000000000000000000");
  CHECK(decimal(-std::numeric_limits<double>::max(), 3).size() == 310);
}

TEST_CASE("numbers: of any size to about three digits", "[cli][report]") {
  CHECK(significant(0) == "0");
  CHECK(significant(0.14719) == "0.1472");
  CHECK(significant(12) == "12");
  CHECK(significant(0.0123456) == "0.0123");
  CHECK(significant(0.00123456) == "0.00123");
  CHECK(significant(0.000999999) == "0.001000");
  CHECK(significant(1.2345e-7) == "1.23e-07");
  CHECK(significant(-1.2345e-7) == "-1.23e-07");
  CHECK(significant(1.5e9) == "1.50e+09");
}
