#include "cli/report/maps_section.hpp"

#include <algorithm>
#include <cmath>

#include "cli/report/numbers.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

constexpr double kSize = 200;
constexpr double kMargin = 7;
// Queries and keys are drawn in turns, so that neither hides the other.
constexpr std::size_t kTurns = 8;

using LayerMaps = std::vector<std::vector<HeadMap>>;

/// Puts a map into the middle of a square, the same scale both ways.
class Square {
 public:
  explicit Square(const HeadMap& map) {
    double low_x = 0;
    double high_x = 0;
    double low_y = 0;
    double high_y = 0;
    for (const std::vector<ChartPoint>* points : {&map.queries, &map.keys}) {
      for (const ChartPoint& point : *points) {
        low_x = std::min(low_x, point.x);
        high_x = std::max(high_x, point.x);
        low_y = std::min(low_y, point.y);
        high_y = std::max(high_y, point.y);
      }
    }
    x_ = (low_x + high_x) / 2;
    y_ = (low_y + high_y) / 2;
    const double extent = std::max(high_x - low_x, high_y - low_y);
    scale_ = extent > 0 ? (kSize - 2 * kMargin) / extent : 0;
  }

  [[nodiscard]] std::string place(const ChartPoint& point) const {
    return text(decimal(kSize / 2 + scale_ * (point.x - x_), 1), ' ',
                decimal(kSize / 2 - scale_ * (point.y - y_), 1));
  }

 private:
  double x_;
  double y_;
  double scale_;
};

// All points of a turn as one path of lines without length: their caps are the dots.
void write_dots(Markup& page, const std::string& style, const std::vector<ChartPoint>& points,
                std::size_t turn, const Square& square) {
  std::string path;
  for (std::size_t i = turn; i < points.size(); i += kTurns) {
    path += text('M', square.place(points[i]), "h0");
  }
  if (!path.empty()) {
    page.empty("path", {{"class", style}, {"d", path}});
  }
}

void write_map(Markup& page, const HeadMap& map, const std::string& label) {
  const Square square(map);
  page.open("svg", {{"viewBox", text("0 0 ", kSize, ' ', kSize)},
                    {"class", "map"},
                    {"role", "img"},
                    {"aria-label", label}});
  for (std::size_t turn = 0; turn < kTurns; ++turn) {
    write_dots(page, "dots keys", map.keys, turn, square);
    write_dots(page, "dots queries", map.queries, turn, square);
  }
  page.close();
}

void write_head(Markup& page, const Runs& runs, const std::vector<LayerMaps>& maps,
                std::size_t layer, std::size_t head) {
  page.open("figure", {{"class", "head"}});
  page.element("figcaption", {}, text("Head ", head + 1)).open("div", {{"class", "pair"}});
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (layer >= maps[i].size() || head >= maps[i][layer].size()) {
      page.element("p", {{"class", "under"}}, "no such head");
      continue;
    }
    const double mmd = runs[i].run.layers()[layer].mmd[head];
    page.open("div");
    write_map(page, maps[i][layer][head],
              text("Keys and queries of head ", head + 1, ", ", runs[i].name));
    page.open("p", {{"class", "under"}});
    page.element("span", {{"class", "swatch " + style_of_run(i)}}, "");
    page.text(text(runs[i].name, ", MMD ", significant(mmd))).close().close();
  }
  page.close().close();
}

std::size_t most_heads(const std::vector<LayerMaps>& maps, std::size_t layer) {
  std::size_t most = 0;
  for (const LayerMaps& of_run : maps) {
    most = std::max(most, layer < of_run.size() ? of_run[layer].size() : 0);
  }
  return most;
}

void write_legend(Markup& page) {
  page.open("p", {{"class", "legend"}});
  for (const char* what : {"queries", "keys"}) {
    page.open("span", {{"class", "key"}});
    page.open("svg", {{"viewBox", "0 0 10 10"}, {"class", "dot"}, {"aria-hidden", "true"}});
    page.empty("path", {{"class", text("dots ", what)}, {"d", "M5 5h0"}}).close();
    page.text(what).close();
  }
  page.close();
}

void write_explanation(Markup& page, std::size_t nodes, std::int64_t num_nodes,
                       const HeadMapOptions& options) {
  const std::string which =
      static_cast<std::int64_t>(nodes) == num_nodes
          ? text("all ", with_thousands(num_nodes), " nodes")
          : text(with_thousands(static_cast<std::int64_t>(nodes)), " nodes of ",
                 with_thousands(num_nodes), ", drawn at random");
  page.element(
      "p", {{"class", "note"}},
      text("Each head\xE2\x80\x99s queries and keys, laid out together by t-SNE (perplexity ",
           decimal(map_perplexity(nodes, options)), "): ", which,
           ". Where the two colours mix, their distributions match; where they part, they do not. "
           "Distances between far groups mean nothing, nor do the axes."));
}

}  // namespace

std::int64_t num_maps(const Runs& runs) {
  std::int64_t count = 0;
  for (const NamedRun& named : runs) {
    for (const ExaminedLayer& layer : named.run.layers()) {
      count += layer.heads();
    }
  }
  return count;
}

void write_maps_section(Markup& page, const Runs& runs, const HeadMapOptions& options,
                        const std::function<void()>& drawn) {
  page.open("section", {{"id", "maps"}}).element("h2", {}, "Keys and queries");
  if (num_maps(runs) == 0) {
    page.element("p", {{"class", "note"}}, "The model has no attention heads.").close();
    return;
  }
  const std::int64_t num_nodes = runs.front().run.dataset().num_nodes();
  const std::vector<std::int64_t> nodes = map_nodes(num_nodes, options);
  write_explanation(page, nodes.size(), num_nodes, options);
  write_legend(page);
  std::vector<LayerMaps> maps;
  std::size_t layers = 0;
  for (const NamedRun& named : runs) {
    maps.push_back(head_maps(named.run, nodes, options, drawn));
    layers = std::max(layers, maps.back().size());
  }
  for (std::size_t layer = 0; layer < layers; ++layer) {
    page.element("h3", {}, text("Layer ", layer + 1, " of ", layers));
    page.open("div", {{"class", runs.size() == 2 ? "heads pairs" : "heads"}});
    for (std::size_t head = 0; head < most_heads(maps, layer); ++head) {
      write_head(page, runs, maps, layer, head);
    }
    page.close();
  }
  page.close();
}

}  // namespace attune::cli
