#include "data/text/text_table.hpp"

#include <algorithm>

#include "data/folders.hpp"
#include "data/quoted.hpp"
#include "data/text/unicode.hpp"

namespace attune::data {

TextTable::TextTable(std::string_view bytes, std::string path, TableForm form)
    : rest_(without_bom(bytes)), path_(std::move(path)), form_(form) {}

void TextTable::read_heading() {
  if (!next()) {
    throw FileError(path_, "expected a line with the names of the columns, found nothing");
  }
  heading_ = fields_;
  for (std::size_t i = 0; i < heading_.size(); ++i) {
    if (std::find(heading_.begin(), heading_.begin() + static_cast<std::ptrdiff_t>(i),
                  heading_[i]) != heading_.begin() + static_cast<std::ptrdiff_t>(i)) {
      fail("expected columns of different names, found ", data::quoted(heading_[i]), " twice");
    }
  }
}

bool TextTable::has_column(std::string_view name) const {
  return std::find(heading_.begin(), heading_.end(), name) != heading_.end();
}

std::size_t TextTable::column(std::string_view name) const {
  const auto found = std::find(heading_.begin(), heading_.end(), name);
  if (found == heading_.end()) {
    constexpr std::size_t kShown = 20;
    std::vector<std::string> shown;
    for (const std::string& column : heading_) {
      shown.push_back(data::quoted(column));
    }
    shown.resize(std::min(shown.size(), kShown));
    throw FileError(path_, 1, core::text("expected a column \"", name, "\", found ", join(shown)));
  }
  return static_cast<std::size_t>(found - heading_.begin());
}

bool TextTable::next() {
  while (!rest_.empty()) {
    number_ = next_number_;
    if (rest_.front() == '\n' || rest_.starts_with("\r\n")) {
      rest_.remove_prefix(rest_.front() == '\n' ? 1 : 2);
      ++next_number_;
      continue;
    }
    if (form_ == TableForm::tabs) {
      split_tabs();
    } else {
      split_commas();
    }
    check_utf8();
    return true;
  }
  return false;
}

const std::string& TextTable::field(std::size_t index) const {
  if (index >= fields_.size()) {
    fail("expected at least ", index + 1, " columns, found ", fields_.size());
  }
  return fields_[index];
}

void TextTable::split_tabs() {
  const std::size_t length = std::min(rest_.find('\n'), rest_.size());
  std::string_view line = rest_.substr(0, length);
  rest_.remove_prefix(std::min(length + 1, rest_.size()));
  ++next_number_;
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  fields_.clear();
  while (true) {
    const std::size_t tab = line.find('\t');
    fields_.emplace_back(line.substr(0, tab));
    if (tab == std::string_view::npos) {
      return;
    }
    line.remove_prefix(tab + 1);
  }
}

void TextTable::split_commas() {
  fields_.clear();
  while (true) {
    if (rest_.starts_with('"')) {
      fields_.push_back(take_quoted());
    } else {
      const std::size_t length = std::min(rest_.find_first_of(",\n"), rest_.size());
      std::string_view field = rest_.substr(0, length);
      rest_.remove_prefix(length);
      if (field.ends_with('\r')) {
        field.remove_suffix(1);
      }
      fields_.emplace_back(field);
    }
    if (rest_.empty()) {
      ++next_number_;
      return;
    }
    if (rest_.front() == '\n' || rest_.starts_with("\r\n")) {
      rest_.remove_prefix(rest_.front() == '\n' ? 1 : 2);
      ++next_number_;
      return;
    }
    if (rest_.front() != ',') {
      fail("field ", fields_.size(), ": expected a comma behind the closing quote, found ",
           data::quoted(rest_.substr(0, 1)));
    }
    rest_.remove_prefix(1);
  }
}

std::string TextTable::take_quoted() {
  std::string content;
  rest_.remove_prefix(1);
  while (true) {
    const std::size_t quote = rest_.find('"');
    if (quote == std::string_view::npos) {
      fail("field ", fields_.size() + 1, ": expected a closing quote, found the end of the file");
    }
    content += rest_.substr(0, quote);
    rest_.remove_prefix(quote + 1);
    if (!rest_.starts_with('"')) {
      next_number_ += std::count(content.begin(), content.end(), '\n');
      return content;
    }
    content += '"';
    rest_.remove_prefix(1);
  }
}

void TextTable::check_utf8() const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const std::size_t at = find_invalid_utf8(fields_[i]);
    if (at != std::string::npos) {
      fail("column ", i + 1, ": expected UTF-8, found ",
           data::quoted(std::string_view(fields_[i]).substr(at, 4)));
    }
  }
}

std::string_view without_bom(std::string_view bytes) noexcept {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  return bytes.starts_with(kMark) ? bytes.substr(kMark.size()) : bytes;
}

}  // namespace attune::data
