#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,
  bytes,
  text,
  tuple,
  list,
  dict,
  array,     ///< numpy.ndarray
  matrix,    ///< scipy.sparse.csr_matrix
  dtype,     ///< numpy.dtype
  function,  ///< one of the globals known here, not called
};

[[nodiscard]] const char* to_string(PickleKind kind) noexcept;

/// A value inside a Pickle, which owns what it stands for.
struct PickleValue {
  PickleKind kind = PickleKind::none;
  std::int64_t number = 0;  ///< the integer or boolean itself; else where the Pickle keeps it
};

/// A numpy array of fixed little-endian numbers, in C order, or of objects.
struct PickleArray {
  std::vector<std::int64_t> shape;
  /// 'i' integer, 'f' floating point, 'O' objects, '\0' where the pickle left it unfilled
  char type = '\0';
  std::int64_t item_bytes = 0;  ///< 4 or 8; 0 for objects
  std::string_view elements;    ///< product of shape times item_bytes, inside the pickle
  PickleValue objects;          ///< a list of them, for type 'O' alone

  [[nodiscard]] std::int64_t size() const noexcept {
    return item_bytes == 0 ? 0 : static_cast<std::int64_t>(elements.size()) / item_bytes;
  }
};

/// Content of a Python pickle of protocol 2 or 3, as far as numpy arrays (of objects too), scipy
/// CSR matrices and dictionaries of lists need. Nothing is executed: the few globals such files
/// name are built in, and every other opcode or global is an error that names it. Takes time linear
/// in the file and at most 48 MiB + 3 times its size of memory; no nesting is deep enough to hurt,
/// nothing recurses.
class Pickle {
 public:
  /// @param bytes  the file, which must outlive the pickle: strings and arrays point into it
  /// @param path   for messages
  /// @throws FileError  with the offset of the opcode that failed
  [[nodiscard]] static Pickle parse(std::string_view bytes, const std::string& path);

  [[nodiscard]] PickleValue root() const noexcept { return root_; }

  /// Items of a tuple or list; of a dict or matrix key, value, key, value ... in the order stored,
  /// where a key may come twice. Empty for every other kind.
  [[nodiscard]] std::span<const PickleValue> items(PickleValue value) const;
  /// Of bytes or text (UTF-8); empty for every other kind.
  [[nodiscard]] std::string_view string(PickleValue value) const;
  /// An unfilled array for every kind but an array.
  [[nodiscard]] const PickleArray& array(PickleValue value) const;

 private:
  class Interpreter;

  PickleValue root_;
  std::vector<std::vector<PickleValue>> sequences_;
  std::vector<PickleArray> arrays_;
  std::vector<std::string_view> strings_;
  std::deque<std::string> decoded_;  // strings that are not in the file as they are
};

/// Elements of an integer array; empty for one of floating point.
[[nodiscard]] std::vector<std::int64_t> integers(const PickleArray& array);

/// Elements of an array as float32; a double beyond its range becomes an infinity.
[[nodiscard]] std::vector<float> floats(const PickleArray& array);

}  // namespace attune::data
