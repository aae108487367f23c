#include <cmath>
#include <limits>
#include <string>

#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/npy.hpp>

using attune::FileError;
using attune::InvalidArgument;
using attune::data::encode_npy;
using attune::data::NpyArray;
using attune::data::NpyType;
using attune::data::parse_npy;
using attune::data::read_npy;
using Catch::Matchers::Contains;

namespace {

const std::string kNumpyFiles = ATTUNE_NUMPY_FILES;

// A version 1.0 file with any header and any elements.
std::string npy(const std::string& header, const std::string& elements = {}) {
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header + elements;
}

std::string header(const std::string& descr, const std::string& shape, bool fortran_order = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

std::string message_of(const std::string& bytes) {
  try {
    (void)parse_npy(bytes, "x.npy");
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("npy: reads what it writes", "[data]") {
  const std::vector<double> values = {0.1, -1e300, std::numeric_limits<double>::infinity(),
                                      0,   5,      6};
  const NpyArray array = NpyArray::from(values, {2, 3});
  const NpyArray back = parse_npy(encode_npy(array), "x.npy");
  REQUIRE(back.type() == NpyType::f8);
  REQUIRE(back.shape() == std::vector<std::int64_t>{2, 3});
  REQUIRE(back.doubles() == values);
  REQUIRE(back.raw() == array.raw());

  const std::vector<std::string> words = {"K\xc3\xb6ln", "", "\xf0\x9f\x99\x82"};
  REQUIRE(parse_npy(encode_npy(NpyArray::from_strings(words)), "x.npy").strings() == words);
  REQUIRE(parse_npy(encode_npy(NpyArray::from_strings({})), "x.npy").strings().empty());
  const std::vector<std::int32_t> scalar = {7};
  REQUIRE(parse_npy(encode_npy(NpyArray::from(scalar, {})), "x.npy").rank() == 0);
}

TEST_CASE("npy: elements begin at a multiple of 64 bytes", "[data]") {
  for (std::int64_t n = 0; n < 300; n += 7) {
    const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(n), 1);
    REQUIRE((encode_npy(NpyArray::from(bytes, {n})).size() - bytes.size()) % 64 == 0);
  }
}

TEST_CASE("npy: writes a file and reads it", "[data]") {
  const attune::testing::TemporaryFolder folder;
  const std::vector<std::int64_t> values = {1, -2, 3};
  attune::data::write_npy(folder.path("a.npy"), NpyArray::from(values, {3}));
  REQUIRE(read_npy(folder.path("a.npy")).ints() == values);
  REQUIRE(folder.files() == std::vector<std::string>{"a.npy"});
  REQUIRE_THROWS_AS(read_npy(folder.path("a.npy"), 100), FileError);
  REQUIRE_THROWS_AS(read_npy(folder.path("b.npy")), FileError);
}

TEST_CASE("npy: reads version 2.0 files of numpy", "[data]") {
  REQUIRE(read_npy(kNumpyFiles + "/version2.npy").doubles() == std::vector<double>{1, 2});
}

TEST_CASE("npy: refuses types it does not hold, by name", "[data]") {
  REQUIRE_THROWS_WITH(
      read_npy(kNumpyFiles + "/big_endian.npy"),
      Contains("big_endian.npy:10: expected a little-endian dtype") && Contains("\">i4\""));
  REQUIRE_THROWS_WITH(read_npy(kNumpyFiles + "/complex.npy"), Contains("\"<c16\""));
  REQUIRE_THROWS_WITH(read_npy(kNumpyFiles + "/record.npy"), Contains("found a record type"));
  REQUIRE_THAT(message_of(npy(header("|O", "(1,)"), "cos\nsystem")), Contains("unpickled"));
  for (const char* descr : {"<f2", "<f16", "<i3", "|i4", "=i4", "i4", "<", "", "<U0", "|S0", "<U-1",
                            "<U9999999999", "|V8", "<M8[s]", "<U1x"}) {
    CAPTURE(descr);
    REQUIRE_THAT(message_of(npy(header(descr, "(1,)"), std::string(16, '\0'))),
                 Contains("x.npy:10: expected a little-endian dtype"));
  }
}

TEST_CASE("npy: reads headers in any order and spacing", "[data]") {
  const std::string one = std::string("\x07\x00\x00\x00", 4);
  for (const char* text :
       {"{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }",
        "{\"shape\":(1,),\"fortran_order\":True,\"descr\":\"<i4\"}",
        "{ 'shape' : ( 1L , ) , 'descr' : '<i4' , 'fortran_order' : False }   \n",
        "{'descr': '<i4', 'fortran_order': False, 'shape': ()}"}) {
    CAPTURE(text);
    REQUIRE(parse_npy(npy(text, one), "x.npy").ints() == std::vector<std::int64_t>{7});
  }
}

TEST_CASE("npy: refuses headers that are not the one dictionary, with the position", "[data]") {
  for (const char* text :
       {"", "{", "}", "{}", "[]", "{'descr': '<i4'}", "{'descr': '<i4', 'fortran_order': False}",
        "{'descr': '<i4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (1)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': [1]}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<i4', 'descr': '<i4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<i\\x34', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<i4, 'fortran_order': False, 'shape': (1,)}"}) {
    CAPTURE(text);
    const std::string message = message_of(npy(text, std::string(4, '\0')));
    CAPTURE(message);
    REQUIRE_THAT(message, Contains("x.npy:") && Contains("expected"));
  }
  std::string deep = "(";
  for (int i = 0; i < 33; ++i) {
    deep += "1,";
  }
  REQUIRE_THAT(message_of(npy(header("<i4", deep + ")"), std::string(4, '\0'))),
               Contains("at most 32 dimensions"));
}

TEST_CASE("npy: sizes are judged before memory is taken", "[data]") {
  const std::string four(4, '\0');
  REQUIRE_THAT(message_of(npy(header("<i4", "(1000000000000,)"), four)),
               Contains("expected 4000000000000 bytes of elements") && Contains("found 4"));
  REQUIRE_THAT(message_of(npy(header("<i4", "(4611686018427387904, 4)"), four)),
               Contains("more than 2^63 - 1"));
  REQUIRE_THAT(message_of(npy(header("<i4", "(2,)"), four)), Contains("expected 8 bytes"));
  REQUIRE_THAT(message_of(npy(header("<i4", "()"), {})), Contains("expected 4 bytes"));
  REQUIRE_THAT(message_of(npy(header("<i4", "(0,)"), four)), Contains("expected 0 bytes"));
}

TEST_CASE("npy: a size of zero beside huge ones is an empty array", "[data]") {
  for (const bool fortran_order : {false, true}) {
    const std::string shape = "(4611686018427387904, 4611686018427387904, 0)";
    const NpyArray array = parse_npy(npy(header("<i4", shape, fortran_order)), "x.npy");
    REQUIRE(array.num_elements() == 0);
    REQUIRE(array.ints().empty());
    const std::string reversed = "(0, 4611686018427387904, 4611686018427387904)";
    REQUIRE(parse_npy(npy(header("<i4", reversed, fortran_order)), "x.npy").doubles().empty());
  }
}

TEST_CASE("npy: every truncation is refused with the position", "[data]") {
  const std::vector<double> values = {1, 2, 3};
  const std::string whole = encode_npy(NpyArray::from(values, {3}));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    REQUIRE_THAT(message_of(whole.substr(0, length)), Contains("x.npy:") && Contains("expected"));
  }
  REQUIRE_THAT(message_of(whole + '\0'), Contains("expected 24 bytes"));
}

TEST_CASE("npy: refuses other files and versions", "[data]") {
  REQUIRE_THAT(message_of("PK\x03\x04 and so on"), Contains("x.npy:0: expected a .npy file"));
  std::string other = npy(header("<i4", "()"), std::string(4, '\0'));
  other[6] = 4;
  REQUIRE_THAT(message_of(other), Contains("x.npy:6: expected .npy version"));
  other[6] = 0;
  REQUIRE_THAT(message_of(other), Contains("found 0.0"));
  std::string huge("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
  REQUIRE_THAT(message_of(huge), Contains("header of at most 65536 bytes, found 4294967295"));
}

TEST_CASE("npy: converts only where nothing is lost", "[data]") {
  const std::vector<std::int64_t> beyond = {(std::int64_t{1} << 53) + 1};
  REQUIRE_THROWS_WITH(NpyArray::from(beyond, {1}).doubles(), Contains("found 9007199254740993"));
  REQUIRE(NpyArray::from(beyond, {1}).ints() == beyond);
  const std::vector<double> fraction = {0.5};
  REQUIRE_THROWS_WITH(NpyArray::from(fraction, {1}).ints(), Contains("expected integers"));
  REQUIRE_THROWS_WITH(NpyArray::from(fraction, {1}).strings(), Contains("expected strings"));
  const std::vector<std::string> word = {"a"};
  REQUIRE_THROWS_WITH(NpyArray::from_strings(word).doubles(), Contains("expected numbers"));
  REQUIRE_THROWS_AS(NpyArray::from(fraction, {2}), InvalidArgument);
  REQUIRE_THROWS_AS(NpyArray::from(fraction, {-1, -1}), InvalidArgument);
  const std::vector<std::string> latin = {"K\xf6ln"};
  REQUIRE_THROWS_AS(NpyArray::from_strings(latin), InvalidArgument);
}

TEST_CASE("npy: strings that are not Unicode are refused", "[data]") {
  for (const std::string& point :
       {std::string("\x00\xd8\x00\x00", 4), std::string("\x00\x00\x11\x00", 4)}) {
    const NpyArray array = parse_npy(npy(header("<U1", "(1,)"), point), "x.npy");
    REQUIRE_THROWS_WITH(array.strings(), Contains("x.npy: expected Unicode"));
  }
}

TEST_CASE("npy: require_shape names both shapes", "[data]") {
  const std::vector<double> values = {1, 2, 3, 4, 5, 6};
  const NpyArray array = NpyArray::from(values, {2, 3});
  REQUIRE_NOTHROW(array.require_shape({2, 3}));
  REQUIRE_NOTHROW(array.require_shape({-1, 3}));
  REQUIRE_THROWS_WITH(array.require_shape({-1, 4}),
                      Contains("expected shape [any, 4], found [2, 3]"));
  REQUIRE_THROWS_AS(array.require_shape({6}), FileError);
}
