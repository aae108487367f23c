#include <string>

#include "raw_zip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/data/npz.hpp>

using attune::FileError;
using namespace attune::data;
using attune::testing::deflate;
using attune::testing::raw_zip;
using attune::testing::RawMember;
using Catch::Matchers::Contains;

namespace {

const std::string kNumpyFiles = ATTUNE_NUMPY_FILES;

const std::string kThree = [] {
  const std::vector<double> values = {1, 2, 3};
  return encode_npy(NpyArray::from(values, {3}));
}();

// `path:position: what`, or "no error".
std::string message_of(const std::string& bytes, const NpzLimits& limits = {}) {
  try {
    (void)parse_npz(bytes, "x.npz", limits);
  } catch (const FileError& error) {
    return error.position() ? error.what() : "no position";
  }
  return "no error";
}

std::string message_of(const RawMember& member) {
  return message_of(raw_zip({member}));
}

// What a reader of the whole archive gets to see; objects by their refusal.
std::string contents(const NpzArchive& npz) {
  std::string all;
  for (const std::string& name : npz.names()) {
    all += name + '=';
    try {
      all += npz.at(name).descr() + std::string(npz.at(name).raw());
      for (const std::int64_t size : npz.at(name).shape()) {
        all += ',' + std::to_string(size);
      }
    } catch (const FileError&) {
      all += "refused";
    }
  }
  return all;
}

}  // namespace

TEST_CASE("npz: every truncation is refused", "[data][hostile]") {
  const std::string file = GENERATE("/stored.npz", "/deflated.npz", "/objects.npz");
  const std::string whole = attune::testing::slurp(kNumpyFiles + file);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(file, length);
    REQUIRE_THAT(message_of(whole.substr(0, length)), Contains("x.npz:") && Contains("expected"));
  }
}

TEST_CASE("npz: with any bit flipped it is refused or reads the same", "[data][hostile]") {
  const std::string file = GENERATE("/stored.npz", "/deflated.npz");
  const std::string whole = attune::testing::slurp(kNumpyFiles + file);
  const std::string expected = contents(parse_npz(whole, "x.npz"));
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      CAPTURE(file, at, bit);
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
      std::string found;
      try {
        found = contents(parse_npz(bytes, "x.npz"));
      } catch (const FileError& error) {
        REQUIRE(error.position().has_value());
        ++refused;
        continue;
      }
      REQUIRE(found == expected);
    }
  }
  // Times, versions and attributes may be anything; all else counts.
  REQUIRE(refused > static_cast<int>(whole.size()) * 4);
}

TEST_CASE("npz: splices of itself are refused or read", "[data][hostile]") {
  const std::string whole = attune::testing::slurp(kNumpyFiles + "/deflated.npz");
  const attune::core::RandomStream random(1, attune::core::Purpose::generation);
  for (std::uint64_t round = 0; round < 2000; ++round) {
    std::string bytes = whole;
    const std::size_t from = random.below(4 * round, whole.size());
    const std::size_t to = random.below(4 * round + 1, whole.size());
    const std::size_t count = random.below(4 * round + 2, 64);
    bytes.replace(to, random.below(4 * round + 3, 64), whole.substr(from, count));
    CAPTURE(round);
    REQUIRE_NOTHROW(message_of(bytes));  // nothing but FileError comes out
  }
}

TEST_CASE("npz: false claims of a member are refused", "[data][hostile]") {
  const std::string packed = deflate(kThree);
  const RawMember stored{.name = "a.npy", .data = kThree};
  const RawMember deflated{.name = "a.npy", .data = packed, .method = 8, .content = kThree};
  REQUIRE(message_of(stored) == "no error");
  REQUIRE(message_of(deflated) == "no error");

  RawMember member = deflated;
  member.crc = 1;
  REQUIRE_THAT(message_of(member), Contains("member \"a.npy\": expected CRC-32 1"));
  member = stored;
  member.crc = 1;
  REQUIRE_THAT(message_of(member), Contains("expected CRC-32 1"));
  member = deflated;
  member.bytes = static_cast<std::uint32_t>(kThree.size() + 1);
  REQUIRE_THAT(message_of(member), Contains("expected 24 bytes of elements"));
  member.bytes = static_cast<std::uint32_t>(kThree.size() - 1);
  REQUIRE_THAT(message_of(member), Contains("expected 24 bytes of elements"));
  member = stored;
  member.bytes = 10;
  REQUIRE_THAT(message_of(member), Contains("of stored \"a.npy\""));
  member = stored;
  member.stored_bytes = 1 << 30;
  REQUIRE_THAT(message_of(member), Contains("expected a member size of at most"));
  member = stored;
  member.local_offset = 7;
  REQUIRE_THAT(message_of(member), Contains("expected the local header of \"a.npy\""));
  member.local_offset = 1 << 30;
  REQUIRE_THAT(message_of(member), Contains("expected a member offset of at most"));
  member = stored;
  member.local_name = "b.npy";
  REQUIRE_THAT(message_of(member), Contains("found that of \"b.npy\""));
  member = stored;
  member.flags = 1;
  REQUIRE_THAT(message_of(member), Contains("encrypted"));
  member = stored;
  member.method = 12;
  REQUIRE_THAT(message_of(member), Contains("found compression method 12"));
  member = stored;
  member.name = "a.txt";
  REQUIRE_THAT(message_of(member), Contains("expected members called NAME.npy"));
  member = stored;
  member.data = "not an array";
  REQUIRE_THAT(message_of(member), Contains("member \"a\": expected a .npy file"));
}

