#include "cli/report/question_section.hpp"

#include <algorithm>
#include <utility>

#include "cli/report/attention_grid.hpp"
#include "cli/report/heat_scale.hpp"
#include "cli/report/page_shell.hpp"
#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

namespace {

/// One of the three attentions of a model, and who attends to whom in it.
struct Kind {
  const char* title;
  const char* note;
  std::vector<AttentionMap> QuestionAttention::*maps;
  bool rows_are_words;
  bool columns_are_words;
};

constexpr Kind kWords{"Words to words",
                      "Self-attention of the question, in the encoder: a row is the word that "
                      "attends, and sums to one over the words it attends to.",
                      &QuestionAttention::words, true, true};
constexpr Kind kGuided{"Regions to words",
                       "Guided attention, in the decoder: a row is the region that attends, and "
                       "sums to one over the words of the question that it attends to.",
                       &QuestionAttention::guided, false, true};
constexpr Kind kRegions{"Regions to regions",
                        "Self-attention of the picture, in the decoder: a row is the region that "
                        "attends, and sums to one over the regions.",
                        &QuestionAttention::regions, false, false};

const std::vector<AttentionMap>& maps_of(const ShownQuestion::Answer& answer, const Kind& kind) {
  return answer.found.attention.*kind.maps;
}

double largest_of(const ShownQuestion& shown, const Kind& kind) {
  double largest = 0;
  for (const ShownQuestion::Answer& answer : shown.answers) {
    for (const AttentionMap& map : maps_of(answer, kind)) {
      largest = std::max<double>(largest, *std::ranges::max_element(map.alpha));
    }
  }
  return largest;
}

AttentionGrid grid_of(const ShownQuestion& shown, const ShownQuestion::Answer& answer,
                      const Kind& kind, const AttentionMap& map, std::int64_t head) {
  const std::vector<std::string> regions = region_names(shown.picture);
  AttentionGrid grid{.label = {},
                     .columns = kind.columns_are_words ? answer.found.words : regions,
                     .rows = kind.rows_are_words ? answer.found.words : regions};
  for (std::int64_t row = 0; row < map.rows; ++row) {
    std::vector<double>& values = grid.values.emplace_back();
    for (std::int64_t column = 0; column < map.columns; ++column) {
      values.push_back(map.at(row, column, head));
    }
  }
  return grid;
}

void write_head(Markup& page, const ShownQuestion& shown, const Kind& kind,
                std::pair<std::size_t, std::int64_t> layer_and_head, double largest) {
  const auto& [layer, head] = layer_and_head;
  const std::string where = text("Layer ", layer + 1, ", head ", head + 1);
  page.open("figure", {{"class", "head"}}).element("figcaption", {}, where);
  page.open("div", {{"class", "grids"}});
  for (std::size_t i = 0; i < shown.answers.size(); ++i) {
    const ShownQuestion::Answer& answer = shown.answers[i];
    const std::vector<AttentionMap>& maps = maps_of(answer, kind);
    page.open("div", {{"class", "scroll"}}).open("p", {{"class", "whose"}});
    write_run_name(page, i, answer.run);
    page.close().element("p", {{"class", "whose"}}, answer.attention);
    if (layer < maps.size() && head < maps[layer].heads) {
      AttentionGrid grid = grid_of(shown, answer, kind, maps[layer], head);
      grid.label = text(kind.title, ", ", answer.run, ", ", answer.attention, ", ", where);
      grid.largest = largest;
      write_attention_grid(page, grid);
    } else {
      page.element("p", {{"class", "under"}}, "no such head");
    }
    page.close();
  }
  page.close().close();
}

void write_kind(Markup& page, const ShownQuestion& shown, const Kind& kind) {
  const double largest = largest_of(shown, kind);
  page.open("details", {{"open", "open"}}).open("summary");
  page.element("h3", {}, kind.title).close();
  page.element("p", {{"class", "note"}}, kind.note);
  write_heat_scale(page, largest);
  page.open("div", {{"class", "maps"}});
  std::size_t layers = 0;
  for (const ShownQuestion::Answer& answer : shown.answers) {
    layers = std::max(layers, maps_of(answer, kind).size());
  }
  for (std::size_t layer = 0; layer < layers; ++layer) {
    std::int64_t heads = 0;
    for (const ShownQuestion::Answer& answer : shown.answers) {
      const std::vector<AttentionMap>& maps = maps_of(answer, kind);
      heads = std::max(heads, layer < maps.size() ? maps[layer].heads : 0);
    }
    for (std::int64_t head = 0; head < heads; ++head) {
      write_head(page, shown, kind, {layer, head}, largest);
    }
  }
  page.close().close();
}

// `red (9 of 10), blue (1 of 10)`.
std::string right_answers(const data::VqaQuestion& question) {
  std::vector<std::pair<std::string, std::int64_t>> counts;
  for (const std::string& answer : question.answers) {
    const auto found =
        std::ranges::find(counts, answer, &std::pair<std::string, std::int64_t>::first);
    if (found == counts.end()) {
      counts.emplace_back(answer, 1);
    } else {
      ++found->second;
    }
  }
  std::ranges::stable_sort(counts, std::greater{}, &std::pair<std::string, std::int64_t>::second);
  std::string words;
  for (const auto& [answer, count] : counts) {
    words += text(words.empty() ? "" : ", ", answer, " (", count, " of ", question.answers.size(),
                  " people)");
  }
  return words.empty() ? "not known" : words;
}

void write_answers(Markup& page, const ShownQuestion& shown) {
  page.open("p").element("b", {}, "Right answer: ").text(right_answers(shown.question)).close();
  page.open("table").open("thead").open("tr");
  for (const char* name : {"model", "answer", "probability", "accuracy earned"}) {
    page.element("th", {{"scope", "col"}}, name);
  }
  page.close().close().open("tbody");
  for (std::size_t i = 0; i < shown.answers.size(); ++i) {
    const AnsweredQuestion& found = shown.answers[i].found;
    page.open("tr").open("th", {{"scope", "row"}});
    write_run_name(page, i, shown.answers[i].run);
    page.close().element("td", {}, found.answer);
    page.element("td", {{"class", "number"}}, fixed(found.probability, 3));
    page.element("td", {{"class", "number"}},
                 shown.question.answers.empty() ? "not known" : fixed(found.accuracy, 2));
    page.close();
  }
  page.close().close();
}

}  // namespace

std::string question_link(const data::VqaQuestion& question) {
  return text("question-", question.id);
}

void write_question_section(Markup& page, const ShownQuestion& shown) {
  page.open("section", {{"id", question_link(shown.question)}});
  page.element("h2", {}, shown.question.text);
  page.element("p", {{"class", "note"}},
               text("Question ", shown.question.id,
                    shown.question.type.empty() ? "" : text(", of type ", shown.question.type)));
  page.open("div", {{"class", "asked"}}).open("figure");
  write_picture(page, shown.picture);
  page.close().open("div", {{"class", "scroll"}});
  write_answers(page, shown);
  page.close().close();
  write_kind(page, shown, kWords);
  write_kind(page, shown, kGuided);
  write_kind(page, shown, kRegions);
  page.close();
}

}  // namespace attune::cli
