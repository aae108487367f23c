#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

/// Element type of an array in a .npy file. Only little-endian files are read.
enum class NpyType : std::uint8_t {
  b1,  ///< bool, one byte
  i1,
  i2,
  i4,
  i8,
  u1,
  u2,
  u4,
  u8,
  f4,
  f8,
  bytes,  ///< fixed-width byte strings, numpy's S
  text,   ///< fixed-width UTF-32 strings, numpy's U
};

/// An array as a .npy file or a member of an .npz file holds it, in row-major order. Elements are
/// converted on the way out, and only where nothing is lost.
class NpyArray {
 public:
  NpyArray() = default;

  /// @throws InvalidArgument  the number of values is not the product of the shape
  [[nodiscard]] static NpyArray from(std::span<const double> values,
                                     std::vector<std::int64_t> shape);
  /// As above, as are the three below.
  [[nodiscard]] static NpyArray from(std::span<const float> values,
                                     std::vector<std::int64_t> shape);
  /// As `i8`.
  [[nodiscard]] static NpyArray from(std::span<const std::int64_t> values,
                                     std::vector<std::int64_t> shape);
  /// As `i4`.
  [[nodiscard]] static NpyArray from(std::span<const std::int32_t> values,
                                     std::vector<std::int64_t> shape);
  /// As `u1`.
  [[nodiscard]] static NpyArray from(std::span<const std::uint8_t> values,
                                     std::vector<std::int64_t> shape);
  /// Booleans: false for 0, true for all else.
  [[nodiscard]] static NpyArray from_bools(std::span<const std::uint8_t> values,
                                           std::vector<std::int64_t> shape);
  /// One dimension of UTF-32 strings, each padded to the longest.
  /// @throws InvalidArgument  a string that is not UTF-8
  [[nodiscard]] static NpyArray from_strings(std::span<const std::string> values);

  /// As it is stored.
  [[nodiscard]] NpyType type() const noexcept { return type_; }
  /// Bytes an element: of strings those of the longest.
  [[nodiscard]] std::int64_t item_bytes() const noexcept { return item_bytes_; }
  /// Sizes, outermost first.
  [[nodiscard]] const std::vector<std::int64_t>& shape() const noexcept { return shape_; }
  /// Number of sizes.
  [[nodiscard]] int rank() const noexcept { return static_cast<int>(shape_.size()); }
  /// Product of the sizes.
  [[nodiscard]] std::int64_t num_elements() const noexcept;
  /// The elements, row-major and little-endian.
  [[nodiscard]] std::string_view raw() const noexcept { return raw_; }
  /// As numpy writes it: `<f4`, `|b1`, `<U7`.
  [[nodiscard]] std::string descr() const;

  /// Any number or bool.
  /// @throws FileError  strings, or an integer beyond 2^53 that a double cannot hold
  [[nodiscard]] std::vector<double> doubles() const;
  /// Any number or bool, rounded to float.
  /// @throws FileError  strings
  [[nodiscard]] std::vector<float> floats() const;
  /// Integers and bools.
  /// @throws FileError  another type, or a number beyond 2^63 - 1
  [[nodiscard]] std::vector<std::int64_t> ints() const;
  /// Strings as UTF-8, without their padding.
  /// @throws FileError  numbers, or code points that are not Unicode
  [[nodiscard]] std::vector<std::string> strings() const;

  /// @throws FileError  another shape; -1 stands for any size
  void require_shape(std::span<const std::int64_t> expected) const;
  /// As above.
  void require_shape(std::initializer_list<std::int64_t> expected) const {
    require_shape(std::span<const std::int64_t>(expected.begin(), expected.size()));
  }

  /// Throws the FileError that blames this array: `path: member adj_indptr: what`.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  friend class NpyReader;

  template <class T>
  static NpyArray copy_of(std::span<const T> values, std::vector<std::int64_t> shape, NpyType type);
  template <class T>
  std::vector<T> convert(const char* wanted) const;
  template <class T, class Stored>
  void append_as(std::vector<T>& out) const;

  NpyType type_ = NpyType::f8;
  std::int64_t item_bytes_ = 8;
  std::vector<std::int64_t> shape_ = {0};
  std::string raw_;
  std::string path_;    // of the file it was read from
  std::string member_;  // name in the .npz file, empty for a .npy file
};

/// Reads a .npy file of at most `max_bytes`: versions 1 to 3, booleans, integers, floats and
/// strings. Arrays of Python objects are pickles and are never read.
/// @throws FileError  anything else, with the byte position
[[nodiscard]] NpyArray read_npy(const std::string& path,
                                std::int64_t max_bytes = std::int64_t{8} << 30);

/// The same from memory; `path` is for messages alone.
[[nodiscard]] NpyArray parse_npy(std::string_view bytes, const std::string& path);

/// The array as a .npy file.
[[nodiscard]] std::string encode_npy(const NpyArray& array);

/// Writes a .npy file whole or not at all.
void write_npy(const std::string& path, const NpyArray& array);

}  // namespace attune::data
