#include "cli/report/page.hpp"

#include "cli/report/attention_section.hpp"
#include "cli/report/curves_section.hpp"
#include "cli/report/maps_section.hpp"
#include "cli/report/markup.hpp"
#include "cli/report/page_shell.hpp"
#include "cli/report/results_section.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

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

std::vector<RunHeading> headings(const Runs& runs) {
  std::vector<RunHeading> all;
  for (const NamedRun& named : runs) {
    all.push_back({.name = named.name, .words = in_words(named.run)});
  }
  return all;
}

}  // namespace

std::string report_page(const Runs& runs, const PageOptions& options,
                        const std::function<void()>& drawn) {
  Markup page;
  begin_page(page, headings(runs), describe(runs.front().run.dataset()),
             {{"results", "Results"},
              {"curves", "Curves"},
              {"maps", "Keys and queries"},
              {"attention", "Attention"},
              {"settings", "Settings"}});
  write_results_section(page, runs);
  write_curves_section(page, runs);
  write_maps_section(page, runs, options.maps, drawn);
  write_attention_section(page, runs, options.node);
  write_settings_section(page, runs);
  return finish_page(page);
}

}  // namespace attune::cli
