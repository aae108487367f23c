#include "cli/report/page_shell.hpp"

#include "cli/report/run_style.hpp"
#include "cli/report/style.hpp"
#include <attune/core/text.hpp>
#include <attune/core/version.hpp>

namespace attune::cli {

namespace {

std::string title_of(const std::vector<RunHeading>& runs) {
  return runs.size() == 2 ? core::text(runs[0].name, " against ", runs[1].name) : runs[0].name;
}

void write_head(Markup& page, const std::string& title) {
  page.open("head").empty("meta", {{"charset", "utf-8"}});
  page.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page.empty("meta", {{"name", "generator"}, {"content", "attune " ATTUNE_VERSION}});
  page.element("title", {}, title + " - attune report");
  page.style(report_style()).close();
}

}  // namespace

void write_run_name(Markup& page, std::size_t index, const std::string& name) {
  page.element("span", {{"class", "swatch " + style_of_run(index)}}, "");
  page.text(name);
}

void begin_page(Markup& page, const std::vector<RunHeading>& runs, const std::string& data,
                const std::vector<PageLink>& links) {
  page.open("html", {{"lang", "en"}});
  write_head(page, title_of(runs));
  page.open("body").open("header").element("h1", {}, title_of(runs));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    page.open("p").element("span", {{"class", "swatch " + style_of_run(i)}}, "");
    page.element("b", {}, runs[i].name).text(": " + runs[i].words).close();
  }
  page.element("p", {{"class", "note"}}, data).open("nav");
  for (const PageLink& link : links) {
    page.element("a", {{"href", "#" + link.first}}, link.second);
  }
  page.close().close().open("main");
}

std::string finish_page(Markup& page) {
  page.close();
  page.element("footer", {}, "Written by attune " ATTUNE_VERSION ".");
  return "<!DOCTYPE html>\n" + page.finish();
}

}  // namespace attune::cli
