#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "data/quoted.hpp"
#include "data/utf32.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npy.hpp>

namespace attune::data {

using core::text;

namespace {

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    out += i == 0 ? "" : ", ";
    out += shape[i] < 0 ? "any" : text(shape[i]);
  }
  return out + "]";
}

// Whether a stored number keeps its value, up to rounding for float, as T.
template <class T, class Stored>
bool representable(Stored value) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  if constexpr (std::is_same_v<T, double> && std::is_same_v<Stored, std::int64_t>) {
    return value >= -kExact && value <= kExact;
  } else if constexpr (std::is_same_v<T, double> && std::is_same_v<Stored, std::uint64_t>) {
    return value <= static_cast<std::uint64_t>(kExact);
  } else if constexpr (std::is_same_v<T, std::int64_t> && std::is_same_v<Stored, std::uint64_t>) {
    return value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  } else {
    return true;
  }
}

}  // namespace

template <class T>
NpyArray NpyArray::copy_of(std::span<const T> values, std::vector<std::int64_t> shape,
                           NpyType type) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) {
      throw InvalidArgument(
          text("NpyArray: expected sizes of at least 0, got ", shape_text(shape)));
    }
  }
  if (count != static_cast<std::int64_t>(values.size())) {
    throw InvalidArgument(text("NpyArray: shape ", shape_text(shape), " expects ", count,
                               " values, got ", values.size()));
  }
  NpyArray array;
  array.type_ = type;
  array.item_bytes_ = sizeof(T);
  array.shape_ = std::move(shape);
  array.raw_.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return array;
}

NpyArray NpyArray::from(std::span<const double> values, std::vector<std::int64_t> shape) {
  return copy_of(values, std::move(shape), NpyType::f8);
}
NpyArray NpyArray::from(std::span<const float> values, std::vector<std::int64_t> shape) {
  return copy_of(values, std::move(shape), NpyType::f4);
}
NpyArray NpyArray::from(std::span<const std::int64_t> values, std::vector<std::int64_t> shape) {
  return copy_of(values, std::move(shape), NpyType::i8);
}
NpyArray NpyArray::from(std::span<const std::int32_t> values, std::vector<std::int64_t> shape) {
  return copy_of(values, std::move(shape), NpyType::i4);
}
NpyArray NpyArray::from(std::span<const std::uint8_t> values, std::vector<std::int64_t> shape) {
  return copy_of(values, std::move(shape), NpyType::u1);
}

NpyArray NpyArray::from_bools(std::span<const std::uint8_t> values,
                              std::vector<std::int64_t> shape) {
  NpyArray array = copy_of(values, std::move(shape), NpyType::b1);
  for (char& value : array.raw_) {
    value = value != 0 ? 1 : 0;  // numpy holds no other bytes
  }
  return array;
}

NpyArray NpyArray::from_strings(std::span<const std::string> values) {
  std::vector<std::u32string> wide;
  std::size_t longest = 1;  // numpy has no strings of width 0 either
  for (const std::string& value : values) {
    const std::optional<std::u32string> decoded = utf32_from_utf8(value);
    if (!decoded) {
      throw InvalidArgument(text("NpyArray::from_strings: expected UTF-8, got ", quoted(value)));
    }
    longest = std::max(longest, decoded->size());
    wide.push_back(*decoded);
  }
  NpyArray array;
  array.type_ = NpyType::text;
  array.item_bytes_ = static_cast<std::int64_t>(4 * longest);
  array.shape_ = {static_cast<std::int64_t>(values.size())};
  array.raw_.assign(4 * longest * values.size(), '\0');
  for (std::size_t i = 0; i < wide.size(); ++i) {
    std::memcpy(array.raw_.data() + 4 * longest * i, wide[i].data(), 4 * wide[i].size());
  }
  return array;
}

std::int64_t NpyArray::num_elements() const noexcept {
  // Not the product of the shape: beside a size of zero another one may be anything.
  return static_cast<std::int64_t>(raw_.size()) / item_bytes_;
}

std::string NpyArray::descr() const {
  switch (type_) {
    case NpyType::b1:
      return "|b1";
    case NpyType::i1:
    case NpyType::u1:
      return type_ == NpyType::i1 ? "|i1" : "|u1";
    case NpyType::bytes:
      return text("|S", item_bytes_);
    case NpyType::text:
      return text("<U", item_bytes_ / 4);
    default:
      break;
  }
  const bool is_float = type_ == NpyType::f4 || type_ == NpyType::f8;
  const bool is_signed = type_ < NpyType::u1;
  return text('<', is_float ? 'f' : is_signed ? 'i' : 'u', item_bytes_);
}

