#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <attune/data/npy.hpp>

namespace attune::data {

/// What an .npz file may ask for before anything is allocated.
struct NpzLimits {
  std::int64_t max_file_bytes = std::int64_t{8} << 30;   ///< of the archive as it lies on disk
  std::int64_t max_total_bytes = std::int64_t{8} << 30;  ///< of all members, inflated
  std::int64_t max_members = 65536;                      ///< arrays
  bool keep_pickles = false;  ///< of members of Python objects, unread, for NpzArchive::pickle()
};

/// Arrays of an .npz file by name, in the order of the file.
class NpzArchive {
 public:
  NpzArchive() = default;
  /// Without arrays. @param path  for messages
  explicit NpzArchive(std::string path) : path_(std::move(path)) {}

  /// Of the file, for messages.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Of all arrays, pickled ones included, in the order of the file.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Whether names() has it.
  [[nodiscard]] bool has(std::string_view name) const noexcept;

  /// @throws FileError  no such member (names those there are), or one whose elements are Python
  ///                    objects, which only a pickle interpreter could read
  [[nodiscard]] const NpyArray& at(std::string_view name) const;

  /// Whether the member's elements are Python objects.
  [[nodiscard]] bool is_pickled(std::string_view name) const noexcept;
  /// The bytes of such a member behind its header, where NpzLimits::keep_pickles had them kept.
  /// Empty for every other member.
  [[nodiscard]] std::string_view pickle(std::string_view name) const noexcept;

 private:
  friend NpzArchive parse_npz(std::string_view bytes, const std::string& path,
                              const NpzLimits& limits);

  struct Member {
    std::string name;
    NpyArray array;
    std::string refusal;  // why it cannot be had, empty where it can
    std::string pickle;   // what stands in its place, if it was to be kept
  };

  [[nodiscard]] const Member* find(std::string_view name) const noexcept;

  std::string path_;
  std::vector<Member> members_;
};

/// Reads an .npz file: a zip archive (stored or deflated, ZIP64 too) of .npy members, each checked
/// against its CRC-32. A member that inflates beyond what its directory entry or its own header
/// says, or more than a thousandfold, is refused before it takes memory.
/// @throws FileError  with the byte position and the member's name
[[nodiscard]] NpzArchive read_npz(const std::string& path, const NpzLimits& limits = {});

/// The same from memory; `path` is for messages alone.
[[nodiscard]] NpzArchive parse_npz(std::string_view bytes, const std::string& path,
                                   const NpzLimits& limits = {});

/// An array and its name in an .npz file, without `.npy`.
using NamedArray = std::pair<std::string, NpyArray>;

/// Writes an .npz file, deflated, whole or not at all. The same arrays give the same bytes.
/// @throws InvalidArgument  an empty, repeated or too long name
void write_npz(const std::string& path, const std::vector<NamedArray>& arrays);

/// The same into memory.
[[nodiscard]] std::string encode_npz(const std::vector<NamedArray>& arrays);

}  // namespace attune::data
