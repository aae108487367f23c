#include "cli/report/attention_grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "cli/report/numbers.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

constexpr double kCell = 17;
constexpr std::size_t kMostNamed = 30;  // columns or rows that each have a name
constexpr double kExtent = 20 * kCell;  // of more of them together
constexpr double kLine = 13;            // room that a name needs
constexpr double kLeastLined = 8;       // of a cell between lines
constexpr std::size_t kFewNumbers = 6;  // of a row with more columns
constexpr double kLetter = 6.2;         // mean width of one, of 11 pixels
constexpr double kSpace = 8;
constexpr std::size_t kMostLetters = 20;  // of a name
constexpr std::size_t kSteps = 24;        // of colour; a path each, so that a cell is few bytes

bool begins_letter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

std::size_t letters(const std::string& name) {
  return static_cast<std::size_t>(std::ranges::count_if(name, begins_letter));
}

// Long names lose their end.
std::string shortened(const std::string& name) {
  if (letters(name) <= kMostLetters) {
    return name;
  }
  std::size_t at = 0;
  for (std::size_t seen = 0; at < name.size(); ++at) {
    if (begins_letter(name[at]) && ++seen == kMostLetters) {
      break;
    }
  }
  return name.substr(0, at) + "\xE2\x80\xA6";
}

double room_for(const std::vector<std::string>& names) {
  std::size_t most = 1;
  for (const std::string& name : names) {
    most = std::max(most, std::min(letters(name), kMostLetters));
  }
  return std::ceil(kSpace + kLetter * static_cast<double>(most)) + 0.5;  // lines are sharp so
}

/// Rows or columns along one side: few are as large as their names, more share a length.
class Side {
 public:
  Side(std::size_t count, double begin)
      : count_(count),
        begin_(begin),
        pitch_(count <= kMostNamed ? kCell : kExtent / static_cast<double>(count)) {
    while (static_cast<double>(every_) * pitch_ < kLine) {
      every_ = every_ == 2 ? 5 : 2 * every_;  // 1, 2, 5, 10, 20 ...
    }
  }

  [[nodiscard]] double at(std::size_t index) const {
    return begin_ + pitch_ * static_cast<double>(index);
  }
  [[nodiscard]] double pitch() const { return pitch_; }
  /// Where the picture ends: the last name may be larger than what it names.
  [[nodiscard]] double end() const { return at(count_) + 2 + std::max(0.0, (kLine - pitch_) / 2); }
  /// Whether a line goes before it, or after the last one.
  [[nodiscard]] bool lined(std::size_t index) const {
    return pitch_ >= kLeastLined || index == 0 || index == count_;
  }
  /// Whether there is room for the name.
  [[nodiscard]] bool named(std::size_t index) const { return (index + 1) % every_ == 0; }
  /// Where a line of text has to begin to stand in the middle.
  [[nodiscard]] double baseline(std::size_t index) const { return at(index) + pitch_ / 2 + 4; }

 private:
  std::size_t count_;
  double begin_;
  double pitch_;
  std::size_t every_ = 1;
};

/// Where things are in the picture.
class Layout {
 public:
  explicit Layout(const AttentionGrid& grid)
      : columns_(grid.columns.size(), room_for(grid.rows)),
        rows_(grid.rows.size(), room_for(grid.columns)),
        width_(columns_.end()),
        height_(rows_.end()) {}

  [[nodiscard]] const Side& columns() const { return columns_; }
  [[nodiscard]] const Side& rows() const { return rows_; }
  [[nodiscard]] double width() const { return width_; }
  [[nodiscard]] double height() const { return height_; }

 private:
  Side columns_;
  Side rows_;
  double width_;
  double height_;
};

// `is attends most to red, 0.41; there to ...`
std::string in_words(const AttentionGrid& grid) {
  std::string words = grid.label + ". ";
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    const auto most = std::ranges::max_element(grid.values[row]);
    const auto column = static_cast<std::size_t>(most - grid.values[row].begin());
    words += text(row == 0 ? "" : "; ", grid.rows[row], row == 0 ? " attends most to " : " to ",
                  grid.columns[column], ", ", fixed(*most, 2));
  }
  return words;
}

void write_names(Markup& page, const AttentionGrid& grid, const Layout& layout) {
  const double left = layout.columns().at(0) - 4;
  const double top = layout.rows().at(0) - 4;
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    if (layout.rows().named(row)) {
      page.element("text",
                   {{"class", "tick end small"},
                    {"x", decimal(left)},
                    {"y", decimal(layout.rows().baseline(row))}},
                   shortened(grid.rows[row]));
    }
  }
  for (std::size_t column = 0; column < grid.columns.size(); ++column) {
    if (layout.columns().named(column)) {
      const std::string x = decimal(layout.columns().baseline(column));
      page.element("text",
                   {{"class", "tick small"},
                    {"x", x},
                    {"y", decimal(top)},
                    {"transform", text("rotate(-90 ", x, ' ', decimal(top), ')')}},
                   shortened(grid.columns[column]));
    }
  }
}

