#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace attune::cli {

/// Text for HTML and SVG, inside elements and attributes: the five special characters as entities;
/// what is not UTF-8, and control characters, as U+FFFD. Nothing that comes out opens a tag.
[[nodiscard]] std::string escape(std::string_view text);

struct Attribute {
  std::string_view name;
  std::string value;  ///< as it is meant: it is escaped when it is written
};

/// HTML with SVG inside, written so that it is well-formed XML too: every element that is opened is
/// closed, in turn, and every text is escaped. Tags and names of attributes are the program's own.
///
///     Markup page;
///     page.open("p", {{"class", "note"}}).text("a < b").close();
class Markup {
 public:
  Markup& open(std::string_view tag, std::initializer_list<Attribute> attributes = {});
  /// Closes the element that was opened last.
  Markup& close();
  Markup& text(std::string_view text);

  /// An element with nothing but text in it.
  Markup& element(std::string_view tag, std::initializer_list<Attribute> attributes,
                  std::string_view text);
  /// `<path .../>`: for SVG, and for HTML's elements that are always empty.
  Markup& empty(std::string_view tag, std::initializer_list<Attribute> attributes = {});
  /// A style sheet, which is the program's own and not escaped.
  Markup& style(std::string_view sheet);

  /// Closes what is open and hands over all of it.
  [[nodiscard]] std::string finish();

 private:
  void begin(std::string_view tag, std::initializer_list<Attribute> attributes);

  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace attune::cli
