#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace attune::testing {

/// An element of a page as it stands there; entities are resolved.
struct MarkupElement {
  std::string tag;
  std::map<std::string, std::string> attributes;
  std::string text;  ///< directly in it
  std::string path;  ///< tags from the root down to it: `html/body/main`

  [[nodiscard]] std::string attribute(const std::string& name) const;
};

struct ParsedMarkup {
  std::vector<MarkupElement> elements;  ///< in the order of their tags
  std::vector<std::string> problems;    ///< why it is not well-formed; empty if it is

  [[nodiscard]] std::vector<MarkupElement> all(const std::string& tag) const;
  /// Texts of all elements of a tag.
  [[nodiscard]] std::vector<std::string> texts(const std::string& tag) const;
};

/// Reads a page strictly, as XML after its doctype: every element closed, in turn, or empty by
/// itself; attributes quoted and named once; no `<` or bare `&` in texts; ids unique.
[[nodiscard]] ParsedMarkup parse_markup(std::string_view page);

/// What would make a page depend on anything outside it, or run: elements that load, addresses that
/// lead out, style sheets that import, scripts.
[[nodiscard]] std::vector<std::string> outside_references(const ParsedMarkup& page);

}  // namespace attune::testing
