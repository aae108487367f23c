#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

/// The dictionary at the head of a .npy file.
struct NpyHeader {
  std::string descr;  ///< of the element type, `<f8`; `[...]` for a record
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

/// What is wrong with a header, and where in it.
struct NpyHeaderError {
  std::int64_t at = 0;
  std::string what;
};

/// Reads the one form that numpy writes, `{'descr': '<f8', 'fortran_order': False, 'shape': (3,),
/// }` (keys in any order, spaces where Python allows them). It is never evaluated as Python.
/// @throws NpyHeaderError
[[nodiscard]] NpyHeader parse_npy_header(std::string_view text);

}  // namespace attune::data
