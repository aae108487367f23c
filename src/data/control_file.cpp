#include "data/control_file.hpp"

#include <algorithm>
#include <cstdint>

#include "data/quoted.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

void add_line(std::string_view line, std::int64_t number, const std::string& path,
              Paragraph& paragraph) {
  if (line.front() == ' ' || line.front() == '\t') {
    if (paragraph.empty()) {
      throw FileError(path, number, "expected a field before its continuation, found none");
    }
    paragraph.extend(line.substr(1));
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() ||
      name.find_first_of(" \t") != std::string_view::npos) {
    throw FileError(path, number,
                    core::text("expected Name: value, found ", data::quoted(line.substr(0, 40))));
  }
  paragraph.add(name, trimmed(line.substr(colon + 1)));
}

}  // namespace

void Paragraph::extend(std::string_view line) {
  std::string& value = fields_.back().second;
  value += '\n';
  value += line;
}

std::string_view Paragraph::field(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == fields_.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<Paragraph> parse_control_data(std::string_view bytes, const std::string& path) {
  std::vector<Paragraph> paragraphs;
  Paragraph current;
  std::int64_t number = 0;
  while (!bytes.empty()) {
    const std::size_t length = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, length);
    bytes.remove_prefix(std::min(length + 1, bytes.size()));
    ++number;
    if (!line.empty()) {
      add_line(line, number, path, current);
    } else if (!current.empty()) {
      paragraphs.push_back(std::move(current));
      current = {};
    }
  }
  if (!current.empty()) {
    paragraphs.push_back(std::move(current));
  }
  return paragraphs;
}

}  // namespace attune::data
