#include "data/zip_reader.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

#define ZLIB_CONST  // next_in points to const
#include <zlib.h>

#include "data/quoted.hpp"
#include "data/zip_format.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

/// Little-endian numbers at checked places of an archive.
class Archive {
 public:
  Archive(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  [[nodiscard]] std::int64_t size() const noexcept {
    return static_cast<std::int64_t>(bytes_.size());
  }
  [[nodiscard]] std::uint16_t u16(std::int64_t at) const {
    return static_cast<std::uint16_t>(number(at, 2));
  }
  [[nodiscard]] std::uint32_t u32(std::int64_t at) const {
    return static_cast<std::uint32_t>(number(at, 4));
  }
  [[nodiscard]] std::uint64_t u64(std::int64_t at) const { return number(at, 8); }

  [[nodiscard]] std::string_view bytes(std::int64_t at, std::int64_t count) const {
    require(at, count);
    return bytes_.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(count));
  }

  /// A 64-bit size or offset; what does not fit the archive is an error where it stands.
  [[nodiscard]] std::int64_t offset(std::uint64_t value, std::int64_t at, const char* what) const {
    if (value > static_cast<std::uint64_t>(size())) {
      fail(at, text("expected ", what, " of at most ", size(), " bytes, found ", value));
    }
    return static_cast<std::int64_t>(value);
  }

  void require(std::int64_t at, std::int64_t count) const {
    if (at < 0 || count > size() - at) {
      fail(std::min(std::max<std::int64_t>(at, 0), size()),
           text("expected ", count, " bytes at ", at, ", found the end at ", size()));
    }
  }

  [[noreturn]] void fail(std::int64_t at, const std::string& what) const {
    throw FileError(path_, at, what);
  }

 private:
  [[nodiscard]] std::uint64_t number(std::int64_t at, int width) const {
    require(at, width);
    std::uint64_t value = 0;
    for (int i = width - 1; i >= 0; --i) {
      value = value << 8 | static_cast<unsigned char>(bytes_[static_cast<std::size_t>(at + i)]);
    }
    return value;
  }

  std::string_view bytes_;
  const std::string& path_;
};

struct Directory {
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
  std::uint64_t members = 0;
};

// The end record stands last, before a comment of up to 64 KiB; the one whose comment length
// reaches the end of the file exactly is it.
std::int64_t find_end_record(const Archive& archive) {
  const std::int64_t last = archive.size() - zip::kEndBytes;
  const std::int64_t first = std::max<std::int64_t>(0, last - zip::kMax16);
  for (std::int64_t at = last; at >= first; --at) {
    if (archive.u32(at) == zip::kEndSignature &&
        at + zip::kEndBytes + archive.u16(at + 20) == archive.size()) {
      return at;
    }
  }
  archive.fail(archive.size(), "expected a zip archive, found no end-of-directory record");
}

Directory find_directory64(const Archive& archive, std::int64_t locator) {
  const std::int64_t end64 =
      archive.offset(archive.u64(locator + 8), locator + 8, "a ZIP64 record offset");
  if (archive.u32(end64) != zip::kEnd64Signature) {
    archive.fail(end64, "expected the ZIP64 end-of-directory record");
  }
  return {.offset = archive.offset(archive.u64(end64 + 48), end64 + 48, "a directory offset"),
          .bytes = archive.offset(archive.u64(end64 + 40), end64 + 40, "a directory size"),
          .members = archive.u64(end64 + 32)};
}

Directory find_directory(const Archive& archive) {
  const std::int64_t end = find_end_record(archive);
  if (archive.u16(end + 4) != 0 || archive.u16(end + 6) != 0) {
    archive.fail(end + 4, "expected an archive in one file, found a part of several");
  }
  const std::int64_t locator = end - zip::kLocator64Bytes;
  const bool is64 = locator >= 0 && archive.u32(locator) == zip::kLocator64Signature;
  const Directory directory =
      is64 ? find_directory64(archive, locator)
           : Directory{
                 .offset = archive.offset(archive.u32(end + 16), end + 16, "a directory offset"),
                 .bytes = archive.offset(archive.u32(end + 12), end + 12, "a directory size"),
                 .members = archive.u16(end + 10)};
  if (directory.offset > end - directory.bytes) {
    archive.fail(end, text("expected the directory before this record, found it at ",
                           directory.offset, " with ", directory.bytes, " bytes"));
  }
  return directory;
}

/// Sizes and offset of a directory entry; those that read 0xffffffff stand in its ZIP64 extra
/// field, in this order, and only they.
struct EntryNumbers {
  std::uint64_t bytes;
  std::uint64_t stored_bytes;
  std::uint64_t local_offset;
};

