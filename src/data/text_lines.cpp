#include "data/text_lines.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "data/quoted.hpp"

namespace attune::data {

namespace {

constexpr std::size_t kShown = 40;  // characters of a field in a message
// A field takes more memory than the comma that makes it.
constexpr std::size_t kMostFields = (std::size_t{1} << 22) + 2;

}  // namespace

bool TextLines::next() {
  while (!rest_.empty()) {
    const std::size_t length = std::min(rest_.find('\n'), rest_.size());
    line_ = rest_.substr(0, length);
    rest_.remove_prefix(std::min(length + 1, rest_.size()));
    ++number_;
    if (line_.ends_with('\r')) {
      line_.remove_suffix(1);
    }
    if (!line_.empty()) {
      return true;
    }
  }
  return false;
}

const std::vector<std::string_view>& TextLines::fields(char separator) {
  fields_.clear();
  unquoted_.clear();
  if (separator == ' ') {
    split_blanks();
  } else {
    split_quoted(separator);
  }
  return fields_;
}

const std::vector<std::string_view>& TextLines::fields(char separator, std::size_t expected) {
  if (fields(separator).size() != expected) {
    fail("expected ", expected, " fields, found ", fields_.size());
  }
  return fields_;
}

void TextLines::split_blanks() {
  std::size_t at = line_.find_first_not_of(" \t");
  while (at < line_.size()) {
    const std::size_t end = std::min(line_.find_first_of(" \t", at), line_.size());
    fields_.push_back(line_.substr(at, end - at));
    at = line_.find_first_not_of(" \t", end);
  }
}

void TextLines::split_quoted(char separator) {
  // Views into unquoted_ must stay valid, so it never grows beyond what is reserved here.
  if (separator == ',' && line_.find('"') != std::string_view::npos) {
    unquoted_.reserve(static_cast<std::size_t>(std::count(line_.begin(), line_.end(), '"')) / 2 +
                      1);
  }
  std::string_view rest = line_;
  while (true) {
    if (separator == ',' && rest.starts_with('"')) {
      fields_.push_back(take_quoted(rest, separator));
    } else {
      const std::size_t length = std::min(rest.find(separator), rest.size());
      fields_.push_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    if (rest.empty()) {
      return;
    }
    if (fields_.size() > kMostFields) {
      fail("expected at most ", kMostFields, " fields, found more");
    }
    rest.remove_prefix(1);
  }
}

std::string_view TextLines::take_quoted(std::string_view& rest, char separator) {
  std::string content;
  std::size_t at = 1;
  while (true) {
    const std::size_t quote = rest.find('"', at);
    if (quote == std::string_view::npos) {
      fail("field ", fields_.size() + 1, ": expected a closing quote, found the end of the line");
    }
    content += rest.substr(at, quote - at);
    at = quote + 1;
    if (at < rest.size() && rest[at] == '"') {
      content += '"';
      ++at;
      continue;
    }
    break;
  }
  if (at < rest.size() && rest[at] != separator) {
    fail("field ", fields_.size() + 1, ": expected a comma behind the closing quote, found ",
         quoted(rest.substr(at, 1)));
  }
  rest.remove_prefix(at);
  unquoted_.push_back(std::move(content));
  return unquoted_.back();
}

std::int64_t TextLines::integer(std::string_view field, std::int64_t low, std::int64_t high) const {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || value < low || value > high) {
    fail("expected a whole number from ", low, " to ", high, ", found ",
         quoted(field.substr(0, kShown)));
  }
  return value;
}

float TextLines::real(std::string_view field) const {
  double value = 0;  // so that what is too small for a float becomes a zero, not an error
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() ||
      !(std::abs(value) <= std::numeric_limits<float>::max())) {
    fail("expected a finite number, found ", quoted(field.substr(0, kShown)));
  }
  return static_cast<float>(value);
}

}  // namespace attune::data
