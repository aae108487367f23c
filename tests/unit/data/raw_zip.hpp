#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attune::testing {

/// A zip member whose every claim can be false. What is left empty is told truly.
struct RawMember {
  std::string name = {};
  std::string data = {};     ///< as it stands in the archive
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
  std::string content = {};  ///< what its CRC-32 and size are of; empty: data
  std::uint16_t flags = 0;
  std::optional<std::uint32_t> crc = {};
  std::optional<std::uint32_t> bytes = {};
  std::optional<std::uint32_t> stored_bytes = {};
  std::optional<std::uint32_t> local_offset = {};
  std::string local_name = {};  ///< empty: name
  std::string extra = {};       ///< of the directory entry
};

/// The archive, put together without any code of the reader or the writer under test.
[[nodiscard]] std::string raw_zip(const std::vector<RawMember>& members);

/// `content` as bare deflate data.
[[nodiscard]] std::string deflate(const std::string& content);

}  // namespace attune::testing
