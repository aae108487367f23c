#include "cli/report/curves_section.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include "cli/report/line_chart.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

using Value = std::function<std::optional<double>(const train::CurvePoint&)>;

ChartLine line_of(const NamedRun& named, const std::string& what, const std::string& style,
                  const Value& value) {
  ChartLine line{.name = text(named.name, ": ", what), .style = style, .points = {}};
  for (const train::CurvePoint& point : named.run.checkpoint().state.curves) {
    if (const std::optional<double> y = value(point)) {
      line.points.push_back({static_cast<double>(point.epoch), *y});
    }
  }
  return line;
}

std::vector<ChartMark> best_epochs(const Runs& runs) {
  std::vector<ChartMark> marks;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::int64_t best = runs[i].run.checkpoint().state.early_stopping.best_epoch;
    marks.push_back({.name = text(runs[i].name, ": best epoch, ", best),
                     .style = style_of_run(i),
                     .x = static_cast<double>(best)});
  }
  return marks;
}

std::optional<double> validation_loss(const train::CurvePoint& point) {
  return point.validation ? std::optional(point.validation->loss) : std::nullopt;
}

std::optional<double> validation_accuracy(const train::CurvePoint& point) {
  return point.validation ? std::optional(100 * point.validation->accuracy) : std::nullopt;
}

LineChart chart(const char* title, const Runs& runs) {
  std::int64_t last = 1;
  for (const NamedRun& named : runs) {
    last = std::max(last, named.run.checkpoint().state.epoch);
  }
  return {.title = title,
          .x_label = "epoch",
          .last_x = static_cast<double>(last),
          .lines = {},
          .marks = best_epochs(runs)};
}

void write_key(Markup& page, const std::string& style, const std::string& words) {
  page.open("span", {{"class", "key"}});
  page.open("svg", {{"viewBox", "0 0 26 10"}, {"class", "sample"}, {"aria-hidden", "true"}});
  page.empty("path", {{"class", "line " + style}, {"d", "M1 5H25"}}).close();
  page.text(words).close();
}

void write_legend(Markup& page, const Runs& runs) {
  page.open("p", {{"class", "legend"}});
  for (std::size_t i = 0; i < runs.size(); ++i) {
    write_key(page, style_of_run(i), text(runs[i].name, ", validation"));
    write_key(page, style_of_run(i) + " faint", text(runs[i].name, ", training"));
  }
  page.element("span", {{"class", "key"}}, "Dotted upright: the best epoch.").close();
}

}  // namespace

void write_curves_section(Markup& page, const Runs& runs) {
  LineChart loss = chart("Loss (cross-entropy)", runs);
  LineChart accuracy = chart("Validation accuracy, %", runs);
  LineChart alignment = chart("Alignment, before its weight", runs);
  // The run that the page is about comes last, on top of the other.
  for (std::size_t i = runs.size(); i-- > 0;) {
    const std::string style = style_of_run(i);
    loss.lines.push_back(line_of(runs[i], "training loss, with dropout", style + " faint",
                                 [](const train::CurvePoint& p) { return p.train_loss; }));
    loss.lines.push_back(line_of(runs[i], "validation loss", style, validation_loss));
    accuracy.lines.push_back(line_of(runs[i], "validation accuracy", style, validation_accuracy));
    alignment.lines.push_back(line_of(runs[i], "alignment", style,
                                      [](const train::CurvePoint& p) { return p.alignment; }));
  }
  page.open("section", {{"id", "curves"}}).element("h2", {}, "Training curves");
  write_legend(page, runs);
  page.open("div", {{"class", "charts"}});
  write_line_chart(page, loss);
  write_line_chart(page, accuracy);
  write_line_chart(page, alignment);
  page.close().close();
}

}  // namespace attune::cli
