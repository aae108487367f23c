#include "support/markup.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

namespace attune::testing {
namespace {

const std::map<std::string, std::string> kEntities{
    {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"#39", "'"}};

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == ':' || c == '_';
}

class Parser {
 public:
  explicit Parser(std::string_view page) : rest_(page) {}

  ParsedMarkup run() {
    if (constexpr std::string_view kDoctype = "<!DOCTYPE html>"; rest_.starts_with(kDoctype)) {
      rest_.remove_prefix(kDoctype.size());
    } else {
      problem("does not begin with its doctype");
    }
    while (!rest_.empty() && result_.problems.size() < 10) {
      rest_.front() == '<' ? read_tag() : read_text();
    }
    for (const std::size_t open : open_) {
      problem(result_.elements[open].tag + " is never closed");
    }
    return std::move(result_);
  }

 private:
  void problem(const std::string& what) { result_.problems.push_back(what); }

  std::string name() {
    const auto end = std::ranges::find_if_not(rest_, is_name);
    std::string found(rest_.begin(), end);
    rest_.remove_prefix(found.size());
    return found;
  }

  void skip_space() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0) {
      rest_.remove_prefix(1);
    }
  }

  bool take(std::string_view what) {
    const bool found = rest_.starts_with(what);
    rest_.remove_prefix(found ? what.size() : 0);
    return found;
  }

  std::string resolved(std::string_view text) {
    std::string out;
    while (!text.empty()) {
      if (text.front() == '<') {
        problem("a bare < in " + std::string(text.substr(0, 40)));
      }
      if (text.front() != '&') {
        out += text.front();
        text.remove_prefix(1);
        continue;
      }
      const std::size_t end = text.find(';');
      const auto entity = end == std::string_view::npos
                              ? kEntities.end()
                              : kEntities.find(std::string(text.substr(1, end - 1)));
      if (entity == kEntities.end()) {
        problem("a bare & in " + std::string(text.substr(0, 40)));
        return out;
      }
      out += entity->second;
      text.remove_prefix(end + 1);
    }
    return out;
  }

  void read_text() {
    const std::size_t end = std::min(rest_.find('<'), rest_.size());
    const std::string text = resolved(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (!open_.empty()) {
      result_.elements[open_.back()].text += text;
    } else if (std::ranges::any_of(text, [](unsigned char c) { return std::isspace(c) == 0; })) {
      problem("text outside all elements: " + text);
    }
  }

  void read_tag() {
    rest_.remove_prefix(1);
    if (take("/")) {
      close(name());
    } else {
      open(name());
    }
    if (!take(">")) {
      problem("a tag that does not end at " + std::string(rest_.substr(0, 40)));
      rest_.remove_prefix(std::min(rest_.find('>'), rest_.size()));
    }
  }

  void close(const std::string& tag) {
    if (open_.empty() || result_.elements[open_.back()].tag != tag) {
      problem("closes " + tag + " where " +
              (open_.empty() ? "nothing" : result_.elements[open_.back()].tag) + " is open");
      return;
    }
    open_.pop_back();
  }

  void open(const std::string& tag) {
    MarkupElement element{.tag = tag, .attributes = {}, .text = {}, .path = tag};
    if (tag.empty()) {
      problem("a < that opens nothing at " + std::string(rest_.substr(0, 40)));
    }
    if (!open_.empty()) {
      element.path = result_.elements[open_.back()].path + "/" + tag;
    }
    skip_space();
    while (!rest_.empty() && is_name(rest_.front())) {
      read_attribute(element);
      skip_space();
    }
    result_.elements.push_back(std::move(element));
    if (!take("/")) {
      open_.push_back(result_.elements.size() - 1);
    }
  }

  void read_attribute(MarkupElement& element) {
    const std::string attribute = name();
    const std::size_t end = take("=\"") ? rest_.find('"') : std::string_view::npos;
    if (end == std::string_view::npos) {
      problem(element.tag + " " + attribute + " has no value in quotes");
      return;
    }
    const std::string value = resolved(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    if (!element.attributes.emplace(attribute, value).second) {
      problem(element.tag + " has " + attribute + " twice");
    }
    if (attribute == "id" && !ids_.insert(value).second) {
      problem("the id " + value + " comes twice");
    }
  }

  std::string_view rest_;
  ParsedMarkup result_;
  std::vector<std::size_t> open_;
  std::set<std::string> ids_;
};

bool contains(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

std::string MarkupElement::attribute(const std::string& name) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

std::vector<MarkupElement> ParsedMarkup::all(const std::string& tag) const {
  std::vector<MarkupElement> found;
  std::ranges::copy_if(elements, std::back_inserter(found),
                       [&](const MarkupElement& element) { return element.tag == tag; });
  return found;
}

std::vector<std::string> ParsedMarkup::texts(const std::string& tag) const {
  std::vector<std::string> found;
  for (const MarkupElement& element : all(tag)) {
    found.push_back(element.text);
  }
  return found;
}

ParsedMarkup parse_markup(std::string_view page) {
  return Parser(page).run();
}

std::vector<std::string> outside_references(const ParsedMarkup& page) {
  static const std::set<std::string> kLoading{"script", "link",  "img",   "iframe",       "object",
                                              "embed",  "audio", "video", "source",       "image",
                                              "use",    "base",  "form",  "foreignObject"};
  std::vector<std::string> found;
  for (const MarkupElement& element : page.elements) {
    if (kLoading.contains(element.tag)) {
      found.push_back("element " + element.tag);
    }
    for (const auto& [name, value] : element.attributes) {
      const bool address = name == "href" || name == "src" || name == "xlink:href";
      if ((address && !value.starts_with('#')) || name.starts_with("on") ||
          contains(value, "url(") || contains(value, "://") || contains(value, "javascript:")) {
        found.push_back(element.tag + " " + name + "=" + value);
      }
    }
    if (element.tag == "style" &&
        (contains(element.text, "url(") || contains(element.text, "@import"))) {
      found.emplace_back("a style sheet that loads");
    }
  }
  return found;
}

}  // namespace attune::testing
