#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

/// A member of a zip archive as its central directory describes it.
struct ZipMember {
  std::string name;
  std::int64_t data_offset = 0;  ///< of its first byte in the archive
  std::int64_t stored_bytes = 0;
  std::int64_t bytes = 0;  ///< inflated
  std::uint32_t crc = 0;
  bool deflated = false;
};

/// The members of an archive in the order of its central directory. Sizes, offsets and local
/// headers agree, and no two members share bytes.
/// @throws FileError  with the byte position
[[nodiscard]] std::vector<ZipMember> read_zip_directory(std::string_view archive,
                                                        const std::string& path,
                                                        std::int64_t max_members);

/// Hands out the bytes of one member front to back, so that its beginning can be judged before the
/// rest takes memory.
class ZipMemberReader {
 public:
  /// `archive` and `member` outlive the reader.
  ZipMemberReader(std::string_view archive, const std::string& path, const ZipMember& member);
  ~ZipMemberReader();
  ZipMemberReader(const ZipMemberReader&) = delete;
  ZipMemberReader& operator=(const ZipMemberReader&) = delete;

  /// Fills `out` with the next bytes.
  /// @throws FileError  the member ends before, or is not deflate data
  void read(std::span<char> out);

  [[nodiscard]] std::int64_t position() const noexcept { return position_; }

  /// @throws FileError  bytes are left, or the CRC-32 of those read differs
  void finish();

 private:
  struct Inflater;

  void inflate(std::span<char> out);
  [[noreturn]] void fail(const std::string& what) const;

  std::string_view data_;
  const std::string& path_;
  const ZipMember& member_;
  std::unique_ptr<Inflater> inflater_;  // none for a stored member
  std::int64_t position_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace attune::data
