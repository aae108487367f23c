#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

/// Builds a zip archive in memory. No times, no owners: the same members give the same bytes. ZIP64
/// where sizes, offsets or the number of members need it.
class ZipWriter {
 public:
  /// Adds a deflated member. Names are the caller's to keep unique, at most 65535 bytes each.
  void add(const std::string& name, std::string_view bytes);

  /// The archive. The writer is empty afterwards.
  [[nodiscard]] std::string finish();

 private:
  struct Entry {
    std::string name;
    std::uint32_t crc;
    std::uint64_t bytes;
    std::uint64_t stored_bytes;
    std::uint64_t local_offset;
  };

  std::string archive_;
  std::vector<Entry> entries_;
};

}  // namespace attune::data
