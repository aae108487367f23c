#include <cstdint>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

using attune::core::text;

TEST_CASE("text: joins strings, characters, numbers and truth values", "[core]") {
  CHECK(text() == "");
  CHECK(text("a", std::string("b"), 'c', 1, -2, true, false) == "abc1-2truefalse");
  CHECK(text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

TEST_CASE("text: writes numbers in their shortest exact form", "[core]") {
  CHECK(text(0.1) == "0.1");
  CHECK(text(0.1F) == "0.1");
  CHECK(text(1e300) == "1e+300");
  CHECK(text(-0.0) == "-0");
  CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(std::stod(text(1.0 / 3)) == 1.0 / 3);
}

TEST_CASE("FileError: names file and position", "[core]") {
  const attune::FileError whole("a/b.txt", "is missing");
  CHECK(std::string(whole.what()) == "a/b.txt: is missing");
  CHECK_FALSE(whole.position().has_value());
  const attune::FileError at("a/b.txt", 17, "expected 3 columns, found 2");
  CHECK(std::string(at.what()) == "a/b.txt:17: expected 3 columns, found 2");
  CHECK(at.path() == "a/b.txt");
  CHECK(at.position() == 17);
}
