#include "cli/report/results_section.hpp"

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "cli/report/numbers.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

enum class Better : std::uint8_t { higher, lower, neither };

enum class Unit : std::uint8_t { percent, number, small, count };

/// A line of the table; its value where a run has one.
struct Row {
  std::string label;
  std::string explanation;
  Unit unit;
  Better better;
  std::function<std::optional<double>(const ExaminedRun&)> value;
};

constexpr const char* kMinus = "\xE2\x88\x92";    // U+2212
constexpr const char* kUnequal = "\xE2\x89\xA0";  // not equal
constexpr const char* kNone = "\xE2\x80\x93";     // an en dash

std::string magnitude(double value, Unit unit) {
  switch (unit) {
    case Unit::percent:
      return fixed(100 * value, 2) + " %";
    case Unit::number:
      return fixed(value, 4);
    case Unit::small:
      return significant(value);
    case Unit::count:
      return with_thousands(std::llround(value));
  }
  return {};
}

std::string shown(double value, Unit unit) {
  return (value < 0 ? kMinus : "") + magnitude(std::abs(value), unit);
}

std::string shown_difference(double difference, Unit unit) {
  const char* const sign = difference < 0 ? kMinus : difference > 0 ? "+" : "";
  const double size = std::abs(difference);
  return sign + (unit == Unit::percent ? fixed(100 * size, 2) + " pp" : magnitude(size, unit));
}

std::string words(Better better) {
  switch (better) {
    case Better::higher:
      return "higher is better";
    case Better::lower:
      return "lower is better";
    case Better::neither:
      return "";
  }
  return {};
}

using Part = const std::optional<PartMetrics>& (ExaminedRun::*)() const noexcept;

Row metric(const std::string& part_name, Part part, const char* label, const char* explanation,
           Unit unit, Better better, double train::ClassificationMetrics::*field) {
  return {.label = text(part_name, ' ', label),
          .explanation = explanation,
          .unit = unit,
          .better = better,
          .value = [part, field](const ExaminedRun& run) {
            const std::optional<PartMetrics>& found = (run.*part)();
            return found ? std::optional(found->metrics.*field) : std::nullopt;
          }};
}

void add_part(std::vector<Row>& rows, const std::string& name, Part part) {
  using Metrics = train::ClassificationMetrics;
  rows.push_back(
      metric(name, part, "accuracy", "", Unit::percent, Better::higher, &Metrics::accuracy));
  rows.push_back(metric(name, part, "macro-F1", "mean of the classes", Unit::percent,
                        Better::higher, &Metrics::macro_f1));
  rows.push_back(metric(name, part, "NLL", "negative log-likelihood", Unit::number, Better::lower,
                        &Metrics::nll));
  rows.push_back(metric(name, part, "ECE", "calibration error, 10 bins", Unit::percent,
                        Better::lower, &Metrics::ece));
}

void add_alignment(std::vector<Row>& rows, bool sampled) {
  const std::string of =
      sampled ? text(", of ", with_thousands(ExaminedRun::kMostMmdNodes), " sampled nodes")
              : std::string();
  rows.push_back({.label = "MMD of keys and queries",
                  .explanation = text("kernel of width 1, summed over heads and layers", of),
                  .unit = Unit::small,
                  .better = Better::neither,
                  .value = [](const ExaminedRun& run) { return run.mmd(); }});
  rows.push_back({.label = "MMD, relative to their spread",
                  .explanation = text("kernel as wide as the median distance of points", of),
                  .unit = Unit::small,
                  .better = Better::neither,
                  .value = [](const ExaminedRun& run) { return run.relative_mmd(); }});
}

void add_training(std::vector<Row>& rows) {
  const auto add = [&](const char* label, const char* explanation, auto value) {
    rows.push_back({.label = label,
                    .explanation = explanation,
                    .unit = Unit::count,
                    .better = Better::neither,
                    .value = [value](const ExaminedRun& run) {
                      return std::optional(static_cast<double>(value(run)));
                    }});
  };
  add("Best epoch", "whose parameters are measured here",
      [](const ExaminedRun& run) { return run.checkpoint().state.early_stopping.best_epoch; });
  add("Epochs", "that were run",
      [](const ExaminedRun& run) { return run.checkpoint().state.epoch; });
  add("Parameters", "of the model",
      [](const ExaminedRun& run) { return run.model().num_parameters(); });
}

std::vector<Row> rows_for(const Runs& runs) {
  const ExaminedRun& first = runs.front().run;
  std::vector<Row> rows;
  if (first.test()) {
    add_part(rows, "Test", &ExaminedRun::test);
  }
  if (first.validation()) {
    rows.push_back(metric("Validation", &ExaminedRun::validation, "accuracy", "", Unit::percent,
                          Better::higher, &train::ClassificationMetrics::accuracy));
  }
  if (!first.test()) {
    add_part(rows, "Training", &ExaminedRun::train);
  }
  add_alignment(rows, first.dataset().num_nodes() > ExaminedRun::kMostMmdNodes);
  add_training(rows);
  return rows;
}

