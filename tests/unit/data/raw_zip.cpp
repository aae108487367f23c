#include "raw_zip.hpp"

#include <stdexcept>

#define ZLIB_CONST  // next_in points to const
#include <zlib.h>

namespace attune::testing {

namespace {

void put(std::string& out, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xff);
  }
}

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string deflate(const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = bytes_of(content);
  stream.avail_in = static_cast<unsigned int>(content.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<unsigned int>(out.size());
  const int status = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) {
    throw std::runtime_error("deflate");
  }
  return out;
}

std::string raw_zip(const std::vector<RawMember>& members) {
  std::string archive;
  std::string directory;
  for (const RawMember& member : members) {
    const std::string& content = member.content.empty() ? member.data : member.content;
    const std::uint32_t crc = member.crc.value_or(
        static_cast<std::uint32_t>(crc32_z(0, bytes_of(content), content.size())));
    const auto bytes = member.bytes.value_or(static_cast<std::uint32_t>(content.size()));
    const auto stored =
        member.stored_bytes.value_or(static_cast<std::uint32_t>(member.data.size()));
    const auto offset = member.local_offset.value_or(static_cast<std::uint32_t>(archive.size()));
    const std::string& local_name = member.local_name.empty() ? member.name : member.local_name;

    put(archive, 0x04034b50, 4);
    put(archive, 20, 2);
    put(archive, member.flags, 2);
    put(archive, member.method, 2);
    put(archive, 0, 4);  // time and date
    put(archive, crc, 4);
    put(archive, stored, 4);
    put(archive, bytes, 4);
    put(archive, local_name.size(), 2);
    put(archive, 0, 2);
    archive += local_name + member.data;

    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    put(directory, 20, 2);
    put(directory, member.flags, 2);
    put(directory, member.method, 2);
    put(directory, 0, 4);
    put(directory, crc, 4);
    put(directory, stored, 4);
    put(directory, bytes, 4);
    put(directory, member.name.size(), 2);
    put(directory, member.extra.size(), 2);
    directory.append(10, '\0');  // comment, disk, attributes
    put(directory, offset, 4);
    directory += member.name + member.extra;
  }
  const std::uint64_t start = archive.size();
  archive += directory;
  put(archive, 0x06054b50, 4);
  put(archive, 0, 4);
  put(archive, members.size(), 2);
  put(archive, members.size(), 2);
  put(archive, directory.size(), 4);
  put(archive, start, 4);
  put(archive, 0, 2);
  return archive;
}

}  // namespace attune::testing
