#include <regex>
#include <sstream>

#include <catch2/catch.hpp>

#include "support/command.hpp"
#include "support/pages.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

// A line of the page as a pattern: any number with a decimal point for such a number, which another
// kind of processor may round otherwise, and anything for `...`.
std::regex pattern_of(const std::string& promised) {
  static const std::regex kSpecial(R"([.\[\]{}()\\*+?^$|])");
  static const std::regex kNumber(R"(\d+\\\.\d+(\\\.\\\.\\\.)?)");
  std::string pattern = std::regex_replace(promised, kSpecial, R"(\$&)");
  pattern = std::regex_replace(pattern, kNumber, R"([\d.e-]+)");
  pattern = std::regex_replace(pattern, std::regex(R"(\\\.\\\.\\\.)"), ".*");
  return std::regex(pattern);
}

// The first line that the page promises and the output does not have; empty where there is none.
// `...` alone on a line stands for any lines.
std::string first_broken_promise(const std::string& promised, const std::string& printed) {
  const std::vector<std::string> found = lines_of(printed);
  std::size_t next = 0;
  bool skipping = false;
  for (const std::string& line : lines_of(promised)) {
    if (line == "...") {
      skipping = true;
      continue;
    }
    const std::regex pattern = pattern_of(line);
    while (skipping && next < found.size() && !std::regex_match(found[next], pattern)) {
      ++next;
    }
    if (next == found.size() || !std::regex_match(found[next], pattern)) {
      return line;
    }
    ++next;
    skipping = false;
  }
  return skipping || next == found.size() ? "" : "(end), got " + found[next];
}

double last_number(const std::string& output) {
  const std::size_t blank = output.find_last_of(' ');
  return std::stod(output.substr(blank + 1));
}

TEST_CASE("The tutorial does what it says", "[e2e][docs]") {
  const TemporaryFolder folder;
  std::vector<double> discrepancies;
  std::size_t scripts = 0;
  std::size_t promises = 0;
  std::string printed;
  for (const FencedBlock& block : fenced_blocks(slurp(ATTUNE_DOCS "/tutorial.md"))) {
    CAPTURE(block.line, block.content);
    if (block.language == "text") {
      ++promises;
      CAPTURE(printed);
      CHECK(first_broken_promise(block.content, printed) == "");
      continue;
    }
    REQUIRE(block.language == "sh");
    const CommandOutcome outcome = run_shell(block.content, {.folder = folder.path()});
    CAPTURE(outcome.err);
    REQUIRE(outcome.status == 0);
    CHECK(outcome.err.empty());
    printed = outcome.out;
    ++scripts;
    if (block.content.starts_with("attune train")) {
      discrepancies.push_back(last_number(printed));
    }
  }
  CHECK(scripts == 12);
  CHECK(promises == 12);
  REQUIRE(discrepancies.size() == 2);
  CHECK(discrepancies[1] < discrepancies[0]);  // "It has become smaller."
}

TEST_CASE("A tutorial that promises too much is found out", "[e2e][docs]") {
  const std::string printed = "nodes  600\naccuracy 0.91 (1e-05)\nwrote a.html, 12 bytes\n";
  CHECK(first_broken_promise(printed, printed) == "");
  CHECK(first_broken_promise("nodes  600\naccuracy 0.83 (1e-05)\n...\n", printed) == "");
  CHECK(first_broken_promise("...\nwrote a.html, ... bytes\n", printed) == "");
  CHECK(first_broken_promise("nodes  601\n...\n", printed) == "nodes  601");
  CHECK(first_broken_promise("nodes  600\n", printed) == "(end), got accuracy 0.91 (1e-05)");
  CHECK(first_broken_promise("...\nwrote b.html\n", printed) == "wrote b.html");
  CHECK(first_broken_promise("...\naccuracy many\n...\n", printed) == "accuracy many");
  CHECK(first_broken_promise("nodes  600\n", "") == "nodes  600");
}

}  // namespace
}  // namespace attune::testing
