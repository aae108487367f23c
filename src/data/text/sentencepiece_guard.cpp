#include "data/text/sentencepiece_guard.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace attune::data {

namespace {

// Field numbers of sentencepiece_model.proto.
constexpr std::uint64_t kNormalizer = 3;
constexpr std::uint64_t kDenormalizer = 5;
constexpr std::uint64_t kCharacterMap = 2;  // of both

/// A field of a message in the wire format of protocol buffers.
struct Field {
  std::uint64_t number = 0;
  std::string_view bytes = {};  ///< of what has a length
};

/// The fields of a message one after another.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  /// @return  nothing at the end, or where the message is damaged
  std::optional<Field> next() {
    const std::optional<std::uint64_t> key = varint();
    if (!key) {
      return std::nullopt;
    }
    Field field{.number = *key >> 3};
    switch (*key & 7) {
      case 0:
        return varint() ? std::optional(field) : std::nullopt;
      case 1:
        return skip(8) ? std::optional(field) : std::nullopt;
      case 5:
        return skip(4) ? std::optional(field) : std::nullopt;
      case 2: {
        const std::optional<std::uint64_t> length = varint();
        if (!length || *length > rest_.size()) {
          return std::nullopt;
        }
        field.bytes = rest_.substr(0, *length);
        rest_.remove_prefix(*length);
        return field;
      }
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 10 && i < rest_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

  bool skip(std::size_t count) {
    if (count > rest_.size()) {
      return false;
    }
    rest_.remove_prefix(count);
    return true;
  }

  std::string_view rest_;
};

/// A unit of Darts-clone's double array.
struct Unit {
  std::uint32_t bits = 0;

  [[nodiscard]] std::uint32_t label() const { return bits & 0x800000ffU; }
  [[nodiscard]] std::uint32_t offset() const { return (bits >> 10) << ((bits & (1U << 9)) >> 6); }
  [[nodiscard]] bool has_leaf() const { return (bits >> 8 & 1U) == 1; }
  [[nodiscard]] std::uint32_t value() const { return bits & 0x7fffffffU; }
};

std::uint32_t read_number(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);  // little-endian, as the library reads it
  return number;
}

/// Whether every place that a text can lead to is inside the trie, and every value inside the texts
/// that characters are replaced by.
bool is_sound_trie(std::string_view trie, std::size_t replacements) {
  const std::size_t size = trie.size() / sizeof(std::uint32_t);
  const auto unit_at = [&](std::size_t i) { return Unit{read_number(trie, 4 * i)}; };
  std::vector<bool> seen(size, false);
  std::vector<std::size_t> open = {0};
  seen[0] = true;
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    const Unit unit = unit_at(at);
    const std::size_t base = at ^ unit.offset();
    if ((base | 0xffU) >= size) {
      return false;
    }
    if (unit.has_leaf() && unit_at(base).value() >= replacements) {
      return false;
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::size_t child = base ^ byte;
      if (!seen[child] && unit_at(child).label() == byte) {
        seen[child] = true;
        open.push_back(child);
      }
    }
  }
  return true;
}

/// The size of the trie in bytes, the trie, and texts that each end in a zero.
bool is_sound_map(std::string_view map) {
  if (map.empty()) {
    return true;
  }
  if (map.size() <= sizeof(std::uint32_t)) {
    return false;
  }
  const std::size_t trie_bytes = read_number(map, 0);
  const std::string_view rest = map.substr(sizeof(std::uint32_t));
  if (trie_bytes >= rest.size() || trie_bytes < 1024 || trie_bytes % 4 != 0) {
    return false;
  }
  return rest.back() == '\0' && is_sound_trie(rest.substr(0, trie_bytes), rest.size() - trie_bytes);
}

}  // namespace

const char* find_sentencepiece_damage(std::string_view model) {
  Fields fields(model);
  while (const std::optional<Field> field = fields.next()) {
    if (field->number != kNormalizer && field->number != kDenormalizer) {
      continue;
    }
    Fields inner(field->bytes);
    while (const std::optional<Field> one = inner.next()) {
      if (one->number == kCharacterMap && !is_sound_map(one->bytes)) {
        return "a table of characters that leads outside itself";
      }
    }
  }
  return nullptr;
}

}  // namespace attune::data
