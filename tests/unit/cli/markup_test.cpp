#include "cli/report/markup.hpp"

#include <catch2/catch.hpp>

#include "support/markup.hpp"

using attune::cli::escape;
using attune::cli::Markup;
using attune::testing::outside_references;
using attune::testing::parse_markup;
using attune::testing::ParsedMarkup;
using Catch::Matchers::Contains;

namespace {

std::string problems(const std::string& page) {
  std::string all;
  for (const std::string& problem : parse_markup("<!DOCTYPE html>" + page).problems) {
    all += problem + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("markup: what could open a tag is escaped", "[cli][report]") {
  CHECK(escape("<b a=\"x\">'&amp;") == "&lt;b a=&quot;x&quot;&gt;&#39;&amp;amp;");
  CHECK(escape("plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\t\n") ==
        "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\t\n");
}

TEST_CASE("markup: what is not UTF-8, and control characters, are replaced", "[cli][report]") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(escape(std::string(1, '\0')) == bad);
  CHECK(escape("\x1B[31m") == bad + "[31m");
  CHECK(escape("\x7F") == bad);
  CHECK(escape("a\x80z") == "a" + bad + "z");
  CHECK(escape("\xC3") == bad);                                // cut off
  CHECK(escape("\xC3<") == bad + "&lt;");                      // and what follows stays escaped
  CHECK(escape("\xC0\xBC") == bad + bad);                      // an overlong <
  CHECK(escape("\xE0\x80\xBC") == bad + bad + bad);            // another
  CHECK(escape("\xED\xA0\x80") == bad + bad + bad);            // a surrogate
  CHECK(escape("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // beyond U+10FFFF
  CHECK(escape("\xFF\xFE") == bad + bad);
  CHECK(escape("\xC2\x85") == bad + bad);  // a control character of two bytes
  CHECK(escape("\xEF\xBF\xBF") == bad + bad + bad);
}

TEST_CASE("markup: elements are closed in turn, texts and attributes escaped", "[cli][report]") {
  Markup page;
  page.open("main", {{"id", "a\"b"}}).text("1 < 2");
  page.element("code", {{"class", "x"}}, "<&>").empty("br");
  page.open("p").open("b").text("left open");
  const std::string written = page.finish();
  CHECK(written ==
        "<main id=\"a&quot;b\">1 &lt; 2<code class=\"x\">&lt;&amp;&gt;</code><br/>\n"
        "<p><b>left open</b></p>\n</main>\n");
  const ParsedMarkup parsed = parse_markup("<!DOCTYPE html>" + written);
  CHECK(parsed.problems.empty());
  CHECK(parsed.all("main").at(0).attribute("id") == "a\"b");
  CHECK(parsed.texts("code").at(0) == "<&>");
  CHECK(parsed.all("b").at(0).path == "main/p/b");
}

TEST_CASE("markup: the reader of tests finds what is not well-formed", "[cli][report]") {
  CHECK(problems("<a><b/></a>").empty());
  CHECK_THAT(problems("<a><b></a></b>"), Contains("closes a where b is open"));
  CHECK_THAT(problems("<a>"), Contains("a is never closed"));
  CHECK_THAT(problems("</a>"), Contains("closes a where nothing is open"));
  CHECK_THAT(problems("<a>1 & 2</a>"), Contains("a bare &"));
  CHECK_THAT(problems("<a b=\"<\"/>"), Contains("a bare <"));
  CHECK_THAT(problems("<a>1 < 2</a>"), Contains("opens nothing"));
  CHECK_THAT(problems("<a b=c></a>"), Contains("no value in quotes"));
  CHECK_THAT(problems("<a b=\"1\" b=\"2\"/>"), Contains("b twice"));
  CHECK_THAT(problems("<a><b id=\"1\"/><c id=\"1\"/></a>"), Contains("the id 1 comes twice"));
  CHECK_THAT(problems("<a/>text"), Contains("outside all elements"));
  CHECK_FALSE(parse_markup("<a/>").problems.empty());
}

TEST_CASE("markup: the reader of tests finds what leads out of the page", "[cli][report]") {
  const auto count = [](const std::string& page) {
    return outside_references(parse_markup("<!DOCTYPE html>" + page)).size();
  };
  CHECK(count("<a href=\"#here\" class=\"x\"/>") == 0);
  for (const char* bad :
       {"<a href=\"page.html\"/>", "<a href=\"https://x.org\"/>", "<script/>", "<img/>",
        "<p onclick=\"x\"/>", "<p style=\"background: url(x)\"/>", "<style>@import 'x';</style>",
        "<style>p { background: url(x) }</style>", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"}) {
    CAPTURE(bad);
    CHECK(count(bad) == 1);
  }
}
