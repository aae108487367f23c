#include "cli/report/heat_map.hpp"

#include "cli/report/numbers.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

constexpr double kLeft = 62;
constexpr double kTop = 40;
constexpr double kCellWidth = 46;
constexpr double kCellHeight = 26;
constexpr double kGap = 1;
// From here on the other colour of text reads better, in light and in dark (contrast 4 at worst).
constexpr double kStrong = 0.71;

double x_of(std::size_t column) {
  return kLeft + static_cast<double>(column) * kCellWidth;
}

double y_of(std::size_t row) {
  return kTop + static_cast<double>(row) * kCellHeight;
}

void write_text(Markup& page, const std::string& style, double x, double y,
                const std::string& words) {
  page.element("text", {{"class", style}, {"x", decimal(x)}, {"y", decimal(y)}}, words);
}

void write_column(Markup& page, const HeatMap::Column& column, std::size_t at) {
  const double middle = x_of(at) + kCellWidth / 2;
  // A number of seven digits is as wide as a cell; longer names get narrower letters.
  const bool long_name = column.name.size() > 6;
  write_text(page, long_name ? "tick middle tight" : "tick middle", middle, 15, column.name);
  write_text(page, column.marked ? "tick middle marked" : "tick middle", middle, 31, column.under);
}

void write_cell(Markup& page, const HeatMap& map, std::size_t row, std::size_t column) {
  const double value = map.rows[row].values[column];
  const double share = map.largest > 0 ? value / map.largest : 0;
  page.open("g");
  page.element("title", {},
               text(map.rows[row].name, ", ", map.columns[column].name, ": ",
                    decimal(value, map.digits + 2)));
  page.empty("rect", {{"class", "cell"},
                      {"x", decimal(x_of(column))},
                      {"y", decimal(y_of(row))},
                      {"width", decimal(kCellWidth - kGap)},
                      {"height", decimal(kCellHeight - kGap)},
                      {"fill-opacity", decimal(share, 3)}});
  write_text(page, share >= kStrong ? "value strong" : "value", x_of(column) + kCellWidth / 2,
             y_of(row) + 17, fixed(value, map.digits));
  page.close();
}

}  // namespace

void write_heat_map(Markup& page, const HeatMap& map) {
  const std::string width = decimal(x_of(map.columns.size()) + 4);
  const std::string height = decimal(y_of(map.rows.size()) + 4);
  page.open("svg", {{"class", "heat"},
                    {"width", width},
                    {"height", height},
                    {"viewBox", text("0 0 ", width, ' ', height)},
                    {"role", "img"},
                    {"aria-label", map.label}});
  for (std::size_t column = 0; column < map.columns.size(); ++column) {
    write_column(page, map.columns[column], column);
  }
  for (std::size_t row = 0; row < map.rows.size(); ++row) {
    write_text(page, "tick end", kLeft - 8, y_of(row) + 17, map.rows[row].name);
    for (std::size_t column = 0; column < map.rows[row].values.size(); ++column) {
      write_cell(page, map, row, column);
    }
    if (map.rows[row].rest) {
      write_text(page, "value", x_of(map.rows[row].values.size()) + kCellWidth / 2, y_of(row) + 17,
                 fixed(*map.rows[row].rest, map.digits));
    }
  }
  page.close();
}

}  // namespace attune::cli
