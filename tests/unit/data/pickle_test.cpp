#include "data/pickle.hpp"

#include <limits>
#include <utility>

#include <catch2/catch.hpp>

#include "support/pickle_writer.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

namespace {

using Catch::Contains;
using core::text;
using testing::pickle::file;
using testing::pickle::global;
using testing::pickle::integer;
using testing::pickle::string;
using namespace std::string_literals;

/// Message of the FileError that the bytes give.
std::string error_of(const std::string& bytes) {
  try {
    static_cast<void>(Pickle::parse(bytes, "file"));
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

std::int64_t integer_of(const std::string& bytes) {
  const Pickle pickle = Pickle::parse(bytes, "file");
  CHECK(pickle.root().kind == PickleKind::integer);
  return pickle.root().number;
}

}  // namespace

TEST_CASE("Pickle: integers of one, two and four bytes", "[data]") {
  CHECK(integer_of("\x80\x02K\xff.") == 255);
  CHECK(integer_of("\x80\x02M\xff\xff.") == 65535);
  CHECK(integer_of("\x80\x02J\xff\xff\xff\xff.") == -1);
  CHECK(integer_of("\x80\x02J\0\0\0\x80."s) == -2147483648LL);
  CHECK(integer_of("\x80\x03K\x07.") == 7);
}

TEST_CASE("Pickle: None, booleans and strings", "[data]") {
  CHECK(Pickle::parse("\x80\x02N.", "file").root().kind == PickleKind::none);
  CHECK(Pickle::parse("\x80\x02\x88.", "file").root().number == 1);
  CHECK(Pickle::parse("\x80\x02\x89.", "file").root().number == 0);
  const auto content = [](const std::string& bytes) {
    const Pickle pickle = Pickle::parse(bytes, "file");
    return std::string(pickle.string(pickle.root()));
  };
  CHECK(content("\x80\x02U\x03"
                "a\0b."s) == "a\0b"s);
  CHECK(content("\x80\x02T\x03\0\0\0abc."s) == "abc");
  CHECK(content("\x80\x02"
                "B\x03\0\0\0abc."s) == "abc");
  CHECK(content("\x80\x02"
                "C\x03"
                "abc.") == "abc");
  CHECK(content("\x80\x02X\x02\0\0\0\xc3\xa9."s) == "\xc3\xa9");
  CHECK(content("\x80\x02U\0."s).empty());
}

TEST_CASE("Pickle: tuples, lists and dicts hold their items in order", "[data]") {
  const auto kinds_and_numbers = [](const std::string& bytes) {
    const Pickle pickle = Pickle::parse(bytes, "file");
    std::vector<std::int64_t> numbers;
    for (const PickleValue item : pickle.items(pickle.root())) {
      numbers.push_back(item.number);
    }
    return std::pair(pickle.root().kind, numbers);
  };
  using Numbers = std::vector<std::int64_t>;
  CHECK(kinds_and_numbers(file(")")) == std::pair(PickleKind::tuple, Numbers{}));
  CHECK(kinds_and_numbers(file("K\1\x85")) == std::pair(PickleKind::tuple, Numbers{1}));
  CHECK(kinds_and_numbers(file("K\1K\2\x86")) == std::pair(PickleKind::tuple, Numbers{1, 2}));
  CHECK(kinds_and_numbers(file("K\1K\2K\3\x87")) == std::pair(PickleKind::tuple, Numbers{1, 2, 3}));
  CHECK(kinds_and_numbers(file("(K\1K\2K\3K\4t")) ==
        std::pair(PickleKind::tuple, Numbers{1, 2, 3, 4}));
  CHECK(kinds_and_numbers(file("]K\1a(K\2K\3e")) == std::pair(PickleKind::list, Numbers{1, 2, 3}));
  CHECK(kinds_and_numbers(file("}K\1K\2s(K\3K\4u")) ==
        std::pair(PickleKind::dict, Numbers{1, 2, 3, 4}));
  CHECK(kinds_and_numbers(file(text(global("collections", "defaultdict"),
                                    global("__builtin__", "list"), "\x85R(K\3K\4u"))) ==
        std::pair(PickleKind::dict, Numbers{3, 4}));
}

TEST_CASE("Pickle: what was put is got, and both names mean one object", "[data]") {
  const std::string bytes = file("]q\1h\1K\7a\x86");
  const Pickle pickle = Pickle::parse(bytes, "file");
  const std::span<const PickleValue> both = pickle.items(pickle.root());
  REQUIRE(both.size() == 2);
  REQUIRE(pickle.items(both[0]).size() == 1);
  CHECK(pickle.items(both[0])[0].number == 7);
  CHECK(pickle.items(both[0]).data() == pickle.items(both[1]).data());
  const std::string far = file("K\5r\xff\x01\0\0\x85q\1j\xff\x01\0\0\x86"s);
  const Pickle other = Pickle::parse(far, "file");
  CHECK(other.items(other.root())[1].number == 5);
}

TEST_CASE("Pickle: a list that contains itself is read", "[data]") {
  const std::string bytes = file(
      "]q\1h\1"
      "a");
  const Pickle pickle = Pickle::parse(bytes, "file");
  REQUIRE(pickle.items(pickle.root()).size() == 1);
  CHECK(pickle.items(pickle.root())[0].number == pickle.root().number);
}

TEST_CASE("Pickle: an array carries shape, type and elements", "[data]") {
  const std::string bytes = file(testing::pickle::array({2, 1}, "i4", "\1\0\0\0\xff\xff\xff\xff"s));
  const Pickle pickle = Pickle::parse(bytes, "file");
  const PickleArray& array = pickle.array(pickle.root());
  CHECK(array.shape == std::vector<std::int64_t>{2, 1});
  CHECK(array.type == 'i');
  CHECK(array.size() == 2);
  CHECK(integers(array) == std::vector<std::int64_t>{1, -1});
  CHECK(floats(array) == std::vector<float>{1, -1});
}

TEST_CASE("Pickle: arrays of eight-byte numbers convert, doubles beyond float to infinity",
          "[data]") {
  const auto array = [](const char* type, const std::string& bytes) {
    return file(testing::pickle::array({1}, type, bytes));
  };
  const std::string wide = array("i8", "\0\0\0\0\1\0\0\0"s);
  const std::string half = array("f8", "\0\0\0\0\0\0\xe0\x3f"s);
  const std::string huge = array("f8", "\0\0\0\0\0\0\xef\xff"s);
  const auto parse = [](const std::string& bytes, auto convert) {
    const Pickle pickle = Pickle::parse(bytes, "file");
    return convert(pickle.array(pickle.root()));
  };
  CHECK(parse(wide, integers) == std::vector<std::int64_t>{4294967296});
  CHECK(parse(half, floats) == std::vector<float>{0.5F});
  CHECK(parse(half, integers).empty());
  CHECK(parse(huge, floats) == std::vector<float>{-std::numeric_limits<float>::infinity()});
}

TEST_CASE("Pickle: bytes that Python 3 wrote as encoded text come back", "[data]") {
  const std::string bytes =
      file(text(global("_codecs", "encode"), "X\4\0\0\0a\xc3\xa9\x7f"s, "X\6\0\0\0latin1\x86R"s));
  const Pickle pickle = Pickle::parse(bytes, "file");
  CHECK(pickle.string(pickle.root()) == "a\xe9\x7f");
  const auto encode = [](const std::string& utf8) {
    return error_of(file(text(global("_codecs", "encode"), "X", static_cast<char>(utf8.size()),
                              "\0\0\0"s, utf8, "X\6\0\0\0latin1\x86R"s)));
  };
  for (const char* text : {"\xc3", "\xc4\x80", "\xe2\x82\xac", "\x80", "\xc3\xff"}) {
    CHECK_THAT(encode(text), Contains("REDUCE: expected text of latin1"));
  }
}

TEST_CASE("Pickle: a global that is not needed is refused by name and offset", "[data]") {
  CHECK(error_of(file(text("N", global("os", "system"), string("true"), "\x85R"))) ==
        "file:3: global \"os system\" is not among those that data files need");
  for (const auto& [module, name] : std::initializer_list<std::pair<const char*, const char*>>{
           {"__builtin__", "eval"},
           {"builtins", "exec"},
           {"__builtin__", "getattr"},
           {"posix", "system"},
           {"subprocess", "Popen"},
           {"numpy", "load"},
           {"numpy", "dtype.__class__"},
           {"copy_reg", "_reconstructor"},
           {"", ""},
           {"collections", "defaultdict "}}) {
    CAPTURE(module, name);
    CHECK_THAT(error_of(file(global(module, name))),
               Contains(text("global \"", module, " ", name, "\" is not")));
  }
  CHECK_THAT(error_of(file(global("os\x1b[2J", std::string(200, 'x')))),
             Contains("global \"os?[2J xxx") && Contains("xxx...\""));
  CHECK_THAT(error_of(file(text("c", std::string(100000, 'x')))),
             Contains("a name of at most 256"));
}

TEST_CASE("Pickle: an opcode that is not needed is refused by name and offset", "[data]") {
  const std::pair<char, const char*> refused[] = {{'0', "POP"},
                                                  {'1', "POP_MARK"},
                                                  {'2', "DUP"},
                                                  {'F', "FLOAT"},
                                                  {'G', "BINFLOAT"},
                                                  {'I', "INT"},
                                                  {'L', "LONG"},
                                                  {'\x8a', "LONG1"},
                                                  {'\x8b', "LONG4"},
                                                  {'S', "STRING"},
                                                  {'V', "UNICODE"},
                                                  {'\x8c', "SHORT_BINUNICODE"},
                                                  {'\x8d', "BINUNICODE8"},
                                                  {'\x8e', "BINBYTES8"},
                                                  {'\x96', "BYTEARRAY8"},
                                                  {'\x97', "NEXT_BUFFER"},
                                                  {'\x98', "READONLY_BUFFER"},
                                                  {'P', "PERSID"},
                                                  {'Q', "BINPERSID"},
                                                  {'l', "LIST"},
                                                  {'d', "DICT"},
                                                  {'g', "GET"},
                                                  {'p', "PUT"},
                                                  {'\x94', "MEMOIZE"},
                                                  {'i', "INST"},
                                                  {'o', "OBJ"},
                                                  {'\x92', "NEWOBJ_EX"},
                                                  {'\x82', "EXT1"},
                                                  {'\x83', "EXT2"},
                                                  {'\x84', "EXT4"},
                                                  {'\x93', "STACK_GLOBAL"},
                                                  {'\x95', "FRAME"},
                                                  {'\x8f', "EMPTY_SET"},
                                                  {'\x90', "ADDITEMS"},
                                                  {'\x91', "FROZENSET"}};
  for (const auto& [code, name] : refused) {
    CAPTURE(name);
    CHECK(error_of(text("\x80\x02N", code, "os\nsystem\n.")) ==
          text("file:3: opcode ", name, " is not among those that data files need"));
  }
}

TEST_CASE("Pickle: every byte is a known opcode, a refused one or none at all", "[data]") {
  int refused = 0;
  int unknown = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string error = error_of(text("\x80\x02", static_cast<char>(byte)));
    refused += error.find("is not among") != std::string::npos ? 1 : 0;
    unknown += error.find("expected a pickle opcode, found the byte 0x") != std::string::npos;
    CHECK(error != "no error");
  }
  CHECK(refused == 35);
  CHECK(unknown == 256 - 68);
}

TEST_CASE("Pickle: only csr_matrix is made and only known functions are applied", "[data]") {
  const std::string list = global("__builtin__", "list");
  CHECK_THAT(error_of(file(text(list, ")\x81"))), Contains("NEWOBJ: expected csr_matrix"));
  CHECK_THAT(error_of(file(text(global("scipy.sparse.csr", "csr_matrix"), "K\1\x85\x81"))),
             Contains("NEWOBJ: expected no arguments"));
  CHECK_THAT(error_of(file(text(list, ")R"))), Contains("REDUCE: expected defaultdict"));
  CHECK_THAT(error_of(file("K\1)R")), Contains("REDUCE: expected a global to apply"));
  CHECK_THAT(error_of(file(text(list, "NR"))), Contains("REDUCE: expected a tuple"));
  CHECK_THAT(error_of(file("]}b")), Contains("BUILD: expected an array"));
  CHECK_THAT(
      error_of(file(text(global("collections", "defaultdict"), global("numpy", "dtype"), "\x85R"))),
      Contains("REDUCE: expected defaultdict(list)"));
}

TEST_CASE("Pickle: arrays whose bytes do not fit their shape are refused", "[data]") {
  using testing::pickle::array;
  CHECK_THAT(error_of(file(array({3}, "i4", "12345678"))),
             Contains("BUILD: expected elements for a shape [3] of 4-byte items, found 8 bytes"));
  CHECK_THAT(error_of(file(array({-1}, "i4", ""))), Contains("not negative"));
  CHECK_THAT(error_of(file(array({2147483647, 2147483647, 2147483647, 2147483647}, "i4", ""))),
             Contains("found 0 bytes"));
  CHECK(error_of(file(array({0, 2147483647, 2147483647}, "i4", ""))) == "no error");
  CHECK_THAT(error_of(file(array({1, 1, 1, 1, 1}, "i4", "1234"))), Contains("at most 4"));
  CHECK_THAT(error_of(file(array({1}, "O8", "12345678"))),
             Contains("expected objects without a byte order (\"|\"), found \"<\""));
  CHECK_THAT(error_of(file(array({1}, "O4", "1234"))), Contains("found \"O4\""));
  CHECK_THAT(error_of(file(array({1}, "S4", "1234"))), Contains("expected a dtype i4, i8, f4"));
}

TEST_CASE("Pickle: an array of objects holds the values that were put in", "[data]") {
  using testing::pickle::object_array;
  const std::string bytes = file(object_array({2}, {"K\7", "]"}));
  const Pickle pickle = Pickle::parse(bytes, "file");
  const PickleArray& array = pickle.array(pickle.root());
  CHECK(array.type == 'O');
  CHECK(array.shape == std::vector<std::int64_t>{2});
  CHECK(array.size() == 0);
  CHECK(integers(array).empty());
  CHECK(floats(array).empty());
  REQUIRE(pickle.items(array.objects).size() == 2);
  CHECK(pickle.items(array.objects)[0].number == 7);
  CHECK(pickle.items(array.objects)[1].kind == PickleKind::list);
}

TEST_CASE("Pickle: an array of objects that contradicts itself is refused", "[data]") {
  using testing::pickle::object_array;
  CHECK_THAT(error_of(file(object_array({2}, {"K\7"}))),
             Contains("BUILD: expected objects for a shape [2], found 1"));
  CHECK_THAT(error_of(file(object_array({}, {}))), Contains("shape [], found 0"));
  CHECK_THAT(error_of(file(object_array({2147483647, 2147483647}, {"N"}))), Contains("found 1"));
  std::string ordered = file(object_array({1}, {"N"}));
  ordered[ordered.find('|')] = '<';
  CHECK_THAT(error_of(ordered), Contains("expected objects without a byte order"));
  std::string bytes = file(object_array({1}, {"N"}));
  bytes.replace(bytes.rfind("](Ne"), 4, "U\2xx");
  CHECK_THAT(error_of(bytes), Contains("BUILD: expected a list of elements, found bytes"));
}

TEST_CASE("Pickle: big-endian and compound types are refused", "[data]") {
  std::string swapped = file(testing::pickle::array({1}, "i4", "1234"));
  swapped[swapped.find('<')] = '>';
  CHECK_THAT(error_of(swapped), Contains("expected little-endian numbers (\"<\"), found \">\""));
  std::string compound = file(testing::pickle::array({1}, "i4", "1234"));
  compound.replace(compound.find("NNN"), 3, "NN)");
  CHECK_THAT(error_of(compound), Contains("found a compound one"));
}

TEST_CASE("Pickle: a stack or memory that lacks what is asked for is an error", "[data]") {
  CHECK_THAT(error_of("\x80\x02."), Contains("STOP: expected a value on the stack"));
  CHECK_THAT(error_of(file("a")), Contains("APPEND: expected 1 values on the stack, found 0"));
  CHECK_THAT(error_of(file("K\1K\2"
                           "a")),
             Contains("APPEND: expected a list below the items, found an integer"));
  CHECK_THAT(error_of(file("](K\1("
                           "a")),
             Contains("APPEND: expected 1 values on the stack, found 0"));
  CHECK_THAT(error_of(file("]K\1"
                           "e")),
             Contains("APPENDS: expected a mark"));
  CHECK_THAT(error_of(file("(K\1"
                           "e")),
             Contains("APPENDS: expected a list below the items, found none"));
  CHECK_THAT(error_of(file("}(K\1u")), Contains("SETITEMS: expected a value for each key"));
  CHECK_THAT(error_of(file("](K\1K\2u")),
             Contains("SETITEMS: expected a dict below the items, found a list"));
  CHECK_THAT(error_of(file("t")), Contains("TUPLE: expected a mark"));
  CHECK_THAT(error_of(file("K\1\x86")), Contains("TUPLE2: expected 2 values"));
  CHECK_THAT(error_of(file("K\1(\x85")), Contains("TUPLE1: expected 1 values on the stack"));
  CHECK_THAT(error_of(file("h\7")), Contains("BINGET: expected a value remembered as 7"));
  CHECK_THAT(error_of(file("q\7")), Contains("BINPUT: expected a value on the stack"));
  CHECK_THAT(error_of(file("NN")), Contains("STOP: expected one value on the stack"));
  CHECK_THAT(error_of(file("(N")), Contains("STOP: expected one value on the stack"));
  CHECK_THAT(error_of(text(file("N"), "x")), Contains("STOP: expected the end of the file"));
}

TEST_CASE("Pickle: lengths beyond the file are errors, not allocations", "[data]") {
  CHECK(error_of("\x80\x02T\xff\xff\xff\x7f"
                 "abc.") ==
        "file:2: BINSTRING: expected 2147483647 bytes more at offset 7, found 4 (truncated?)");
  CHECK_THAT(error_of("\x80\x02T\xff\xff\xff\xff"
                      "abc."),
             Contains("length of at least 0"));
  CHECK_THAT(error_of("\x80\x02X\xff\xff\xff\xff"
                      "abc."),
             Contains("expected 4294967295 bytes"));
  CHECK_THAT(error_of("\x80\x02"
                      "B\xff\xff\xff\xff"
                      "abc."),
             Contains("expected 4294967295"));
  CHECK_THAT(error_of("\x80\x02N"), Contains("file:3: opcode: expected 1 bytes more"));
  CHECK_THAT(error_of(file("Nr\xff\xff\xff\xff")), Contains("more memory than a file of"));
}

TEST_CASE("Pickle: a file that is no pickle, or one of another protocol, says so", "[data]") {
  CHECK_THAT(error_of(""), Contains("expected a pickle of protocol 2 or 3, found an empty file"));
  CHECK_THAT(error_of("(dp0\n."), Contains("another first byte than 0x80"));
  CHECK_THAT(error_of("\x80\x04\x95"), Contains("PROTO: expected protocol 2 or 3, found 4"));
  CHECK_THAT(error_of("\x80"), Contains("PROTO: expected 1 bytes more"));
}

TEST_CASE("Pickle: a file that asks for far more memory than it has bytes is refused", "[data]") {
  const std::size_t count = 1'000'000;
  CHECK_THAT(error_of(file(std::string(2 * count, ']'))), Contains("more memory than a file of"));
  CHECK_THAT(error_of(file(std::string(10 * count, 'N'))), Contains("more memory than a file of"));
  CHECK_THAT(error_of(file(std::string(10 * count, '('))), Contains("more memory than a file of"));
}

TEST_CASE("Pickle: a graph of a million edges has the memory it needs", "[data]") {
  // As PubMed's, ten times as large.
  std::vector<std::pair<std::int64_t, std::vector<std::int64_t>>> neighbours;
  for (std::int64_t node = 0; node < 200'000; ++node) {
    neighbours.push_back({node, {1, 200, 3000, 40000, 50000}});
  }
  CHECK(error_of(testing::pickled_graph(neighbours)) == "no error");
}

TEST_CASE("Pickle: deep nesting is read without recursion", "[data]") {
  const std::string nested = file(text(")", std::string(100'000, '\x85')));
  CHECK(error_of(nested) == "no error");
}

}  // namespace attune::data
