#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <attune/core/tensor.hpp>

namespace attune::train {

/// Whole numbers under a shape.
struct IntegerTensor {
  core::Shape shape;                 ///< at most four sizes
  std::vector<std::int64_t> values;  ///< [shape.num_elements()]
};

/// Content of a safetensors file: names are unique over both maps.
struct Safetensors {
  std::map<std::string, core::Tensor> tensors;    ///< F32, F64; F16 and BF16 are read as F32
  std::map<std::string, IntegerTensor> integers;  ///< I64
  std::map<std::string, std::string> metadata;    ///< `__metadata__` of the header
};

/// The safetensors format (https://github.com/huggingface/safetensors): eight bytes with the length
/// of a JSON header, the header, the elements in little-endian order. Equal content gives equal
/// bytes: tensors are ordered by the size of their elements, then by name, and the header is padded
/// so that every tensor is aligned to its elements.
/// @throws InvalidArgument  a name that comes twice, is `__metadata__` or is not UTF-8; a tensor
///                          that is undefined; integers that do not fill their shape
[[nodiscard]] std::string encode_safetensors(const Safetensors& content);

/// Reads what anybody wrote: every length, offset and shape is checked before it is used.
/// @param path  named in errors
/// @throws FileError  truncated, a header above 100 MB or that is not of the format's form, a name
///                    or key that comes twice, an element type other than these, more
///                    than four dimensions, a size that overflows or contradicts the offsets, bytes
///                    that belong to two tensors or to none
[[nodiscard]] Safetensors decode_safetensors(std::string_view bytes, const std::string& path);

/// Replaces the file as a whole.
/// @throws FileError, InvalidArgument
void write_safetensors(const std::string& path, const Safetensors& content);

/// @throws FileError
[[nodiscard]] Safetensors read_safetensors(const std::string& path);

}  // namespace attune::train
