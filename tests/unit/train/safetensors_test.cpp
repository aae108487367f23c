#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/train/safetensors.hpp>

using attune::FileError;
using attune::InvalidArgument;
using attune::core::DType;
using attune::core::Shape;
using attune::core::Tensor;
using attune::train::decode_safetensors;
using attune::train::encode_safetensors;
using attune::train::IntegerTensor;
using attune::train::read_safetensors;
using attune::train::Safetensors;
using attune::train::write_safetensors;
using Catch::Matchers::Contains;

namespace {

// A file with the given header and data, whatever they are.
std::string file_of(const std::string& header, const std::string& data = "") {
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  return bytes + header + data;
}

Safetensors decode(const std::string& bytes) {
  // A copy of exactly this size: reading beyond it is seen by the sanitizers.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  return decode_safetensors({exact.data(), exact.size()}, "file");
}

Safetensors sample() {
  Safetensors content;
  content.tensors["layers.0.weight"] =
      Tensor::from(std::vector<float>{1.5F, -2.0F, 0.0F, 1e-40F, 3e38F, -0.0F}, {2, 3});
  content.tensors["moment"] = Tensor::from(std::vector<double>{0.1, -0.2}, {2});
  content.tensors["scalar"] = Tensor::from(std::vector<float>{7}, {});
  content.tensors["nothing"] = Tensor::zeros({0, 4});
  content.integers["step"] = {Shape{1}, {std::int64_t{1} << 60}};
  content.metadata = {{"format", "attune"}, {"quote\"", "\xC3\xA4\n"}};
  return content;
}

void require_equal(const Safetensors& a, const Safetensors& b) {
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    CAPTURE(name);
    REQUIRE(b.tensors.contains(name));
    const Tensor& other = b.tensors.at(name);
    REQUIRE(tensor.shape() == other.shape());
    REQUIRE(tensor.dtype() == other.dtype());
    attune::core::dispatch(tensor.dtype(), [x = tensor, y = other]<class T>() {
      CHECK(std::memcmp(x.data<T>().data(), y.data<T>().data(), x.data<T>().size_bytes()) == 0);
    });
  }
  REQUIRE(a.integers.size() == b.integers.size());
  for (const auto& [name, integers] : a.integers) {
    CHECK(b.integers.at(name).values == integers.values);
    CHECK(b.integers.at(name).shape == integers.shape);
  }
  CHECK(a.metadata == b.metadata);
}

}  // namespace

TEST_CASE("safetensors: what is written is read back to the bit", "[train][safetensors]") {
  const attune::testing::TemporaryFolder folder;
  const std::string path = folder.path("model.safetensors");
  write_safetensors(path, sample());
  require_equal(read_safetensors(path), sample());
  CHECK(folder.files() == std::vector<std::string>{"model.safetensors"});
  require_equal(decode(encode_safetensors({})), {});
}

TEST_CASE("safetensors: equal content gives equal bytes, aligned to the elements",
          "[train][safetensors]") {
  const std::string bytes = encode_safetensors(sample());
  CHECK(bytes == encode_safetensors(decode(bytes)));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  CHECK(length % 8 == 0);
}

// The bytes of safetensors' own documentation: a header with unpadded length, compact JSON.
TEST_CASE("safetensors: reads a file laid out by hand", "[train][safetensors]") {
  const float values[] = {1.0F, 2.0F, 3.0F};
  const std::int64_t index = -5;
  std::string data(reinterpret_cast<const char*>(&index), sizeof index);
  data.insert(0, reinterpret_cast<const char*>(values), sizeof values);
  const Safetensors content = decode(
      file_of(R"({"i":{"dtype":"I64","shape":[],"data_offsets":[12,20]},"__metadata__":{"a":"b"},)"
              R"( "w":{"data_offsets":[0,12],"shape":[1,3],"dtype":"F32"}}  )",
              data));
  CHECK(content.tensors.at("w").shape() == Shape{1, 3});
  CHECK(content.tensors.at("w").data<float>()[2] == 3.0F);
  CHECK(content.integers.at("i").values == std::vector<std::int64_t>{-5});
  CHECK(content.metadata.at("a") == "b");
}

