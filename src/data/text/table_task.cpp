#include "data/text/table_task.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "data/folders.hpp"
#include "data/quoted.hpp"

namespace attune::data {

namespace {

/// Columns of one table by number.
struct Places {
  std::vector<std::size_t> first, second, endings;
  std::size_t label = 0;
  bool has_label = false;
};

std::vector<std::size_t> places_of(const TextTable& table, const std::vector<TaskColumn>& columns) {
  std::vector<std::size_t> places;
  for (const TaskColumn& column : columns) {
    places.push_back(column.name.empty() ? static_cast<std::size_t>(column.number)
                                         : table.column(column.name));
  }
  return places;
}

Places find_places(const TextTable& table, const TableFormat& format) {
  Places places{.first = places_of(table, format.first),
                .second = places_of(table, format.second),
                .endings = places_of(table, format.endings)};
  const bool may_lack = !format.labelled && !table.has_column(format.label.name);
  if (format.label.defined() && !may_lack) {
    places.label = places_of(table, {format.label}).front();
    places.has_label = true;
  }
  return places;
}

bool fits(const std::vector<std::string>& names, const TableFormat& format) {
  const auto named = [&](const TaskColumn& column) {
    return std::find(names.begin(), names.end(), column.name) != names.end();
  };
  return format.heading && std::all_of(format.first.begin(), format.first.end(), named) &&
         std::all_of(format.second.begin(), format.second.end(), named);
}

const TableFormat& choose_format(std::string_view bytes, const std::string& path,
                                 const std::vector<TableFormat>& formats) {
  TextTable table(bytes, path, formats.front().form);
  if (formats.size() > 1 && table.next()) {
    for (const TableFormat& format : formats) {
      if (fits(table.fields(), format)) {
        return format;
      }
    }
  }
  for (const TableFormat& format : formats) {
    if (!format.heading) {
      return format;
    }
  }
  return formats.front();  // finding its columns says what is missing
}

class RowReader {
 public:
  RowReader(const TextTable& table, const TableFormat& format, TextTaskKind kind)
      : table_(table), format_(format), kind_(kind), places_(find_places(table, format)) {}

  /// Nothing is added where the format says that the row means nothing.
  void read(TextPart& part) const {
    check_columns();
    if (is_skipped()) {
      ++part.skipped;
      return;
    }
    TextExample example{.first = joined(places_.first), .second = joined(places_.second)};
    for (const std::size_t ending : places_.endings) {
      example.endings.push_back(text_at(ending));
    }
    if (places_.has_label) {
      const std::string& found = table_.field(places_.label);
      if (kind_ == TextTaskKind::score) {
        example.score = score(found);
      } else {
        example.label = label_number(table_, found, format_.written);
      }
    } else if (kind_ == TextTaskKind::score) {
      example.score = std::numeric_limits<float>::quiet_NaN();
    }
    part.examples.push_back(std::move(example));
  }

 private:
  void check_columns() const {
    const std::size_t found = table_.fields().size();
    if (format_.columns > 0 && found != format_.columns) {
      table_.fail("expected ", format_.columns, " columns, found ", found);
    }
    // Published files have lines with more fields than names, none with fewer.
    if (format_.heading && !format_.skip_short && found < table_.num_columns()) {
      table_.fail("expected ", table_.num_columns(), " columns, found ", found);
    }
  }

  [[nodiscard]] bool is_skipped() const {
    if (format_.skip_short && table_.fields().size() != table_.num_columns()) {
      return true;
    }
    return places_.has_label && !format_.skipped_label.empty() &&
           table_.field(places_.label) == format_.skipped_label;
  }

  [[nodiscard]] const std::string& text_at(std::size_t column) const {
    const std::string& found = table_.field(column);
    if (!format_.may_be_empty && found.find_first_not_of(' ') == std::string::npos) {
      table_.fail("column ", column + 1, ": expected a text, found an empty one");
    }
    return found;
  }

  [[nodiscard]] std::string joined(const std::vector<std::size_t>& columns) const {
    std::string out;
    for (const std::size_t column : columns) {
      const std::string& found = text_at(column);
      out += out.empty() || found.empty() ? "" : " ";
      out += found;
    }
    return out;
  }

  [[nodiscard]] float score(const std::string& found) const {
    double value = 0;
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc() || end != found.data() + found.size() ||
        !(value >= format_.lowest && value <= format_.highest)) {
      table_.fail("expected a score from ", format_.lowest, " to ", format_.highest, ", found ",
                  data::quoted(found));
    }
    return static_cast<float>(value);
  }

  const TextTable& table_;
  const TableFormat& format_;
  TextTaskKind kind_;
  Places places_;
};

}  // namespace

std::int32_t label_number(const TextTable& table, std::string_view found,
                          const std::vector<std::string>& known) {
  const auto place = std::find(known.begin(), known.end(), found);
  if (place == known.end()) {
    constexpr std::size_t kShown = 12;
    std::vector<std::string> shown(
        known.begin(), known.begin() + static_cast<std::ptrdiff_t>(std::min(known.size(), kShown)));
    if (shown.size() < known.size()) {
      shown.emplace_back("...");
    }
    table.fail("expected one of the labels ", join(shown), "; found ", data::quoted(found));
  }
  return static_cast<std::int32_t>(place - known.begin());
}

void read_table_part(std::string_view bytes, const std::string& path,
                     const std::vector<TableFormat>& formats, TextTaskKind kind, TextPart& part) {
  const TableFormat& format = choose_format(bytes, path, formats);
  TextTable table(bytes, path, format.form);
  if (format.heading) {
    table.read_heading();
  }
  const RowReader reader(table, format, kind);
  while (table.next()) {
    reader.read(part);
  }
}

}  // namespace attune::data
