#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/report/markup.hpp"

namespace attune::cli {

struct ChartPoint {
  double x = 0;
  double y = 0;
};

struct ChartLine {
  std::string name;
  std::string style;  ///< class of its colour, and `faint` for a line in the background
  std::vector<ChartPoint> points;
};

/// A vertical line at one place.
struct ChartMark {
  std::string name;
  std::string style;
  double x = 0;
};

struct LineChart {
  std::string title;    ///< what y is
  std::string x_label;  ///< what x is: a count, whose axis begins at 0
  double last_x = 0;    ///< where it ends; no point is beyond
  std::vector<ChartLine> lines;
  std::vector<ChartMark> marks;
};

/// An SVG figure that takes the width it is given. A line of very many points is thinned: of those
/// that share a stretch of the axis the lowest and the highest are drawn, so that no peak is lost.
/// Nothing is drawn where there is no point.
void write_line_chart(Markup& page, const LineChart& chart);

}  // namespace attune::cli