TEST_CASE("safetensors: hostile headers are refused with their reason", "[train][safetensors]") {
  const std::string eight(8, 'x');
  const auto entry = [](const std::string& shape, const std::string& offsets) {
    return R"({"w":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "at least 8 bytes, found 0"},
      {"1234567", "at least 8 bytes, found 7"},
      {std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10), "header of at most 100000000"},
      {std::string("\x03\0\0\0\0\0\0\0{}", 10), "header of 3 bytes, found 2"},
      {std::string(8, '\0'), "begins with {"},
      {file_of(" {}"), "begins with {"},
      {file_of("{"), "not JSON"},
      {file_of("{}}"), "not JSON"},
      {file_of("{} x"), "not JSON"},
      {file_of("{\"\xFF\":1}"), "not JSON"},
      {file_of("{}", "x"), "expected 0 bytes of data, found 1"},
      {file_of(R"({"w":1})"), "an object for w, found a number"},
      {file_of(R"({"w":[]})"), "an object for w, found an array"},
      {file_of(R"({"w":{}})"), "dtype is missing"},
      {file_of(R"({"w":{"dtype":"F32","shape":[2]}})"), "data_offsets is missing"},
      {file_of(R"({"w":{"dtype":"F32","data_offsets":[0,8]}})", eight), "shape is missing"},
      {file_of(R"({"w":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}})", eight),
       "found F8_E4M3"},
      {file_of(R"({"w":{"dtype":7,"shape":[2],"data_offsets":[0,8]}})", eight), "a string for"},
      {file_of(R"({"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", eight),
       "dtype comes twice"},
      {file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", eight),
       "found x"},
      {file_of(R"({"w":{"dtype":{},"shape":[2],"data_offsets":[0,8]}})", eight), "an object"},
      {file_of(entry("[[2]]", "[0,8]"), eight), "a whole number in shape of w, found an array"},
      {file_of(entry("{}", "[0,8]"), eight), "found an object"},
      {file_of(entry("[-2]", "[0,8]"), eight), "a negative number"},
      {file_of(entry("[2.0]", "[0,8]"), eight), "the number 2.0"},
      {file_of(entry("[18446744073709551616]", "[0,8]"), eight), "the number 18446744073709551616"},
      {file_of(entry("[null]", "[0,8]"), eight), "null"},
      {file_of(entry("[true]", "[0,8]"), eight), "true or false"},
      {file_of(entry("[1,1,1,1,2]", "[0,8]"), eight), "at most 4 dimensions"},
      {file_of(entry("[3]", "[0,8]"), eight), "expected 3 elements of 4 bytes, found 8 bytes"},
      {file_of(entry("[1]", "[0,8]"), eight), "expected 1 elements"},
      {file_of(entry("[2]", "[0,7]"), std::string(7, 'x')), "found 7 bytes"},
      {file_of(entry("[1000000]", "[0,4]"), "1234"), "expected 1000000 elements"},
      // Products that wrap to 4 elements, and to 0.
      {file_of(entry("[4194305,4194305,211106198978564]", "[0,16]"), eight + eight), "2^62"},
      {file_of(entry("[4294967296,4294967296]", "[0,0]")), "2^62"},
      {file_of(entry("[9223372036854775808,0]", "[0,0]")), "2^62"},
      {file_of(entry("[4611686018427387904]", "[0,0]")), "expected 4611686018427387904 elements"},
      {file_of(entry("[2]", "[0]"), eight), "expected 2 data_offsets, found 1"},
      {file_of(entry("[2]", "[0,4,8]"), eight), "expected 2 data_offsets, found 3"},
      {file_of(entry("[0]", "[8,0]"), eight), "decrease"},
      {file_of(entry("[2]", "[4,12]"), eight + "1234"), "data at offset 0, found 4"},
      {file_of(entry("[2]", "[0,8]"), eight + "1"), "expected 8 bytes of data, found 9"},
      {file_of(entry("[2]", "[0,8]"), "1234567"), "expected 8 bytes of data, found 7"},
      {file_of(entry("[2]", "[18446744073709551608,18446744073709551615]")), "at offset 0"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
               R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
               eight + "1234"),
       "in another tensor"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
               eight + "1234"),
       "b: expected its data at offset 4, found 8"},
      {file_of(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)"
               R"("a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})"),
       "a comes twice"},
      {file_of(R"({"__metadata__":{"a":1}})"), "a string for a in __metadata__"},
      {file_of(R"({"__metadata__":{"a":"1","a":"2"}})"), "a comes twice in __metadata__"},
      {file_of(R"({"__metadata__":{},"__metadata__":{}})"), "__metadata__ comes twice"},
      {file_of(R"({"__metadata__":"x"})"), "an object for __metadata__"},
      {file_of(entry("[" + std::string(999'999, '1') + "]", "[0,0]")), "1111..."},
      {file_of(entry("[" + std::string(300, '1') + "]", "[0,0]")), "number 1111"},
      {file_of(R"({"w":)" + std::string(1'000'000, '[')), "found an array"},
      {file_of(R"({")" + std::string(1'000'000, 'w') + R"(":1})"), "www..., found a number"},
  };
  for (const auto& [bytes, reason] : cases) {
    CAPTURE(bytes.substr(0, 200));
    CHECK_THROWS_WITH(decode(bytes), Contains(reason));
    try {
      (void)decode(bytes);
    } catch (const FileError& error) {
      CHECK(std::string(error.what()).size() < 500);
    }
  }
}

TEST_CASE("safetensors: a shape of a million ones is refused before it is kept",
          "[train][safetensors]") {
  std::string shape = "[1";
  for (int i = 0; i < 1'000'000; ++i) {
    shape += ",1";
  }
  CHECK_THROWS_WITH(
      decode(file_of(R"({"w":{"dtype":"F32","shape":)" + shape + R"(],"data_offsets":[0,4]}})",
                     "1234")),
      Contains("more than 64 numbers"));
}

TEST_CASE("safetensors: cut anywhere, a file is refused", "[train][safetensors]") {
  const std::string bytes = encode_safetensors(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(decode(bytes.substr(0, size)), FileError);
  }
  CHECK_THROWS_AS(decode(bytes + "x"), FileError);
}

TEST_CASE("safetensors: with any bit flipped, a file is refused or well formed",
          "[train][safetensors]") {
  const std::string bytes = encode_safetensors(sample());
  int refused = 0;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string mutant = bytes;
    mutant[bit / 8] = static_cast<char>(mutant[bit / 8] ^ (1 << (bit % 8)));
    try {
      const Safetensors content = decode(mutant);
      REQUIRE(decode(encode_safetensors(content)).tensors.size() == content.tensors.size());
    } catch (const FileError&) {
      ++refused;
    }
  }
  CHECK(refused > static_cast<int>(bytes.size()));
}

TEST_CASE("safetensors: two thousand random mutants are refused or well formed",
          "[train][safetensors]") {
  const std::string bytes = encode_safetensors(sample());
  const attune::core::RandomStream random(1, attune::core::Purpose::generation);
  std::uint64_t drawn = 0;
  const auto below = [&](std::uint64_t bound) { return random.below(drawn++, bound); };
  for (int m = 0; m < 2000; ++m) {
    std::string mutant = bytes;
    for (std::uint64_t edits = 1 + below(4); edits > 0; --edits) {
      const std::size_t at = below(mutant.size());
      switch (below(4)) {
        case 0:
          mutant[at] = static_cast<char>(below(256));
          break;
        case 1:
          mutant.erase(at, 1 + below(8));
          break;
        case 2:
          mutant.insert(at, mutant.substr(below(mutant.size()), 1 + below(16)));
          break;
        default:
          mutant[at] = static_cast<char>('0' + below(10));
      }
    }
    try {
      (void)decode(mutant);
    } catch (const FileError&) {
      SUCCEED();
    }
  }
}

TEST_CASE("safetensors: half and brain floats are read as float32", "[train]") {
  // 1, -2, the least subnormal, infinity; 65504 is the largest
  const std::string half("\x00\x3C\x00\xC0\x01\x00\x00\x7C\xFF\x7B\x00\x80", 12);
  const std::string brain("\x80\x3F\x00\xC0", 4);
  const std::string header = R"({"b":{"dtype":"BF16","shape":[2],"data_offsets":[12,16]},)"
                             R"("h":{"dtype":"F16","shape":[6],"data_offsets":[0,12]}})";
  const Safetensors read = decode(file_of(header, half + brain));
  const std::span<const float> b = read.tensors.at("b").data<float>();
  const std::span<const float> h = read.tensors.at("h").data<float>();
  CHECK(std::vector<float>(b.begin(), b.end()) == std::vector<float>{1, -2});
  CHECK(std::vector<float>(h.begin(), h.end()) ==
        std::vector<float>{1, -2, 0x1.0p-24F, HUGE_VALF, 65504, 0});
  CHECK(std::signbit(h[5]));
}

TEST_CASE("safetensors: refuses to write what it could not read", "[train][safetensors]") {
  Safetensors content;
  content.tensors["w"] = Tensor();
  CHECK_THROWS_WITH(encode_safetensors(content), Contains("w is undefined"));
  content.tensors["w"] = Tensor::zeros({1});
  content.integers["w"] = {Shape{1}, {1}};
  CHECK_THROWS_WITH(encode_safetensors(content), Contains("w comes twice"));
  content.integers = {{"i", IntegerTensor{Shape{2}, {1}}}};
  CHECK_THROWS_WITH(encode_safetensors(content), Contains("1 numbers for shape [2]"));
  content.integers.clear();
  content.tensors["__metadata__"] = Tensor::zeros({1});
  CHECK_THROWS_AS(encode_safetensors(content), InvalidArgument);
  content.tensors.erase("__metadata__");
  content.metadata["a"] = "\xFF";
  CHECK_THROWS_AS(encode_safetensors(content), InvalidArgument);
}
