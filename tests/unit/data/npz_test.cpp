#include <limits>
#include <numeric>
#include <string>

#include "raw_zip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>

using attune::InvalidArgument;
using namespace attune::data;
using attune::testing::raw_zip;
using Catch::Matchers::Contains;

namespace {

const std::string kNumpyFiles = ATTUNE_NUMPY_FILES;

using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;
using Strings = std::vector<std::string>;

NpyArray counted(std::int64_t n) {
  Ints values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 0);
  return NpyArray::from(values, {n});
}

}  // namespace

TEST_CASE("npz: reads every type that numpy writes, stored and deflated", "[data]") {
  const std::string file = GENERATE("/stored.npz", "/deflated.npz");
  CAPTURE(file);
  const NpzArchive npz = read_npz(kNumpyFiles + file);
  REQUIRE(npz.names().size() == 17);
  REQUIRE(npz.names().front() == "f4");
  REQUIRE(npz.at("f4").type() == NpyType::f4);
  REQUIRE(npz.at("f4").shape() == Ints{2, 3});
  REQUIRE(npz.at("f4").floats() == std::vector<float>{1.5F, -2.25F, 3, 0, 1e30F, -0.5F});
  REQUIRE(npz.at("f8").doubles() == Doubles{0.1, -1e300, 5e-324});
  REQUIRE(npz.at("i1").ints() == Ints{-128, 127});
  REQUIRE(npz.at("i2").ints() == Ints{-32768, 32767});
  REQUIRE(npz.at("i4").ints() == Ints{-2147483648LL, 2147483647});
  REQUIRE(npz.at("i8").ints() == Ints{-9007199254740993, 9007199254740993});
  REQUIRE_THROWS_WITH(npz.at("i8").doubles(), Contains("member \"i8\"") && Contains("element 0"));
  REQUIRE(npz.at("u1").ints() == Ints{0, 255});
  REQUIRE(npz.at("u2").ints() == Ints{0, 65535});
  REQUIRE(npz.at("u4").ints() == Ints{0, 4294967295});
  REQUIRE_THROWS_WITH(npz.at("u8").ints(), Contains("found 18446744073709551615 at element 1"));
  REQUIRE(npz.at("bool").type() == NpyType::b1);
  REQUIRE(npz.at("bool").ints() == Ints{1, 0, 0, 1});
  REQUIRE(npz.at("text").strings() ==
          Strings{"K\xc3\xb6ln", "", "\xe6\x97\xa5\xe6\x9c\xac", "graph \xf0\x9f\x99\x82"});
  REQUIRE(npz.at("bytes").strings() == Strings{"ab", "c"});
  Ints counting(24);
  std::iota(counting.begin(), counting.end(), 0);
  REQUIRE(npz.at("fortran").shape() == Ints{2, 3, 4});
  REQUIRE(npz.at("fortran").ints() == counting);
  REQUIRE(npz.at("scalar").rank() == 0);
  REQUIRE(npz.at("scalar").ints() == Ints{42});
  REQUIRE(npz.at("empty").shape() == Ints{0, 5});
  REQUIRE(npz.at("empty").floats().empty());
  REQUIRE(npz.at("empty_fortran").shape() == Ints{4, 0});
}

TEST_CASE("npz: Python objects are refused where they are asked for, and only there", "[data]") {
  const NpzArchive npz = read_npz(kNumpyFiles + "/objects.npz");
  REQUIRE(npz.at("good").ints() == Ints{1, 2});
  REQUIRE(npz.has("bad"));
  REQUIRE_THROWS_WITH(npz.at("bad"), Contains("member \"bad\"") && Contains("unpickled"));
}

TEST_CASE("npz: reads what it writes", "[data]") {
  const attune::testing::TemporaryFolder folder;
  const std::string path = folder.path("a.npz");
  Doubles zeros(100000, 0.0);  // compresses beyond a thousandfold, and is honest
  write_npz(path, {{"counted", counted(1000)},
                   {"zeros", NpyArray::from(zeros, {100, 1000})},
                   {"none", counted(0)},
                   {"k\xc3\xb6ln", NpyArray::from_strings(Strings{"a", "bc"})}});
  const NpzArchive npz = read_npz(path);
  REQUIRE(npz.names() == Strings{"counted", "zeros", "none", "k\xc3\xb6ln"});
  REQUIRE(npz.at("counted").ints() == counted(1000).ints());
  REQUIRE(npz.at("zeros").doubles() == zeros);
  REQUIRE(npz.at("none").ints().empty());
  REQUIRE(npz.at("k\xc3\xb6ln").strings() == Strings{"a", "bc"});
  REQUIRE(attune::testing::slurp(path).size() < 10000);
  REQUIRE(folder.files() == Strings{"a.npz"});
}

TEST_CASE("npz: the same arrays give the same bytes", "[data]") {
  const std::vector<NamedArray> arrays = {{"a", counted(10)}, {"b", counted(20)}};
  REQUIRE(encode_npz(arrays) == encode_npz(arrays));
}

TEST_CASE("npz: writes and reads more members than 16 bits count", "[data]") {
  std::vector<NamedArray> arrays;
  for (int i = 0; i < 66000; ++i) {
    arrays.emplace_back(attune::core::text("m", i), counted(1));
  }
  const std::string bytes = encode_npz(arrays);
  REQUIRE(parse_npz(bytes, "x.npz", {.max_members = 66000}).names().size() == 66000);
  REQUIRE_THROWS_WITH(parse_npz(bytes, "x.npz"), Contains("expected at most 65536 members"));
}

TEST_CASE("npz: an archive without members is one", "[data]") {
  const NpzArchive npz = parse_npz(encode_npz({}), "x.npz");
  REQUIRE(npz.names().empty());
  REQUIRE_THROWS_WITH(npz.at("a"), Contains("x.npz: expected a member \"a\", found none"));
}

TEST_CASE("npz: a missing member is answered with those there are", "[data]") {
  const NpzArchive npz = parse_npz(encode_npz({{"a", counted(1)}, {"b", counted(1)}}), "x.npz");
  REQUIRE_FALSE(npz.has("c"));
  REQUIRE_THROWS_WITH(npz.at("c"), Contains("expected a member \"c\", found \"a\", \"b\""));
}

TEST_CASE("npz: refuses names that it could not read back", "[data]") {
  REQUIRE_THROWS_AS(encode_npz({{"", counted(1)}}), InvalidArgument);
  REQUIRE_THROWS_AS(encode_npz({{"a", counted(1)}, {"a", counted(1)}}), InvalidArgument);
  REQUIRE_THROWS_AS(encode_npz({{std::string(65536, 'a'), counted(1)}}), InvalidArgument);
}

TEST_CASE("npz: a comment behind the archive is allowed", "[data]") {
  std::string bytes = raw_zip({{.name = "a.npy", .data = encode_npy(counted(3))}});
  bytes[bytes.size() - 2] = 5;
  REQUIRE(parse_npz(bytes + "hello", "x.npz").at("a").ints() == Ints{0, 1, 2});
}
