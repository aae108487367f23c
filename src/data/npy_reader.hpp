#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <attune/core/function_ref.hpp>
#include <attune/data/npy.hpp>

namespace attune::data {

/// Where the bytes of a .npy file come from, and whom to blame for them.
struct NpySource {
  std::int64_t bytes = 0;  ///< of the whole .npy file
  /// Fills the span with the next bytes.
  core::FunctionRef<void(std::span<char>)> read;
  std::string path;
  std::string member;            ///< name within an .npz file, or empty
  std::int64_t file_offset = 0;  ///< of the first byte in the file
  bool deflated = false;         ///< positions inside are not positions in the file
};

/// Reads the preamble, judges the header against the number of bytes there are, and only then takes
/// memory for the elements.
class NpyReader {
 public:
  explicit NpyReader(const NpySource& source) : source_(source) {}

  /// The array, or, where its elements are Python objects, nothing but `refusal`.
  [[nodiscard]] NpyArray read(std::string& refusal);

 private:
  std::string read_header();
  void read_elements(NpyArray& array, bool fortran_order);
  [[noreturn]] void fail(std::int64_t at, const std::string& what) const;

  const NpySource& source_;
  std::int64_t header_offset_ = 0;
  std::int64_t position_ = 0;
};

}  // namespace attune::data