TEST_CASE("npz: deflate data that is longer, shorter or broken is refused", "[data][hostile]") {
  RawMember member{.name = "a.npy", .data = deflate(kThree + "more"), .method = 8};
  member.content = kThree;
  REQUIRE_THAT(message_of(member), Contains("to end after") && Contains("found more"));
  member.data = deflate(kThree) + "x";
  REQUIRE_THAT(message_of(member), Contains("found 1 bytes after its end"));
  member.data = deflate(kThree.substr(0, kThree.size() - 8));
  REQUIRE_THAT(message_of(member), Contains("found its end after"));
  member.data = deflate(kThree).substr(0, 20);
  REQUIRE_THAT(message_of(member), Contains("bytes of deflate data, found"));
  member.data = std::string(30, '\xff');
  REQUIRE_THAT(message_of(member), Contains("found invalid block type"));
}

TEST_CASE("npz: bombs are refused before they take memory", "[data][hostile]") {
  // 4 GB by all the numbers in the archive, of which there is next to nothing.
  const std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967167,)}";
  std::string npy("\x93NUMPY\x01\x00\x76\x00", 10);
  npy += header + std::string(118 - header.size(), ' ');
  RawMember member{.name = "a.npy", .data = deflate(npy + std::string(100000, '\0')), .method = 8};
  member.bytes = 4294967294;
  member.crc = 0;
  REQUIRE_THAT(message_of(member), Contains("expected data that inflates at most 1000-fold"));

  // Bytes that several members share, as in Fifield's zip bomb.
  const RawMember honest{.name = "a.npy", .data = kThree};
  RawMember twice = honest;
  twice.name = "b.npy";
  twice.local_offset = 0;
  REQUIRE_THAT(message_of(raw_zip({honest, twice})), Contains("found that of \"a.npy\""));
  twice.name = "a.npy";
  REQUIRE_THAT(message_of(raw_zip({honest, twice})), Contains("expected one member \"a.npy\""));
  RawMember inside{.name = "b.npy", .data = kThree};
  RawMember outside{.name = "a.npy", .data = kThree};
  outside.bytes = outside.stored_bytes = static_cast<std::uint32_t>(kThree.size() + 10);
  REQUIRE_THAT(message_of(raw_zip({outside, inside})), Contains("overlapping what follows"));

  const std::string two = raw_zip({honest, {.name = "b.npy", .data = kThree}});
  REQUIRE_THAT(message_of(two, {.max_total_bytes = 200}), Contains("expected at most 200 bytes"));
  REQUIRE_THAT(message_of(two, {.max_members = 1}), Contains("expected at most 1 members"));
}

TEST_CASE("npz: ZIP64 numbers are read, and checked", "[data][hostile]") {
  const auto extra = [](std::uint64_t bytes, std::uint64_t stored) {
    std::string out("\x01\x00\x10\x00", 4);
    for (const std::uint64_t value : {bytes, stored}) {
      for (int i = 0; i < 8; ++i) {
        out += static_cast<char>(value >> (8 * i) & 0xff);
      }
    }
    return out;
  };
  RawMember member{.name = "a.npy", .data = kThree};
  member.bytes = member.stored_bytes = 0xffffffff;
  REQUIRE_THAT(message_of(member), Contains("expected a member size of at most"));
  member.extra = extra(kThree.size(), kThree.size());
  REQUIRE(message_of(member) == "no error");
  member.extra = extra(kThree.size(), std::uint64_t{1} << 63);
  REQUIRE_THAT(message_of(member), Contains("expected a member size of at most"));
  member.extra = extra(~std::uint64_t{0}, kThree.size());
  REQUIRE_THAT(message_of(member), Contains("expected a size below 2^63"));
  member.extra = extra(kThree.size(), kThree.size()).substr(0, 12);
  REQUIRE_THAT(message_of(member), Contains("an extra field within its entry"));
  member.extra[2] = 8;
  REQUIRE_THAT(message_of(member), Contains("found it too short"));
}

TEST_CASE("npz: names in messages cannot steer a terminal", "[data][hostile]") {
  const RawMember member{.name = "\x1b[2J\n.npy", .data = "no array"};
  const std::string message = message_of(member);
  REQUIRE_THAT(message, Contains("\\x1b[2J\\x0a"));
  REQUIRE(message.find('\x1b') == std::string::npos);
}
