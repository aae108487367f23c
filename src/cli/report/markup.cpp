#include "cli/report/markup.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace attune::cli {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

std::uint32_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Bytes of the UTF-8 character that begins the text; 0 where none does: cut off, overlong, a
// surrogate, beyond U+10FFFF, or a control character, which XML forbids.
std::size_t character(std::string_view text) {
  const std::uint32_t first = byte_at(text, 0);
  if (first < 0x80) {
    return first >= 0x20 || first == '\n' || first == '\t' ? (first == 0x7F ? 0 : 1) : 0;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) {
    return 0;
  }
  std::uint32_t code = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80U) {
      return 0;
    }
    code = code << 6U | (byte_at(text, i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0xA0, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  const bool noncharacter = code == 0xFFFE || code == 0xFFFF;
  return code < kLeast[length] || code > 0x10FFFF || surrogate || noncharacter ? 0 : length;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character(text);
    if (length == 0) {
      out += kReplacement;
    } else if (const std::string_view name = entity(text[0]); !name.empty()) {
      out += name;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void Markup::begin(std::string_view tag, std::initializer_list<Attribute> attributes) {
  out_ += '<';
  out_ += tag;
  for (const Attribute& attribute : attributes) {
    out_ += ' ';
    out_ += attribute.name;
    out_ += "=\"";
    out_ += escape(attribute.value);
    out_ += '"';
  }
}

Markup& Markup::open(std::string_view tag, std::initializer_list<Attribute> attributes) {
  begin(tag, attributes);
  out_ += '>';
  open_.emplace_back(tag);
  return *this;
}

Markup& Markup::close() {
  out_ += "</" + open_.back() + '>';
  // A line an element of some size: the page can be read and compared as text.
  const std::string& tag = open_.back();
  out_ += tag == "span" || tag == "code" || tag == "b" || tag == "td" || tag == "th" ? "" : "\n";
  open_.pop_back();
  return *this;
}

Markup& Markup::text(std::string_view text) {
  out_ += escape(text);
  return *this;
}

Markup& Markup::element(std::string_view tag, std::initializer_list<Attribute> attributes,
                        std::string_view text) {
  return open(tag, attributes).text(text).close();
}

Markup& Markup::empty(std::string_view tag, std::initializer_list<Attribute> attributes) {
  begin(tag, attributes);
  out_ += "/>\n";
  return *this;
}

Markup& Markup::style(std::string_view sheet) {
  open("style");
  out_ += sheet;
  return close();
}

std::string Markup::finish() {
  while (!open_.empty()) {
    close();
  }
  return std::move(out_);
}

}  // namespace attune::cli
