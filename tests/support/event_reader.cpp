#include "support/event_reader.hpp"

#include <cstring>
#include <stdexcept>

namespace attune::testing {

namespace {

std::uint32_t masked_crc(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool differs = ((crc ^ (static_cast<unsigned char>(byte) >> bit)) & 1) != 0;
      crc = (crc >> 1) ^ (differs ? 0x82F63B78U : 0U);
    }
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

/// Bytes from the front on.
class Bytes {
 public:
  explicit Bytes(std::string_view left) : left_(left) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }

  std::string_view take(std::uint64_t count) {
    if (count > left_.size()) {
      throw std::runtime_error("events: cut off");
    }
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  template <class T>
  T plain() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    throw std::runtime_error("events: a number of more than 64 bits");
  }

  std::string_view message() { return take(varint()); }

 private:
  std::string_view left_;
};

[[noreturn]] void unknown(const char* message, std::uint64_t key) {
  throw std::runtime_error(std::string("events: ") + message + " has no key " +
                           std::to_string(key));
}

void read_value(std::string_view bytes, Event& event) {
  std::string tag;
  std::optional<float> value;
  for (Bytes in(bytes); !in.empty();) {
    switch (const std::uint64_t key = in.varint()) {
      case (1 << 3 | 2):
        tag = in.message();
        break;
      case (2 << 3 | 5):
        value = in.plain<float>();
        break;
      default:
        unknown("Summary.Value", key);
    }
  }
  event.scalars.emplace(tag, value.value());
}

void read_summary(std::string_view bytes, Event& event) {
  for (Bytes in(bytes); !in.empty();) {
    if (const std::uint64_t key = in.varint(); key != (1 << 3 | 2)) {
      unknown("Summary", key);
    }
    read_value(in.message(), event);
  }
}

void read_session(std::string_view bytes, Event& event) {
  Bytes in(bytes);
  if (const std::uint64_t key = in.varint(); key != (1 << 3 | 0)) {
    unknown("SessionLog", key);
  }
  event.session_status = static_cast<std::int64_t>(in.varint());
}

Event read_event(std::string_view bytes) {
  Event event;
  for (Bytes in(bytes); !in.empty();) {
    switch (const std::uint64_t key = in.varint()) {
      case (1 << 3 | 1):
        event.wall_time = in.plain<double>();
        break;
      case (2 << 3 | 0):
        event.step = static_cast<std::int64_t>(in.varint());
        break;
      case (3 << 3 | 2):
        event.file_version = in.message();
        break;
      case (5 << 3 | 2):
        read_summary(in.message(), event);
        break;
      case (7 << 3 | 2):
        read_session(in.message(), event);
        break;
      default:
        unknown("Event", key);
    }
  }
  return event;
}

}  // namespace

std::vector<Event> read_events(std::string_view bytes) {
  std::vector<Event> events;
  for (Bytes in(bytes); !in.empty();) {
    const std::string_view length = in.take(8);
    if (in.plain<std::uint32_t>() != masked_crc(length)) {
      throw std::runtime_error("events: wrong CRC of a length");
    }
    const std::string_view content = in.take(Bytes(length).plain<std::uint64_t>());
    if (in.plain<std::uint32_t>() != masked_crc(content)) {
      throw std::runtime_error("events: wrong CRC of a content");
    }
    events.push_back(read_event(content));
  }
  return events;
}

}  // namespace attune::testing
