#include "cli/report/attention_grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/report/numbers.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

constexpr double kCell = 17;
constexpr double kLetter = 6.2;  // mean width of one, of 11 pixels
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
  return kSpace + kLetter * static_cast<double>(most);
}

/// Where things are in the picture.
class Layout {
 public:
  explicit Layout(const AttentionGrid& grid)
      : left_(room_for(grid.rows)),
        top_(room_for(grid.columns)),
        width_(left_ + kCell * static_cast<double>(grid.columns.size()) + 2),
        height_(top_ + kCell * static_cast<double>(grid.rows.size()) + 2) {}

  [[nodiscard]] double x(std::size_t column) const {
    return left_ + kCell * static_cast<double>(column);
  }
  [[nodiscard]] double y(std::size_t row) const { return top_ + kCell * static_cast<double>(row); }
  [[nodiscard]] double width() const { return width_; }
  [[nodiscard]] double height() const { return height_; }

 private:
  double left_;
  double top_;
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
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    page.element("text",
                 {{"class", "tick end small"},
                  {"x", decimal(layout.x(0) - 4)},
                  {"y", decimal(layout.y(row) + 12.5)}},
                 shortened(grid.rows[row]));
  }
  for (std::size_t column = 0; column < grid.columns.size(); ++column) {
    const std::string x = decimal(layout.x(column) + 12.5);
    const std::string y = decimal(layout.y(0) - 4);
    page.element("text",
                 {{"class", "tick small"},
                  {"x", x},
                  {"y", y},
                  {"transform", text("rotate(-90 ", x, ' ', y, ')')}},
                 shortened(grid.columns[column]));
  }
}

void write_cells(Markup& page, const AttentionGrid& grid, const Layout& layout) {
  std::array<std::string, kSteps + 1> paths;
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    for (std::size_t column = 0; column < grid.columns.size(); ++column) {
      const double share = grid.largest > 0 ? grid.values[row][column] / grid.largest : 0;
      const auto step = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * kSteps));
      paths[step] += text('M', decimal(layout.x(column) + 0.5, 1), ' ',
                          decimal(layout.y(row) + 0.5, 1), "h16v16h-16z");
    }
  }
  for (std::size_t step = 0; step <= kSteps; ++step) {
    if (!paths[step].empty()) {
      page.empty("path", {{"class", "cell"},
                          {"fill-opacity", decimal(static_cast<double>(step) / kSteps, 3)},
                          {"d", paths[step]}});
    }
  }
}

void write_row_numbers(Markup& page, const AttentionGrid& grid, const Layout& layout) {
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    std::string numbers = grid.rows[row] + ":";
    for (std::size_t column = 0; column < grid.columns.size(); ++column) {
      numbers += text(column == 0 ? " " : ", ", grid.columns[column], ' ',
                      fixed(grid.values[row][column], 3));
    }
    page.open("rect", {{"class", "pointed"},
                       {"x", "0"},
                       {"y", decimal(layout.y(row))},
                       {"width", decimal(layout.width())},
                       {"height", decimal(kCell)}});
    page.element("title", {}, numbers).close();
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
  write_row_numbers(page, grid, layout);
  page.close();
}

}  // namespace attune::cli
