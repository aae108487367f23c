#include "cli/report/attention_section.hpp"

#include <algorithm>

#include "cli/report/heat_map.hpp"
#include "cli/report/heat_scale.hpp"
#include "cli/report/neighbourhood.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

constexpr std::size_t kMostColumns = 22;   // as many as a wide screen takes
constexpr std::size_t kNarrowColumns = 8;  // up to here two runs stand side by side

double alpha_at(const ExaminedLayer& layer, std::int64_t edge, std::int64_t head) {
  return layer.alpha.data<float>()[edge * layer.heads() + head];
}

// Mean coefficient of each edge into the node over all runs, layers and heads: one order of the
// columns for all pictures.
std::vector<double> mean_alpha(const Runs& runs, std::int64_t node) {
  const graph::CsrView in = runs.front().run.graph().in_edges();
  std::vector<double> mean(static_cast<std::size_t>(in.num_edges()));
  for (const NamedRun& named : runs) {
    for (const ExaminedLayer& layer : named.run.layers()) {
      for (std::int64_t e = in.row_ptr[node]; e < in.row_ptr[node + 1]; ++e) {
        for (std::int64_t head = 0; head < layer.heads(); ++head) {
          mean[e] += alpha_at(layer, e, head) / static_cast<double>(layer.heads());
        }
      }
    }
  }
  return mean;
}

double largest_shown(const Runs& runs, const Neighbourhood& around) {
  double largest = 0;
  for (const NamedRun& named : runs) {
    for (const ExaminedLayer& layer : named.run.layers()) {
      for (const std::int64_t edge : around.edges) {
        for (std::int64_t head = 0; head < layer.heads(); ++head) {
          largest = std::max(largest, alpha_at(layer, edge, head));
        }
      }
    }
  }
  return largest;
}

std::string class_name(std::int32_t label) {
  return label < 0 ? "class unknown" : text("class ", label);
}

HeatMap heat_map(const NamedRun& named, std::size_t layer_index, const Neighbourhood& around,
                 double largest) {
  const ExaminedLayer& layer = named.run.layers()[layer_index];
  const data::NodeDataset& data = named.run.dataset();
  const graph::CsrView in = named.run.graph().in_edges();
  HeatMap map{.label = text("Attention of node ", around.node, " in layer ", layer_index + 1, ", ",
                            named.name),
              .largest = largest,
              .digits = heat_digits(largest),
              .columns = {},
              .rows = {}};
  for (const std::int64_t edge : around.edges) {
    const std::int32_t source = in.col_idx[edge];
    const std::int32_t label = data.labels[source];
    map.columns.push_back({.name = source == around.node ? "itself" : text(source),
                           .under = label < 0 ? "?" : text("c", label),
                           .marked = label >= 0 && label == data.labels[around.node]});
  }
  if (!around.others.empty()) {
    map.columns.push_back({.name = "others", .under = text(around.others.size()), .marked = false});
  }
  for (std::int64_t head = 0; head < layer.heads(); ++head) {
    HeatMap::Row row{.name = text("head ", head + 1), .values = {}, .rest = std::nullopt};
    for (const std::int64_t edge : around.edges) {
      row.values.push_back(alpha_at(layer, edge, head));
    }
    for (const std::int64_t edge : around.others) {
      row.rest = row.rest.value_or(0) + alpha_at(layer, edge, head);
    }
    map.rows.push_back(std::move(row));
  }
  return map;
}

void write_explanation(Markup& page, const Runs& runs, const Neighbourhood& around) {
  const data::NodeDataset& data = runs.front().run.dataset();
  const auto degree = static_cast<std::int64_t>(around.edges.size() + around.others.size()) - 1;
  page.element(
      "p", {{"class", "note"}},
      text("How much each head of node ", around.node, " (", class_name(data.labels[around.node]),
           ", ", with_thousands(degree), degree == 1 ? " neighbour" : " neighbours",
           ") listens to itself and to its neighbours, without dropout; a row sums to one. Columns "
           "in the order of their mean weight; underlined: of the same class as the node.",
           around.others.empty()
               ? ""
               : " The last column is the sum over all the neighbours for whom there is no room."));
}

void write_layer(Markup& page, const Runs& runs, const Neighbourhood& around, std::size_t layer,
                 double largest) {
  const bool narrow = around.edges.size() <= kNarrowColumns;
  page.open("div", {{"class", narrow ? "heats" : "heats stacked"}});
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (layer >= runs[i].run.layers().size()) {
      continue;
    }
    page.open("figure").open("figcaption");
    page.element("span", {{"class", "swatch " + style_of_run(i)}}, "");
    page.text(text(runs[i].name, ", predicts class ", runs[i].run.predicted_class(around.node)));
    page.close().open("div", {{"class", "scroll"}});
    write_heat_map(page, heat_map(runs[i], layer, around, largest));
    page.close().close();
  }
  page.close();
}

}  // namespace

void write_attention_section(Markup& page, const Runs& runs, std::int64_t node) {
  std::size_t layers = 0;
  for (const NamedRun& named : runs) {
    layers = std::max(layers, named.run.layers().size());
  }
  page.open("section", {{"id", "attention"}}).element("h2", {}, text("Attention of node ", node));
  if (layers == 0) {
    page.element("p", {{"class", "note"}}, "The model has no attention heads.").close();
    return;
  }
  const Neighbourhood around =
      neighbourhood_of(runs.front().run.graph(), node, mean_alpha(runs, node), kMostColumns);
  const double largest = largest_shown(runs, around);
  write_explanation(page, runs, around);
  write_heat_scale(page, largest);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    page.element("h3", {}, text("Layer ", layer + 1, " of ", layers));
    write_layer(page, runs, around, layer, largest);
  }
  page.close();
}

}  // namespace attune::cli
