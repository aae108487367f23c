#include "cli/report/line_chart.hpp"

#include <algorithm>
#include <limits>

#include "cli/report/axis.hpp"
#include "cli/report/numbers.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

constexpr double kWidth = 400;
constexpr double kHeight = 250;
constexpr double kPlotLeft = 52;
constexpr double kPlotRight = 384;
constexpr double kPlotTop = 12;
constexpr double kPlotBottom = 212;
constexpr std::size_t kMostPoints = 600;

/// The extent of all lines, and how it is drawn.
struct Frame {
  Axis x;
  Axis y;
};

Frame frame_of(const std::vector<ChartLine>& lines, double last) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const ChartLine& line : lines) {
    for (const ChartPoint& point : line.points) {
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  }
  const int x_marks = static_cast<int>(std::clamp(last, 1.0, 6.0));  // none between whole numbers
  return {.x = Axis(0, last, x_marks, kPlotLeft, kPlotRight, Axis::Ends::kept),
          .y = Axis(low, high, 5, kPlotBottom, kPlotTop)};
}

std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points) {
  if (points.size() <= kMostPoints) {
    return points;
  }
  const std::size_t buckets = kMostPoints / 2;
  std::vector<ChartPoint> kept;
  for (std::size_t b = 0; b < buckets; ++b) {
    const auto begin = points.begin() + static_cast<std::ptrdiff_t>(b * points.size() / buckets);
    const auto end =
        points.begin() + static_cast<std::ptrdiff_t>((b + 1) * points.size() / buckets);
    auto [first, second] = std::minmax_element(
        begin, end, [](const ChartPoint& a, const ChartPoint& c) { return a.y < c.y; });
    if (second < first) {
      std::swap(first, second);
    }
    kept.push_back(*first);
    if (first != second) {
      kept.push_back(*second);
    }
  }
  return kept;
}

void write_axes(Markup& page, const Frame& frame, const LineChart& chart) {
  for (const double mark : frame.y.marks()) {
    const std::string y = decimal(frame.y.position(mark));
    page.empty("line", {{"class", "grid"},
                        {"x1", decimal(kPlotLeft)},
                        {"x2", decimal(kPlotRight)},
                        {"y1", y},
                        {"y2", y}});
    page.element("text",
                 {{"class", "tick end"}, {"x", decimal(kPlotLeft - 6)}, {"y", y}, {"dy", "0.32em"}},
                 frame.y.label(mark));
  }
  for (const double mark : frame.x.marks()) {
    page.element("text",
                 {{"class", "tick middle"},
                  {"x", decimal(frame.x.position(mark))},
                  {"y", decimal(kPlotBottom + 18)}},
                 frame.x.label(mark));
  }
  page.element("text",
               {{"class", "tick middle"},
                {"x", decimal((kPlotLeft + kPlotRight) / 2)},
                {"y", decimal(kPlotBottom + 35)}},
               chart.x_label);
}

void write_mark(Markup& page, const Frame& frame, const ChartMark& mark) {
  const std::string x = decimal(frame.x.position(mark.x));
  page.open("line", {{"class", "mark " + mark.style},
                     {"x1", x},
                     {"x2", x},
                     {"y1", decimal(kPlotTop)},
                     {"y2", decimal(kPlotBottom)}});
  page.element("title", {}, mark.name).close();
}

void write_line(Markup& page, const Frame& frame, const ChartLine& line) {
  std::string path;
  for (const ChartPoint& point : thinned(line.points)) {
    path += text(path.empty() ? 'M' : 'L', decimal(frame.x.position(point.x), 1), ' ',
                 decimal(frame.y.position(point.y), 1));
  }
  const bool single = line.points.size() == 1;
  page.open("path", {{"class", (single ? "line single " : "line ") + line.style},
                     {"d", path + (single ? "h0" : "")}});
  page.element("title", {}, line.name).close();
}

}  // namespace

void write_line_chart(Markup& page, const LineChart& chart) {
  std::vector<ChartLine> lines;
  std::ranges::copy_if(chart.lines, std::back_inserter(lines),
                       [](const ChartLine& line) { return !line.points.empty(); });
  if (lines.empty()) {
    return;
  }
  const Frame frame = frame_of(lines, chart.last_x);
  page.open("figure").element("figcaption", {}, chart.title);
  page.open("svg", {{"viewBox", text("0 0 ", kWidth, ' ', kHeight)},
                    {"role", "img"},
                    {"aria-label", text(chart.title, " by ", chart.x_label)}});
  write_axes(page, frame, chart);
  for (const ChartMark& mark : chart.marks) {
    write_mark(page, frame, mark);
  }
  for (const ChartLine& line : lines) {
    write_line(page, frame, line);
  }
  page.close().close();
}

}  // namespace attune::cli
