#include "data/npy_reader.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "data/npy_header.hpp"
#include "data/quoted.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

static_assert(std::endian::native == std::endian::little,
              "array bytes are taken over as they stand in the file");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::int64_t kMaxHeaderBytes = 65536;

struct ElementType {
  NpyType type;
  std::int64_t item_bytes;
};

struct NamedType {
  std::string_view code;
  ElementType element;
};

constexpr std::array<NamedType, 11> kNumbers{{{"b1", {NpyType::b1, 1}},
                                              {"i1", {NpyType::i1, 1}},
                                              {"i2", {NpyType::i2, 2}},
                                              {"i4", {NpyType::i4, 4}},
                                              {"i8", {NpyType::i8, 8}},
                                              {"u1", {NpyType::u1, 1}},
                                              {"u2", {NpyType::u2, 2}},
                                              {"u4", {NpyType::u4, 4}},
                                              {"u8", {NpyType::u8, 8}},
                                              {"f4", {NpyType::f4, 4}},
                                              {"f8", {NpyType::f8, 8}}}};

// Numbers of more than one byte and UTF-32 strings must be little-endian.
std::optional<ElementType> parse_descr(std::string_view descr) {
  if (descr.size() < 2) {
    return std::nullopt;
  }
  const char order = descr.front();
  const std::string_view code = descr.substr(1);
  for (const NamedType& named : kNumbers) {
    if (code == named.code) {
      const bool fits = order == '<' || (order == '|' && named.element.item_bytes == 1);
      return fits ? std::optional(named.element) : std::nullopt;
    }
  }
  std::int64_t length = 0;
  const std::string_view digits = code.substr(1);
  const auto [end, status] = std::from_chars(digits.begin(), digits.end(), length);
  constexpr std::int64_t kLongest = 1 << 20;
  if (status != std::errc() || end != digits.end() || length < 1 || length > kLongest) {
    return std::nullopt;
  }
  if (code.front() == 'S' && (order == '|' || order == '<')) {
    return ElementType{NpyType::bytes, length};
  }
  if (code.front() == 'U' && order == '<') {
    return ElementType{NpyType::text, 4 * length};
  }
  return std::nullopt;
}

bool is_object(std::string_view descr) {
  return descr.find('O') != std::string_view::npos;
}