// Which of two is better: 0, 1, or neither.
int winner(const Row& row, const std::vector<std::optional<double>>& values) {
  if (row.better == Better::neither || values.size() < 2 || !values[0] || !values[1] ||
      *values[0] == *values[1]) {
    return -1;
  }
  return (*values[0] > *values[1]) == (row.better == Better::higher) ? 0 : 1;
}

void write_row(Markup& page, const Row& row, const Runs& runs) {
  std::vector<std::optional<double>> values;
  for (const NamedRun& named : runs) {
    values.push_back(row.value(named.run));
  }
  const int best = winner(row, values);
  page.open("tr").open("th", {{"scope", "row"}}).text(row.label);
  const std::string hint = words(row.better);
  const std::string separator = row.explanation.empty() || hint.empty() ? "" : "; ";
  page.element("span", {{"class", "hint"}}, row.explanation + separator + hint).close();
  for (std::size_t i = 0; i < values.size(); ++i) {
    page.element("td", {{"class", static_cast<int>(i) == best ? "number better" : "number"}},
                 values[i] ? shown(*values[i], row.unit) : kNone);
  }
  if (runs.size() == 2) {
    page.element(
        "td", {{"class", "number"}},
        values[0] && values[1] ? shown_difference(*values[0] - *values[1], row.unit) : kNone);
  }
  page.close();
}

void write_head(Markup& page, const char* first, const Runs& runs, const char* last) {
  page.open("thead").open("tr").element("th", {{"scope", "col"}}, first);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    page.open("th", {{"scope", "col"}, {"class", last != nullptr ? "number run" : "run"}});
    page.element("span", {{"class", "swatch " + style_of_run(i)}}, "");
    page.text(runs[i].name).close();
  }
  if (runs.size() == 2 && last != nullptr) {
    page.element("th", {{"scope", "col"}, {"class", "number"}}, last);
  }
  page.close().close();
}

// ---- settings

std::string plain(const train::Setting& setting) {
  const std::string* const word = std::get_if<std::string>(&setting);
  return word != nullptr ? *word : train::to_string(setting);
}

using SettingGroups = std::array<std::pair<const char*, train::Settings>, 4>;

// In the order in which they are shown.
SettingGroups settings_of(const ExaminedRun& run) {
  const train::CheckpointDescription& about = run.checkpoint().description;
  const train::FitOptions& fit = run.checkpoint().state.options;
  return {{{"Alignment", about.run},
           {"Training",
            {{"epochs", fit.epochs},
             {"patience", fit.patience},
             {"learning_rate", fit.learning_rate},
             {"weight_decay", fit.weight_decay},
             {"max_gradient_norm", fit.max_gradient_norm},
             // As text: a seed may be larger than the whole numbers of settings.
             {"seed", text(fit.seed)}}},
           {"Model", about.model},
           {"Data", about.dataset}}};
}

void write_setting(Markup& page, const std::string& name,
                   const std::vector<std::optional<std::string>>& values) {
  const bool differs = values.size() == 2 && values[0] != values[1];
  page.open("tr", {{"class", differs ? "differs" : "same"}});
  page.open("th", {{"scope", "row"}}).element("code", {}, name);
  if (differs) {
    page.element("span", {{"class", "unequal"}, {"title", "differs"}}, kUnequal);
  }
  page.close();
  for (const std::optional<std::string>& value : values) {
    page.element("td", {}, value.value_or(kNone));
  }
  page.close();
}

void write_group(Markup& page, const std::vector<SettingGroups>& runs, std::size_t group) {
  std::map<std::string, std::vector<std::optional<std::string>>> merged;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const auto& [name, setting] : runs[i][group].second) {
      merged[name].resize(runs.size());
      merged[name][i] = plain(setting);
    }
  }
  page.open("tbody").open("tr", {{"class", "group"}});
  page.element("th", {{"scope", "rowgroup"}, {"colspan", text(1 + runs.size())}},
               runs.front()[group].first);
  page.close();
  for (const auto& [name, values] : merged) {
    write_setting(page, name, values);
  }
  page.close();
}

}  // namespace

void write_results_section(Markup& page, const Runs& runs) {
  page.open("section", {{"id", "results"}}).element("h2", {}, "Results");
  page.open("div", {{"class", "scroll"}}).open("table");
  write_head(page, "", runs, "difference");
  page.open("tbody");
  for (const Row& row : rows_for(runs)) {
    write_row(page, row, runs);
  }
  page.close().close().close();
  if (runs.size() == 2) {
    page.element("p", {{"class", "note"}},
                 "One seed each. Whether a difference is more than chance takes many: attune sweep "
                 "--against.");
  }
  page.close();
}

void write_settings_section(Markup& page, const Runs& runs) {
  page.open("section", {{"id", "settings"}}).open("details");
  page.open("summary").element("h2", {}, "Settings").close();
  page.open("div", {{"class", "scroll"}}).open("table");
  write_head(page, "", runs, nullptr);
  std::vector<SettingGroups> settings;
  for (const NamedRun& named : runs) {
    settings.push_back(settings_of(named.run));
  }
  for (std::size_t group = 0; group < settings.front().size(); ++group) {
    write_group(page, settings, group);
  }
  page.close().close().close().close();
}

}  // namespace attune::cli
