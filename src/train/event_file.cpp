#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/event_file.hpp>

namespace attune::train {

using core::text;
namespace fs = std::filesystem;

namespace {

constexpr auto kFlushEvery = std::chrono::seconds(1);

constexpr std::array<std::uint32_t, 256> crc_table() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli's, bits reversed
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    }
    table[i] = crc;
  }
  return table;
}

// As TensorFlow stores them, lest the CRC of a content that holds CRCs be weak.
std::uint32_t masked(std::uint32_t crc) {
  return std::rotr(crc, 15) + 0xA282EAD8U;
}

template <class Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
  }
  return bytes;
}

// ---- protobuf: a field is a key, number and wire type in one, and a value

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value > 0x7F; value >>= 7) {
    bytes += static_cast<char>((value & 0x7F) | 0x80);
  }
  return bytes + static_cast<char>(value);
}

std::string key(std::uint64_t field, std::uint64_t wire_type) {
  return varint(field << 3 | wire_type);
}

std::string varint_field(std::uint64_t field, std::uint64_t value) {
  return key(field, 0) + varint(value);
}

std::string double_field(std::uint64_t field, double value) {
  return key(field, 1) + little_endian(std::bit_cast<std::uint64_t>(value));
}

std::string bytes_field(std::uint64_t field, std::string_view value) {
  return (key(field, 2) + varint(value.size())).append(value);
}

std::string float_field(std::uint64_t field, float value) {
  return key(field, 5) + little_endian(std::bit_cast<std::uint32_t>(value));
}

// ---- tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto

std::string event(std::int64_t step) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return double_field(1, now.count()) + varint_field(2, static_cast<std::uint64_t>(step));
}

std::string version_event() {
  return event(0) + bytes_field(3, "brain.Event:2");
}

std::string session_start_event(std::int64_t step) {
  constexpr std::uint64_t kStart = 1;
  return event(step) + bytes_field(7, varint_field(1, kStart));
}

std::string summary_event(std::int64_t step, std::span<const Scalar> scalars) {
  std::string summary;
  for (const Scalar& scalar : scalars) {
    summary += bytes_field(
        1, bytes_field(1, scalar.tag) + float_field(2, static_cast<float>(scalar.value)));
  }
  return event(step) + bytes_field(5, summary);
}

// ---- the file

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) {
    return "localhost";
  }
  std::string host(name.data());
  std::ranges::replace(host, '/', '_');
  return host.empty() ? "localhost" : host;
}

std::string file_name() {
  static std::atomic<unsigned> counter{0};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return text("events.out.tfevents.", seconds.count(), '.', host_name(), '.', ::getpid(), '.',
              counter.fetch_add(1));
}

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw FileError(folder, text("cannot make the folder: ", error.message()));
  }
}

[[noreturn]] void fail(const std::string& path, const char* action, int error) {
  throw FileError(path, text(action, ": ", std::generic_category().message(error)));
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return ~crc;
}

EventFile::EventFile(const std::string& folder, std::int64_t first_step) {
  make_folder(folder);
  path_ = (fs::path(folder) / file_name()).string();
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    fail(path_, "cannot create", errno);
  }
  append(version_event());
  append(session_start_event(first_step));
}

EventFile::~EventFile() {
  try {
    flush();
  } catch (const FileError&) {
    // Nobody is left to be told; what is in the file can be read.
  }
  ::close(descriptor_);
}

void EventFile::add(std::int64_t step, std::span<const Scalar> scalars) {
  append(summary_event(step, scalars));
  if (Clock::now() - flushed_ >= kFlushEvery) {
    flush();
  }
}

void EventFile::append(const std::string& event) {
  const std::string length = little_endian(static_cast<std::uint64_t>(event.size()));
  waiting_ += length + little_endian(masked(crc32c(length)));
  waiting_ += event + little_endian(masked(crc32c(event)));
}

void EventFile::flush() {
  flushed_ = Clock::now();
  std::string_view left = waiting_;
  while (!left.empty()) {
    const ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno != EINTR) {
      fail(path_, "cannot write", errno);
    }
    left.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  waiting_.clear();
}

}  // namespace attune::train
