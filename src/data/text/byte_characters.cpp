#include "data/text/byte_characters.hpp"

#include "data/text/unicode.hpp"

namespace attune::data {

namespace {

constexpr char32_t kFirstSubstitute = 0x100;

constexpr bool stands_for_itself(unsigned int byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr std::array<char32_t, 256> kCharacters = [] {
  std::array<char32_t, 256> characters{};
  char32_t substitute = kFirstSubstitute;
  for (unsigned int byte = 0; byte < 256; ++byte) {
    characters[byte] = stands_for_itself(byte) ? byte : substitute++;
  }
  return characters;
}();

constexpr std::array<int, 0x144> kBytes = [] {  // -1: stands for none
  std::array<int, 0x144> bytes{};
  bytes.fill(-1);
  for (int byte = 0; byte < 256; ++byte) {
    bytes[kCharacters[static_cast<std::size_t>(byte)]] = byte;
  }
  return bytes;
}();

}  // namespace

const std::array<std::string, 256>& byte_characters() {
  static const std::array<std::string, 256> kWritten = [] {
    std::array<std::string, 256> written;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      append_utf8(written[byte], kCharacters[byte]);
    }
    return written;
  }();
  return kWritten;
}

std::string characters_from_bytes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += byte_characters()[static_cast<unsigned char>(c)];
  }
  return out;
}

std::optional<std::string> bytes_from_characters(std::string_view characters) {
  std::string out;
  for (std::size_t at = 0; at < characters.size();) {
    const CodePoint c = decode_utf8(characters, at);
    if (c.value >= kBytes.size() || kBytes[c.value] < 0) {
      return std::nullopt;
    }
    out += static_cast<char>(kBytes[c.value]);
    at += c.length;
  }
  return out;
}

}  // namespace attune::data