void read_extra64(const Archive& archive, std::int64_t at, std::int64_t end,
                  EntryNumbers& numbers) {
  while (end - at >= 4) {
    const std::int64_t next = at + 4 + archive.u16(at + 2);
    if (next > end) {
      archive.fail(at, "expected an extra field within its entry, found one that is longer");
    }
    if (archive.u16(at) == zip::kExtra64) {
      std::int64_t value = at + 4;
      for (std::uint64_t* number : {&numbers.bytes, &numbers.stored_bytes, &numbers.local_offset}) {
        if (*number == zip::kMax32) {
          if (next - value < 8) {
            archive.fail(at, "expected a ZIP64 size in this extra field, found it too short");
          }
          *number = archive.u64(value);
          value += 8;
        }
      }
      return;
    }
    at = next;
  }
}

std::int64_t find_data(const Archive& archive, const ZipMember& member, std::int64_t local) {
  if (archive.u32(local) != zip::kLocalSignature) {
    archive.fail(local, text("expected the local header of ", quoted(member.name)));
  }
  const std::string_view name = archive.bytes(local + zip::kLocalBytes, archive.u16(local + 26));
  if (name != member.name) {
    archive.fail(local, text("expected the local header of ", quoted(member.name),
                             ", found that of ", quoted(name)));
  }
  const std::int64_t data =
      local + zip::kLocalBytes + archive.u16(local + 26) + archive.u16(local + 28);
  archive.require(data, member.stored_bytes);
  return data;
}

void check_method(const Archive& archive, std::int64_t at, const std::string& name) {
  if ((archive.u16(at + 8) & zip::kEncryptedFlag) != 0) {
    archive.fail(at + 8, text("expected plain members, found ", quoted(name), " encrypted"));
  }
  const std::uint16_t method = archive.u16(at + 10);
  if (method != zip::kStored && method != zip::kDeflated) {
    archive.fail(at + 10, text("expected ", quoted(name),
                               " stored (0) or deflated (8), found compression method ", method));
  }
}

ZipMember read_entry(const Archive& archive, std::int64_t at) {
  const std::int64_t name_bytes = archive.u16(at + 28);
  const std::int64_t extra = at + zip::kDirectoryBytes + name_bytes;
  ZipMember member;
  member.name = archive.bytes(at + zip::kDirectoryBytes, name_bytes);
  check_method(archive, at, member.name);
  member.deflated = archive.u16(at + 10) == zip::kDeflated;
  member.crc = archive.u32(at + 16);

  EntryNumbers numbers{.bytes = archive.u32(at + 24),
                       .stored_bytes = archive.u32(at + 20),
                       .local_offset = archive.u32(at + 42)};
  read_extra64(archive, extra, extra + archive.u16(at + 30), numbers);
  member.stored_bytes = archive.offset(numbers.stored_bytes, at + 20, "a member size");
  if (numbers.bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    archive.fail(at + 24, text("expected a size below 2^63, found ", numbers.bytes));
  }
  member.bytes = static_cast<std::int64_t>(numbers.bytes);
  if (!member.deflated && member.bytes != member.stored_bytes) {
    archive.fail(at + 20, text("expected ", member.bytes, " bytes of stored ", quoted(member.name),
                               ", found ", member.stored_bytes));
  }
  const std::int64_t local = archive.offset(numbers.local_offset, at + 42, "a member offset");
  member.data_offset = find_data(archive, member, local);
  return member;
}

// Members that share bytes are how a small archive unfolds into a huge one.
void check_apart(const Archive& archive, const std::vector<ZipMember>& members,
                 std::int64_t directory_offset) {
  std::vector<const ZipMember*> by_offset;
  std::unordered_set<std::string_view> names;
  for (const ZipMember& member : members) {
    by_offset.push_back(&member);
    if (!names.insert(member.name).second) {
      archive.fail(directory_offset,
                   text("expected one member ", quoted(member.name), ", found two"));
    }
  }
  std::sort(by_offset.begin(), by_offset.end(),
            [](const ZipMember* a, const ZipMember* b) { return a->data_offset < b->data_offset; });
  for (std::size_t i = 0; i < by_offset.size(); ++i) {
    const ZipMember& member = *by_offset[i];
    // Between the data of two members stands at least the local header of the second one.
    const std::int64_t limit = i + 1 < by_offset.size()
                                   ? by_offset[i + 1]->data_offset - zip::kLocalBytes -
                                         static_cast<std::int64_t>(by_offset[i + 1]->name.size())
                                   : directory_offset;
    if (member.data_offset > limit - member.stored_bytes) {
      archive.fail(member.data_offset, text("expected ", quoted(member.name), " to end before ",
                                            limit, ", found it overlapping what follows"));
    }
  }
}

}  // namespace

