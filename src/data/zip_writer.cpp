#include "data/zip_writer.hpp"

#include <algorithm>
#include <new>
#include <utility>

#define ZLIB_CONST  // next_in points to const
#include <zlib.h>

#include "data/zip_format.hpp"

namespace attune::data {

namespace {

constexpr std::uint16_t kVersion = 20;
constexpr std::uint16_t kVersion64 = 45;
constexpr std::uint32_t kFirstOfJanuary1980 = 0x00210000;  // the format's zero hour

template <class T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xff);
  }
}

template <class... Numbers>
void put_all(std::string& out, Numbers... numbers) {
  (put(out, numbers), ...);
}

std::uint32_t clamp32(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, zip::kMax32));
}
std::uint16_t clamp16(std::uint64_t value) {
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(value, zip::kMax16));
}

std::string deflated(std::string_view bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts in 32 bits
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string out;
  std::vector<unsigned char> room(
      std::min<std::size_t>(deflateBound(&stream, bytes.size()), 1 << 18));
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      const std::string_view piece = bytes.substr(0, kPiece);
      stream.next_in = reinterpret_cast<const unsigned char*>(piece.data());
      stream.avail_in = static_cast<unsigned int>(piece.size());
      bytes.remove_prefix(piece.size());
    }
    stream.next_out = room.data();
    stream.avail_out = static_cast<unsigned int>(room.size());
    status = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    out.append(reinterpret_cast<const char*>(room.data()), room.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return out;
}

}  // namespace

void ZipWriter::add(const std::string& name, std::string_view bytes) {
  const std::string packed = deflated(bytes);
  const Entry entry{.name = name,
                    .crc = static_cast<std::uint32_t>(crc32_z(
                        0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())),
                    .bytes = bytes.size(),
                    .stored_bytes = packed.size(),
                    .local_offset = archive_.size()};
  const bool is64 = entry.bytes >= zip::kMax32 || entry.stored_bytes >= zip::kMax32;
  put_all(archive_, zip::kLocalSignature, is64 ? kVersion64 : kVersion, std::uint16_t{0},
          zip::kDeflated, kFirstOfJanuary1980, entry.crc,
          is64 ? zip::kMax32 : clamp32(entry.stored_bytes),
          is64 ? zip::kMax32 : clamp32(entry.bytes), clamp16(name.size()),
          is64 ? std::uint16_t{20} : std::uint16_t{0});
  archive_ += name;
  if (is64) {
    put_all(archive_, zip::kExtra64, std::uint16_t{16}, entry.bytes, entry.stored_bytes);
  }
  archive_ += packed;
  entries_.push_back(entry);
}

std::string ZipWriter::finish() {
  const std::uint64_t start = archive_.size();
  for (const Entry& entry : entries_) {
    std::string extra;
    for (const std::uint64_t number : {entry.bytes, entry.stored_bytes, entry.local_offset}) {
      if (number >= zip::kMax32) {
        put(extra, number);
      }
    }
    if (!extra.empty()) {
      std::string header;
      put_all(header, zip::kExtra64, clamp16(extra.size()));
      extra = header + extra;
    }
    const std::uint16_t version = extra.empty() ? kVersion : kVersion64;
    put_all(archive_, zip::kDirectorySignature, version, version, std::uint16_t{0}, zip::kDeflated,
            kFirstOfJanuary1980, entry.crc, clamp32(entry.stored_bytes), clamp32(entry.bytes),
            clamp16(entry.name.size()), clamp16(extra.size()), std::uint16_t{0}, std::uint16_t{0},
            std::uint16_t{0}, std::uint32_t{0}, clamp32(entry.local_offset));
    archive_ += entry.name + extra;
  }
  const std::uint64_t end = archive_.size();
  const std::uint64_t count = entries_.size();
  if (count >= zip::kMax16 || start >= zip::kMax32 || end - start >= zip::kMax32) {
    put_all(archive_, zip::kEnd64Signature, std::uint64_t{zip::kEnd64Bytes - 12}, kVersion64,
            kVersion64, std::uint32_t{0}, std::uint32_t{0}, count, count, end - start, start);
    put_all(archive_, zip::kLocator64Signature, std::uint32_t{0}, end, std::uint32_t{1});
  }
  put_all(archive_, zip::kEndSignature, std::uint16_t{0}, std::uint16_t{0}, clamp16(count),
          clamp16(count), clamp32(end - start), clamp32(start), std::uint16_t{0});
  entries_.clear();
  return std::exchange(archive_, {});
}

}  // namespace attune::data