template <class T, class Stored>
void NpyArray::append_as(std::vector<T>& out) const {
  for (std::size_t at = 0; at < raw_.size(); at += sizeof(Stored)) {
    Stored value;
    std::memcpy(&value, raw_.data() + at, sizeof value);  // the buffer need not be aligned
    if (!representable<T>(value)) {
      fail(text("expected numbers that ",
                std::is_same_v<T, double> ? "a double" : "a signed integer", " can hold, found ",
                value, " at element ", at / sizeof(Stored)));
    }
    out.push_back(static_cast<T>(value));
  }
}

template <class T>
std::vector<T> NpyArray::convert(const char* wanted) const {
  std::vector<T> out;
  out.reserve(static_cast<std::size_t>(num_elements()));
  switch (type_) {
    case NpyType::b1:
    case NpyType::u1:
      append_as<T, std::uint8_t>(out);
      return out;
    case NpyType::i1:
      append_as<T, std::int8_t>(out);
      return out;
    case NpyType::i2:
      append_as<T, std::int16_t>(out);
      return out;
    case NpyType::i4:
      append_as<T, std::int32_t>(out);
      return out;
    case NpyType::i8:
      append_as<T, std::int64_t>(out);
      return out;
    case NpyType::u2:
      append_as<T, std::uint16_t>(out);
      return out;
    case NpyType::u4:
      append_as<T, std::uint32_t>(out);
      return out;
    case NpyType::u8:
      append_as<T, std::uint64_t>(out);
      return out;
    case NpyType::f4:
    case NpyType::f8:
      if constexpr (std::is_floating_point_v<T>) {
        type_ == NpyType::f4 ? append_as<T, float>(out) : append_as<T, double>(out);
        return out;
      }
      break;
    case NpyType::bytes:
    case NpyType::text:
      break;
  }
  fail(text("expected ", wanted, ", found dtype ", descr()));
}

std::vector<double> NpyArray::doubles() const {
  return convert<double>("numbers");
}

std::vector<float> NpyArray::floats() const {
  return convert<float>("numbers");
}

std::vector<std::int64_t> NpyArray::ints() const {
  return convert<std::int64_t>("integers");
}

std::vector<std::string> NpyArray::strings() const {
  if (type_ != NpyType::text && type_ != NpyType::bytes) {
    fail(text("expected strings, found dtype ", descr()));
  }
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < num_elements(); ++i) {
    std::string item = raw_.substr(static_cast<std::size_t>(i * item_bytes_),
                                   static_cast<std::size_t>(item_bytes_));
    if (type_ == NpyType::text) {
      std::u32string wide(item.size() / 4, U'\0');
      std::memcpy(wide.data(), item.data(), item.size());
      const std::optional<std::string> narrow = utf8_from_utf32(wide);
      if (!narrow) {
        fail(text("expected Unicode, found other code points at element ", i));
      }
      item = *narrow;
    }
    item.erase(item.find_last_not_of('\0') + 1);
    out.push_back(std::move(item));
  }
  return out;
}

void NpyArray::require_shape(std::span<const std::int64_t> expected) const {
  const bool fits = std::equal(
      shape_.begin(), shape_.end(), expected.begin(), expected.end(),
      [](std::int64_t size, std::int64_t wanted) { return wanted < 0 || size == wanted; });
  if (!fits) {
    fail(text("expected shape ", shape_text(expected), ", found ", shape_text(shape_)));
  }
}

void NpyArray::fail(const std::string& what) const {
  const std::string who = member_.empty() ? "" : text("member ", quoted(member_), ": ");
  throw FileError(path_.empty() ? "array" : path_, who + what);
}

std::string encode_npy(const NpyArray& array) {
  std::string shape = "(";
  for (const std::int64_t size : array.shape()) {
    shape += text(size, array.rank() == 1 ? "," : ", ");
  }
  if (array.rank() > 1) {
    shape.resize(shape.size() - 2);
  }
  std::string header =
      text("{'descr': '", array.descr(), "', 'fortran_order': False, 'shape': ", shape, "), }");
  // Padded so that the elements begin at a multiple of 64 bytes, as numpy does.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  out += array.raw();
  return out;
}

void write_npy(const std::string& path, const NpyArray& array) {
  core::write_file_atomically(path, encode_npy(array));
}

}  // namespace attune::data
