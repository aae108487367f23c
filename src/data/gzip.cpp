#include "data/gzip.hpp"

#include <algorithm>
#include <array>
#include <new>

#define ZLIB_CONST  // next_in points to const
#include <zlib.h>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

class Inflater {
 public:
  Inflater(std::string_view bytes, const std::string& path, std::int64_t max_bytes)
      : bytes_(bytes), path_(path), max_bytes_(max_bytes) {
    // 16 more than the window: gzip's header and trailer, checksum and all.
    if (inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::string run() {
    do {
      inflate_member();
    } while (position_ < bytes_.size() && inflateReset(&stream_) == Z_OK);
    return std::move(out_);
  }

 private:
  void inflate_member() {
    constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts in 32 bits
    int status = Z_OK;
    while (status != Z_STREAM_END) {
      const std::size_t given = std::min(bytes_.size() - position_, kPiece);
      stream_.next_in = reinterpret_cast<const unsigned char*>(bytes_.data() + position_);
      stream_.avail_in = static_cast<unsigned int>(given);
      stream_.next_out = room_.data();
      stream_.avail_out = static_cast<unsigned int>(room_.size());
      status = inflate(&stream_, Z_NO_FLUSH);
      position_ += given - stream_.avail_in;
      if (status != Z_OK && status != Z_STREAM_END) {
        fail(text("expected gzip data, found ", stream_.msg != nullptr  ? stream_.msg
                                                : status == Z_BUF_ERROR ? "the end of the file"
                                                                        : "broken data"));
      }
      const std::size_t came = room_.size() - stream_.avail_out;
      if (static_cast<std::int64_t>(came) > max_bytes_ - std::ssize(out_)) {
        fail(
            text("expected at most ", max_bytes_, " bytes out of ", bytes_.size(), ", found more"));
      }
      out_.append(reinterpret_cast<const char*>(room_.data()), came);
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(path_, static_cast<std::int64_t>(position_), what);
  }

  std::string_view bytes_;
  const std::string& path_;
  std::int64_t max_bytes_;
  z_stream stream_{};
  std::size_t position_ = 0;
  std::string out_;
  std::array<unsigned char, 1 << 16> room_;
};

}  // namespace

std::string gunzip(std::string_view bytes, const std::string& path, std::int64_t max_bytes) {
  return Inflater(bytes, path, max_bytes).run();
}

}  // namespace attune::data
