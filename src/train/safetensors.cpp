#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "train/abbreviated.hpp"
#include "train/safetensors_header.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/safetensors.hpp>

namespace attune::train {

using core::DType;
using core::Shape;
using core::Tensor;
using core::text;

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMostHeaderBytes = 100'000'000;  // as the reference implementation
constexpr std::int64_t kMostFileBytes = std::int64_t{1} << 40;

// ---- writing

/// One tensor on its way into a file.
struct Item {
  const std::string* name;
  const char* dtype;
  std::size_t element_bytes;
  Shape shape;
  std::string_view bytes;
};

std::string_view bytes_of(const Tensor& tensor) {
  return core::dispatch(tensor.dtype(), [&]<class T>() {
    const std::span<const T> values = tensor.data<T>();
    return std::string_view(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  });
}

Item item_of(const std::string& name, const Tensor& tensor) {
  if (!tensor.defined()) {
    throw InvalidArgument(text("safetensors: ", name, " is undefined"));
  }
  const bool narrow = tensor.dtype() == DType::f32;
  return {.name = &name,
          .dtype = narrow ? "F32" : "F64",
          .element_bytes = narrow ? sizeof(float) : sizeof(double),
          .shape = tensor.shape(),
          .bytes = bytes_of(tensor)};
}

Item item_of(const std::string& name, const IntegerTensor& tensor) {
  if (static_cast<std::int64_t>(tensor.values.size()) != tensor.shape.num_elements()) {
    throw InvalidArgument(text("safetensors: ", name, " has ", tensor.values.size(),
                               " numbers for shape ", tensor.shape.to_string()));
  }
  return {.name = &name,
          .dtype = "I64",
          .element_bytes = sizeof(std::int64_t),
          .shape = tensor.shape,
          .bytes = {reinterpret_cast<const char*>(tensor.values.data()),
                    tensor.values.size() * sizeof(std::int64_t)}};
}

std::vector<Item> ordered_items(const Safetensors& content) {
  std::vector<Item> items;
  for (const auto& [name, tensor] : content.tensors) {
    items.push_back(item_of(name, tensor));
  }
  for (const auto& [name, tensor] : content.integers) {
    if (content.tensors.contains(name)) {
      throw InvalidArgument(text("safetensors: ", name, " comes twice"));
    }
    items.push_back(item_of(name, tensor));
  }
  std::ranges::sort(items, [](const Item& a, const Item& b) {
    return a.element_bytes != b.element_bytes ? a.element_bytes > b.element_bytes
                                              : *a.name < *b.name;
  });
  return items;
}

std::string header_of(const std::vector<Item>& items,
                      const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  std::size_t offset = 0;
  for (const Item& item : items) {
    if (*item.name == "__metadata__") {
      throw InvalidArgument("safetensors: no tensor can be named __metadata__");
    }
    const std::span<const std::int64_t> sizes = item.shape.sizes();
    header[*item.name] = {{"dtype", item.dtype},
                          {"shape", std::vector<std::int64_t>(sizes.begin(), sizes.end())},
                          {"data_offsets", {offset, offset + item.bytes.size()}}};
    offset += item.bytes.size();
  }
  if (!metadata.empty()) {
    header["__metadata__"] = metadata;
  }
  try {
    return header.dump();
  } catch (const nlohmann::json::type_error& error) {
    throw InvalidArgument(text("safetensors: a name or metadata is not UTF-8: ", error.what()));
  }
}

// ---- reading

struct DTypeOfFile {
  const char* name;
  std::uint64_t bytes;
};

const DTypeOfFile& dtype_named(const std::string& name, const std::string& tensor,
                               const std::string& path) {
  static constexpr DTypeOfFile kKnown[] = {
      {"F32", 4}, {"F64", 8}, {"I64", 8}, {"F16", 2}, {"BF16", 2}};
  for (const DTypeOfFile& known : kKnown) {
    if (name == known.name) {
      return known;
    }
  }
  throw FileError(path,
                  text(abbreviated(tensor), ": expected dtype F32, F64, F16, BF16 or I64, found ",
                       abbreviated(name)));
}

Shape shape_of(const SafetensorsEntry& entry, const std::string& name, const std::string& path) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;  // elements that a Shape can count
  if (entry.shape.size() > static_cast<std::size_t>(Shape::kMaxRank)) {
    throw FileError(path, text(abbreviated(name), ": expected at most ", Shape::kMaxRank,
                               " dimensions, found ", entry.shape.size()));
  }
  std::vector<std::int64_t> sizes;
  std::uint64_t elements = 1;
  for (const std::uint64_t size : entry.shape) {
    if (size > kMost || __builtin_mul_overflow(elements, size, &elements) || elements > kMost) {
      throw FileError(path, text(abbreviated(name), ": its shape has more than 2^62 elements"));
    }
    sizes.push_back(static_cast<std::int64_t>(size));
  }
  return Shape(std::span<const std::int64_t>(sizes));
}

/// Length of the header, checked against the file.
std::size_t header_length(std::string_view bytes, const std::string& path) {
  if (bytes.size() < kLengthBytes) {
    throw FileError(path, text("expected at least 8 bytes, found ", bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMostHeaderBytes) {
    throw FileError(path, 0,
                    text("expected a header of at most ", kMostHeaderBytes,
                         " bytes, found a length of ", length));
  }
  if (length > bytes.size() - kLengthBytes) {
    throw FileError(path, 0,
                    text("expected a header of ", length, " bytes, found ",
                         bytes.size() - kLengthBytes, " bytes"));
  }
  if (length == 0 || bytes[kLengthBytes] != '{') {
    throw FileError(path, kLengthBytes, "expected a header that begins with {");
  }
  return static_cast<std::size_t>(length);
}

/// Every byte of the data belongs to exactly one tensor.
void check_cover(const SafetensorsHeader& header, std::uint64_t data_bytes,
                 const std::string& path) {
  std::vector<std::pair<std::array<std::uint64_t, 2>, const std::string*>> ranges;
  ranges.reserve(header.entries.size());
  for (const auto& [name, entry] : header.entries) {
    if (entry.data_offsets[0] > entry.data_offsets[1]) {
      throw FileError(path, text(abbreviated(name), ": data_offsets decrease"));
    }
    ranges.emplace_back(entry.data_offsets, &name);
  }
  std::ranges::sort(ranges);
  std::uint64_t covered = 0;
  for (const auto& [range, name] : ranges) {
    if (range[0] != covered) {
      throw FileError(
          path, text(abbreviated(*name), ": expected its data at offset ", covered, ", found ",
                     range[0], range[0] < covered ? ", in another tensor" : ""));
    }
    covered = range[1];
  }
  if (covered != data_bytes) {
    throw FileError(path, text("expected ", covered, " bytes of data, found ", data_bytes));
  }
}

template <std::floating_point T>
Tensor tensor_from(std::string_view bytes, const Shape& shape) {
  Tensor tensor = Tensor::empty(shape, core::kDTypeOf<T>);
  if (!bytes.empty()) {  // the data of a foreign file need not be aligned
    std::memcpy(tensor.mutable_data<T>().data(), bytes.data(), bytes.size());
  }
  return tensor;
}

// IEEE half precision: 1 bit of sign, 5 of exponent, 10 of fraction.
float from_half(std::uint16_t bits) {
  const std::uint32_t fraction = bits & 0x3FFU;
  const std::uint32_t exponent = (bits >> 10) & 0x1FU;
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  if (exponent == 0) {
    return sign * static_cast<float>(fraction) * 0x1.0p-24F;
  }
  // Infinity and NaN keep their fraction; other exponents move from bias 15 to 127.
  const std::uint32_t wide = exponent == 0x1F ? 0xFFU : exponent + 112;
  return sign * std::bit_cast<float>((wide << 23) | (fraction << 13));
}

// The upper half of a float.
float from_brain(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

Tensor widened(std::string_view bytes, const Shape& shape, float (*convert)(std::uint16_t)) {
  Tensor tensor = Tensor::empty(shape);
  std::size_t at = 0;
  for (float& value : tensor.mutable_data<float>()) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + at, sizeof bits);
    at += sizeof bits;
    value = convert(bits);
  }
  return tensor;
}

void take_entry(const std::string& name, const SafetensorsEntry& entry, std::string_view data,
                const std::string& path, Safetensors& content) {
  const DTypeOfFile& dtype = dtype_named(entry.dtype, name, path);
  const Shape shape = shape_of(entry, name, path);
  const std::uint64_t size = entry.data_offsets[1] - entry.data_offsets[0];
  const auto elements = static_cast<std::uint64_t>(shape.num_elements());
  // By division: the product could overflow.
  if (size % dtype.bytes != 0 || size / dtype.bytes != elements) {
    throw FileError(path, text(abbreviated(name), ": expected ", elements, " elements of ",
                               dtype.bytes, " bytes, found ", size, " bytes"));
  }
  const std::string_view bytes = data.substr(entry.data_offsets[0], size);
  if (entry.dtype == "F32") {
    content.tensors.emplace(name, tensor_from<float>(bytes, shape));
  } else if (entry.dtype == "F64") {
    content.tensors.emplace(name, tensor_from<double>(bytes, shape));
  } else if (entry.dtype == "F16") {
    content.tensors.emplace(name, widened(bytes, shape, from_half));
  } else if (entry.dtype == "BF16") {
    content.tensors.emplace(name, widened(bytes, shape, from_brain));
  } else {
    IntegerTensor integers{shape, std::vector<std::int64_t>(elements)};
    if (!bytes.empty()) {
      std::memcpy(integers.values.data(), bytes.data(), bytes.size());
    }
    content.integers.emplace(name, std::move(integers));
  }
}

}  // namespace

std::string encode_safetensors(const Safetensors& content) {
  const std::vector<Item> items = ordered_items(content);
  std::string header = header_of(items, content.metadata);
  header.resize((header.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  if (header.size() > kMostHeaderBytes) {
    throw InvalidArgument(text("safetensors: expected a header of at most ", kMostHeaderBytes,
                               " bytes, got ", header.size()));
  }
  std::size_t size = kLengthBytes + header.size();
  for (const Item& item : items) {
    size += item.bytes.size();
  }
  std::string bytes;
  bytes.reserve(size);
  const std::uint64_t length = header.size();
  bytes.append(reinterpret_cast<const char*>(&length), kLengthBytes);
  bytes += header;
  for (const Item& item : items) {
    bytes += item.bytes;
  }
  return bytes;
}

Safetensors decode_safetensors(std::string_view bytes, const std::string& path) {
  const std::size_t length = header_length(bytes, path);
  SafetensorsHeader header =
      parse_safetensors_header(bytes.substr(kLengthBytes, length), path, kLengthBytes);
  const std::string_view data = bytes.substr(kLengthBytes + length);
  check_cover(header, data.size(), path);
  Safetensors content;
  content.metadata = std::move(header.metadata);
  for (const auto& [name, entry] : header.entries) {
    take_entry(name, entry, data, path, content);
  }
  return content;
}

void write_safetensors(const std::string& path, const Safetensors& content) {
  core::write_file_atomically(path, encode_safetensors(content));
}

Safetensors read_safetensors(const std::string& path) {
  return decode_safetensors(core::read_file(path, kMostFileBytes), path);
}

}  // namespace attune::train