// Bytes of an array, or nothing where they exceed 2^63 - 1. A size of zero anywhere makes it zero.
std::optional<std::int64_t> array_bytes(const std::vector<std::int64_t>& shape,
                                        std::int64_t item_bytes) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return 0;
  }
  std::int64_t bytes = 1;
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      return std::nullopt;
    }
  }
  if (__builtin_mul_overflow(bytes, item_bytes, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

// Elements from first-axis-fastest to last-axis-fastest.
std::string row_major(const std::string& raw, const std::vector<std::int64_t>& shape,
                      std::int64_t item_bytes) {
  if (raw.empty()) {
    return raw;  // a size of zero, and the others may be anything
  }
  std::string out(raw.size(), '\0');
  std::vector<std::int64_t> index(shape.size(), 0);  // of the element read, in the file's order
  std::vector<std::int64_t> stride(shape.size());
  std::int64_t bytes = item_bytes;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    stride[axis] = bytes;
    bytes *= shape[axis];
  }
  std::int64_t to = 0;
  for (std::int64_t from = 0; from < bytes; from += item_bytes) {
    std::copy_n(raw.data() + from, item_bytes, out.data() + to);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      to += stride[axis];
      if (++index[axis] < shape[axis]) {
        break;
      }
      to -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

}  // namespace

NpyArray NpyReader::read(std::string& refusal) {
  const std::string text_of_header = read_header();
  NpyHeader header;
  try {
    header = parse_npy_header(text_of_header);
  } catch (const NpyHeaderError& error) {
    fail(header_offset_ + error.at, error.what);
  }
  NpyArray array;
  array.path_ = source_.path;
  array.member_ = source_.member;
  if (is_object(header.descr)) {
    refusal = text("expected numbers or strings, found Python objects (dtype ",
                   quoted(header.descr), "), which would have to be unpickled");
    return array;
  }
  const std::optional<ElementType> element = parse_descr(header.descr);
  if (!element) {
    fail(header_offset_,
         text("expected a little-endian dtype of b1, i1 to i8, u1 to u8, f4, f8, S or U, found ",
              quoted(header.descr)));
  }
  array.type_ = element->type;
  array.item_bytes_ = element->item_bytes;
  array.shape_ = header.shape;
  read_elements(array, header.fortran_order);
  return array;
}

std::string NpyReader::read_header() {
  std::array<char, 12> start{};
  const auto take = [&](std::span<char> out, const char* what) {
    const auto count = static_cast<std::int64_t>(out.size());
    if (count > source_.bytes - position_) {
      fail(position_, text("expected ", what, ", found the end after ", source_.bytes, " bytes"));
    }
    source_.read(out);
    position_ += count;
  };
  take(std::span(start).first(8), "the start of a .npy file");
  if (!std::string_view(start.data(), 8).starts_with(kMagic)) {
    fail(0, text("expected a .npy file, found ", quoted(std::string_view(start.data(), 6))));
  }
  const int version = start[6];
  if (version < 1 || version > 3 || start[7] != 0) {
    fail(6, text("expected .npy version 1.0, 2.0 or 3.0, found ", version, ".",
                 static_cast<int>(start[7])));
  }
  const std::size_t width = version == 1 ? 2 : 4;
  take(std::span(start).subspan(8, width), "the length of the header");
  std::int64_t length = 0;
  for (std::size_t i = width; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(start[8 + i]);
  }
  if (length > kMaxHeaderBytes) {
    fail(8, text("expected a header of at most ", kMaxHeaderBytes, " bytes, found ", length));
  }
  header_offset_ = position_;
  std::string header(static_cast<std::size_t>(length), '\0');
  take(header, "the header");
  return header;
}

void NpyReader::read_elements(NpyArray& array, bool fortran_order) {
  const std::optional<std::int64_t> expected = array_bytes(array.shape_, array.item_bytes_);
  const std::int64_t found = source_.bytes - position_;
  if (!expected || *expected != found) {
    fail(header_offset_, text("expected ", expected ? text(*expected) : "more than 2^63 - 1",
                              " bytes of elements by shape and dtype, found ", found));
  }
  // A deflated member may promise more than it holds, so memory follows what has really come.
  constexpr std::int64_t kStep = std::int64_t{64} << 20;
  while (static_cast<std::int64_t>(array.raw_.size()) < found) {
    const auto have = static_cast<std::int64_t>(array.raw_.size());
    const std::int64_t more = std::min(found - have, std::max(kStep, have));
    array.raw_.resize(static_cast<std::size_t>(have + more));
    source_.read(std::span(array.raw_).subspan(static_cast<std::size_t>(have)));
  }
  if (fortran_order && array.rank() > 1) {
    array.raw_ = row_major(array.raw_, array.shape_, array.item_bytes_);
  }
}

void NpyReader::fail(std::int64_t at, const std::string& what) const {
  std::string where;
  if (!source_.member.empty()) {
    where = text("member ", quoted(source_.member), ": ");
  }
  if (source_.deflated) {
    where += text("byte ", at, " of it, inflated: ");
    at = 0;
  }
  throw FileError(source_.path, source_.file_offset + at, where + what);
}

NpyArray parse_npy(std::string_view bytes, const std::string& path) {
  std::string_view rest = bytes;
  const auto read = [&rest](std::span<char> out) {
    std::copy_n(rest.begin(), out.size(), out.begin());
    rest.remove_prefix(out.size());
  };
  std::string refusal;
  const NpySource source{.bytes = static_cast<std::int64_t>(bytes.size()),
                         .read = read,
                         .path = path,
                         .member = {},
                         .file_offset = 0,
                         .deflated = false};
  NpyArray array = NpyReader(source).read(refusal);
  if (!refusal.empty()) {
    throw FileError(path, 0, refusal);
  }
  return array;
}

NpyArray read_npy(const std::string& path, std::int64_t max_bytes) {
  return parse_npy(core::read_file(path, max_bytes), path);
}

}  // namespace attune::data
