#include "cli/report/page.hpp"

#include "cli/report/attention_section.hpp"
#include "cli/report/curves_section.hpp"
#include "cli/report/maps_section.hpp"
#include "cli/report/markup.hpp"
#include "cli/report/results_section.hpp"
#include "cli/report/style.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>
#include <attune/core/version.hpp>

namespace attune::cli {

using core::text;

namespace {

std::string title_of(const Runs& runs) {
  return runs.size() == 2 ? text(runs[0].name, " against ", runs[1].name) : runs[0].name;
}

// `gat, 2 layers, aligned by ct, weight 0.01`.
std::string in_words(const ExaminedRun& run) {
  const train::CheckpointDescription& about = run.checkpoint().description;
  const auto setting = [](const train::Settings& settings, const char* name) {
    const auto found = settings.find(name);
    if (found == settings.end()) {
      return std::string();
    }
    const std::string* const word = std::get_if<std::string>(&found->second);
    return word != nullptr ? *word : train::to_string(found->second);
  };
  std::string words =
      text(setting(about.model, "model"), ", ", setting(about.model, "layers"), " layers, ");
  const std::string align = setting(about.run, "align");
  words += align.empty() || align == "none"
               ? std::string("not aligned")
               : text("aligned by ", align, ", weight ", setting(about.run, "align_weight"));
  if (!run.checkpoint().finished) {
    words += "; training was not finished";
  }
  return words;
}

void write_header(Markup& page, const Runs& runs) {
  page.open("header").element("h1", {}, title_of(runs));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    page.open("p").element("span", {{"class", "swatch " + style_of_run(i)}}, "");
    page.element("b", {}, runs[i].name).text(": " + in_words(runs[i].run)).close();
  }
  page.element("p", {{"class", "note"}}, describe(runs.front().run.dataset()));
  page.open("nav");
  for (const auto& [id, name] :
       {std::pair("#results", "Results"), std::pair("#curves", "Curves"),
        std::pair("#maps", "Keys and queries"), std::pair("#attention", "Attention"),
        std::pair("#settings", "Settings")}) {
    page.element("a", {{"href", id}}, name);
  }
  page.close().close();
}

void write_head(Markup& page, const Runs& runs) {
  page.open("head").empty("meta", {{"charset", "utf-8"}});
  page.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page.empty("meta", {{"name", "generator"}, {"content", "attune " ATTUNE_VERSION}});
  page.element("title", {}, title_of(runs) + " - attune report");
  page.style(report_style()).close();
}

}  // namespace

std::string report_page(const Runs& runs, const PageOptions& options,
                        const std::function<void()>& drawn) {
  Markup page;
  page.open("html", {{"lang", "en"}});
  write_head(page, runs);
  page.open("body");
  write_header(page, runs);
  page.open("main");
  write_results_section(page, runs);
  write_curves_section(page, runs);
  write_maps_section(page, runs, options.maps, drawn);
  write_attention_section(page, runs, options.node);
  write_settings_section(page, runs);
  page.close();
  page.element("footer", {}, "Written by attune " ATTUNE_VERSION ".");
  return "<!DOCTYPE html>\n" + page.finish();
}

}  // namespace attune::cli
