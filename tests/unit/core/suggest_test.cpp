#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/suggest.hpp>

using attune::core::edit_distance;
using attune::core::suggestion;

TEST_CASE("edit_distance: counts insertions, deletions, replacements and swaps", "[core]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("cora", "") == 4);
  CHECK(edit_distance("", "cora") == 4);
  CHECK(edit_distance("cora", "cora") == 0);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("croa", "cora") == 1);
  CHECK(edit_distance("pubmde", "pubmed") == 1);
}

TEST_CASE("suggestion: asks for the nearest name only where one is near", "[core]") {
  const std::vector<std::string> known = {"citeseer", "cora", "pubmed"};
  CHECK(suggestion("croa", known) == " (did you mean \"cora\"?); known: citeseer, cora, pubmed");
  CHECK(suggestion("zzzzzz", known) == "; known: citeseer, cora, pubmed");
  CHECK(suggestion(std::string(1000000, 'c'), known) == "; known: citeseer, cora, pubmed");
  CHECK(suggestion("", known) == "; known: citeseer, cora, pubmed");
}