std::vector<ZipMember> read_zip_directory(std::string_view bytes, const std::string& path,
                                          std::int64_t max_members) {
  const Archive archive(bytes, path);
  const Directory directory = find_directory(archive);
  const auto fitting =
      static_cast<std::uint64_t>(std::min(max_members, directory.bytes / zip::kDirectoryBytes));
  if (directory.members > fitting) {
    archive.fail(directory.offset, text("expected at most ", fitting, " members in a directory of ",
                                        directory.bytes, " bytes, found ", directory.members));
  }
  std::vector<ZipMember> members;
  members.reserve(directory.members);
  std::int64_t at = directory.offset;
  for (std::uint64_t i = 0; i < directory.members; ++i) {
    if (archive.u32(at) != zip::kDirectorySignature) {
      archive.fail(at, text("expected directory entry ", i, " of ", directory.members));
    }
    members.push_back(read_entry(archive, at));
    at += zip::kDirectoryBytes + archive.u16(at + 28) + archive.u16(at + 30) + archive.u16(at + 32);
  }
  if (at != directory.offset + directory.bytes) {
    archive.fail(at, text("expected the directory to end at ", directory.offset + directory.bytes,
                          ", found its last entry ending here"));
  }
  check_apart(archive, members, directory.offset);
  return members;
}

struct ZipMemberReader::Inflater {
  z_stream stream{};
  bool ended = false;
};

ZipMemberReader::ZipMemberReader(std::string_view archive, const std::string& path,
                                 const ZipMember& member)
    : data_(archive.substr(static_cast<std::size_t>(member.data_offset),
                           static_cast<std::size_t>(member.stored_bytes))),
      path_(path),
      member_(member) {
  if (!member.deflated) {
    return;
  }
  inflater_ = std::make_unique<Inflater>();
  // Negative window bits: bare deflate data, as zip archives hold it.
  if (inflateInit2(&inflater_->stream, -MAX_WBITS) != Z_OK) {
    throw std::bad_alloc();
  }
}

ZipMemberReader::~ZipMemberReader() {
  if (inflater_) {
    inflateEnd(&inflater_->stream);
  }
}

void ZipMemberReader::read(std::span<char> out) {
  if (static_cast<std::int64_t>(out.size()) > member_.bytes - position_) {
    fail(text("expected ", out.size(), " more bytes, found ", member_.bytes - position_));
  }
  if (out.empty()) {
    return;  // zlib takes an empty CRC-32 buffer for a request to start over
  }
  if (inflater_) {
    inflate(out);
  } else {
    std::copy_n(data_.begin() + position_, out.size(), out.begin());
  }
  crc_ = static_cast<std::uint32_t>(
      crc32_z(crc_, reinterpret_cast<const unsigned char*>(out.data()), out.size()));
  position_ += static_cast<std::int64_t>(out.size());
}

void ZipMemberReader::inflate(std::span<char> out) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in 32 bits
  z_stream& stream = inflater_->stream;
  while (!out.empty()) {
    const std::size_t room = std::min(out.size(), kMost);
    stream.next_out = reinterpret_cast<unsigned char*>(out.data());
    stream.avail_out = static_cast<unsigned int>(room);
    const std::size_t given = std::min(data_.size(), kMost);
    stream.next_in = reinterpret_cast<const unsigned char*>(data_.data());
    stream.avail_in = static_cast<unsigned int>(given);
    const int status = inflater_->ended ? Z_STREAM_END : ::inflate(&stream, Z_NO_FLUSH);
    data_.remove_prefix(given - stream.avail_in);
    out = out.subspan(room - stream.avail_out);
    inflater_->ended = status == Z_STREAM_END;
    if (status != Z_OK && !(inflater_->ended && out.empty())) {
      const char* found = inflater_->ended        ? "its end"
                          : stream.msg != nullptr ? stream.msg
                          : status == Z_BUF_ERROR ? "the end of the data"
                                                  : "broken data";
      fail(text("expected ", member_.bytes, " bytes of deflate data, found ", found, " after ",
                stream.total_out));
    }
  }
}

void ZipMemberReader::finish() {
  if (position_ != member_.bytes) {
    fail(text("expected ", position_, " bytes by its own header, found ", member_.bytes,
              " by the directory"));
  }
  if (inflater_ && !inflater_->ended) {
    // Deflate may close with an empty block; a byte of output here would be one too many.
    z_stream& stream = inflater_->stream;
    unsigned char extra = 0;
    stream.next_out = &extra;
    stream.avail_out = 1;
    stream.next_in = reinterpret_cast<const unsigned char*>(data_.data());
    stream.avail_in = static_cast<unsigned int>(std::min<std::size_t>(data_.size(), 1U << 30));
    const unsigned int given = stream.avail_in;
    if (::inflate(&stream, Z_FINISH) != Z_STREAM_END || stream.avail_out != 1) {
      fail(text("expected deflate data to end after ", member_.bytes, " bytes, found more"));
    }
    data_.remove_prefix(given - stream.avail_in);
  }
  if (inflater_ && !data_.empty()) {
    fail(text("expected ", member_.stored_bytes, " bytes of deflate data, found ", data_.size(),
              " bytes after its end"));
  }
  if (crc_ != member_.crc) {
    fail(text("expected CRC-32 ", member_.crc, ", found ", crc_));
  }
}

void ZipMemberReader::fail(const std::string& what) const {
  throw FileError(path_, member_.data_offset, text("member ", quoted(member_.name), ": ", what));
}

}  // namespace attune::data