// Neighbours of one colour in a row are one path, so that many cells remain few bytes.
std::array<std::string, kSteps + 1> cells_by_step(const AttentionGrid& grid) {
  std::array<std::string, kSteps + 1> paths;
  const auto step_of = [&](double value) {
    const double share = grid.largest > 0 ? value / grid.largest : 0;
    return static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * kSteps));
  };
  for (std::size_t row = 0; row < grid.values.size(); ++row) {
    const std::vector<double>& values = grid.values[row];
    for (std::size_t begin = 0, end = 0; begin < values.size(); begin = end) {
      const std::size_t step = step_of(values[begin]);
      while (end < values.size() && step_of(values[end]) == step) {
        ++end;
      }
      paths[step] += text('M', begin, ' ', row, 'h', end - begin, "v1H", begin, 'z');
    }
  }
  return paths;
}

// In units of a cell.
void write_cells(Markup& page, const AttentionGrid& grid, const Layout& layout) {
  const std::array<std::string, kSteps + 1> paths = cells_by_step(grid);
  page.open("g", {{"transform", text("translate(", decimal(layout.columns().at(0)), ' ',
                                     decimal(layout.rows().at(0)), ") scale(",
                                     decimal(layout.columns().pitch(), 4), ' ',
                                     decimal(layout.rows().pitch(), 4), ')')}});
  for (std::size_t step = 0; step <= kSteps; ++step) {
    if (!paths[step].empty()) {
      page.empty("path", {{"class", "shade"},
                          {"fill-opacity", decimal(static_cast<double>(step) / kSteps, 3)},
                          {"d", paths[step]}});
    }
  }
  page.close();
}

// The frame, and lines between cells that are large enough for them.
void write_lines(Markup& page, const AttentionGrid& grid, const Layout& layout) {
  const Side& columns = layout.columns();
  const Side& rows = layout.rows();
  std::string lines;
  for (std::size_t row = 0; row <= grid.rows.size(); ++row) {
    if (rows.lined(row)) {
      lines += text('M', decimal(columns.at(0)), ' ', decimal(rows.at(row)), 'H',
                    decimal(columns.at(grid.columns.size())));
    }
  }
  for (std::size_t column = 0; column <= grid.columns.size(); ++column) {
    if (columns.lined(column)) {
      lines += text('M', decimal(columns.at(column)), ' ', decimal(rows.at(0)), 'V',
                    decimal(rows.at(grid.rows.size())));
    }
  }
  page.empty("path", {{"class", "lines"}, {"d", lines}});
}

// `red: is 0.1, it 0.3`; of many columns those with the largest numbers, from the largest on.
std::string row_in_numbers(const AttentionGrid& grid, std::size_t row) {
  std::vector<std::size_t> columns(grid.columns.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  const bool all = columns.size() <= kMostNamed;
  if (!all) {
    std::ranges::stable_sort(columns, std::greater{},
                             [&](std::size_t column) { return grid.values[row][column]; });
    columns.resize(kFewNumbers);
  }
  std::string numbers = grid.rows[row] + (all ? ":" : ", most:");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    numbers += text(i == 0 ? " " : ", ", grid.columns[columns[i]], ' ',
                    fixed(grid.values[row][columns[i]], 3));
  }
  return numbers;
}

void write_row_numbers(Markup& page, const AttentionGrid& grid, const Layout& layout) {
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    page.open("rect", {{"class", "pointed"},
                       {"x", "0"},
                       {"y", decimal(layout.rows().at(row))},
                       {"width", decimal(layout.width())},
                       {"height", decimal(layout.rows().pitch())}});
    page.element("title", {}, row_in_numbers(grid, row)).close();
  }
}

}  // namespace

void write_attention_grid(Markup& page, const AttentionGrid& grid) {
  const Layout layout(grid);
  const std::string width = decimal(layout.width());
  const std::string height = decimal(layout.height());
  page.open("svg", {{"class", "heat"},
                    {"width", width},
                    {"height", height},
                    {"viewBox", text("0 0 ", width, ' ', height)},
                    {"role", "img"},
                    {"aria-label", in_words(grid)}});
  write_names(page, grid, layout);
  write_cells(page, grid, layout);
  write_lines(page, grid, layout);
  write_row_numbers(page, grid, layout);
  page.close();
}

}  // namespace attune::cli
