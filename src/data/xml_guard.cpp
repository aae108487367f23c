#include "data/xml_guard.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

namespace {

using core::text;

class Scanner {
 public:
  Scanner(std::string_view bytes, const std::string& path, std::string_view element)
      : bytes_(bytes), path_(path), element_(element) {}

  std::vector<std::string_view> run() {
    while ((at_ = bytes_.find('<', at_)) != std::string_view::npos) {
      const std::string_view rest = bytes_.substr(at_);
      if (rest.starts_with("<!--")) {
        skip_past("-->");
      } else if (rest.starts_with("<![CDATA[")) {
        skip_past("]]>");
      } else if (rest.starts_with("<?")) {
        skip_past("?>");
      } else if (rest.starts_with("<!")) {
        // Entities declared there would be nothing a graph needs, and some parsers expand them.
        fail("expected no document type, found one");
      } else {
        scan_tag(rest);
      }
    }
    return std::move(ids_);
  }

 private:
  void skip_past(std::string_view end) {
    const std::size_t found = bytes_.find(end, at_);
    if (found == std::string_view::npos) {
      fail(text("expected ", end, ", found the end of the file"));
    }
    at_ = found + end.size();
  }

  // Up to the `>` that is not inside quotes.
  void scan_tag(std::string_view rest) {
    constexpr std::int64_t kDeepest = 100;
    constexpr std::int64_t kMost = 16'000'000;
    const bool closes = rest.starts_with("</");
    std::string_view id;
    std::size_t i = 1;
    while (i < rest.size() && rest[i] != '>') {
      if (rest[i] == '"' || rest[i] == '\'') {
        const std::size_t end = rest.find(rest[i], i + 1);
        ++items_;
        if (end == std::string_view::npos) {
          fail("expected a closing quote, found the end of the file");
        }
        if (is_id(rest.substr(0, i))) {
          id = rest.substr(i + 1, end - i - 1);
        }
        i = end;
      }
      ++i;
    }
    if (i >= rest.size()) {
      fail("expected >, found the end of the file");
    }
    const bool empty = rest[i - 1] == '/';
    const std::string_view name = rest.substr(1, rest.find_first_of(" \t\r\n/>", 1) - 1);
    if (name == element_) {
      ids_.push_back(id);
    }
    depth_ += closes ? -1 : empty ? 0 : 1;
    if (depth_ > kDeepest) {
      fail(text("expected elements at most ", kDeepest, " deep"));
    }
    if (++items_ > kMost) {
      fail(text("expected at most ", kMost, " elements and attributes"));
    }
    at_ += i + 1;
  }

  /// Whether the tag goes on with the value of an attribute `id`.
  static bool is_id(std::string_view tag) {
    constexpr std::string_view kBlanks = " \t\r\n";
    tag = tag.substr(0, tag.find_last_not_of(kBlanks) + 1);
    if (!tag.ends_with('=')) {
      return false;
    }
    tag.remove_suffix(1);
    tag = tag.substr(0, tag.find_last_not_of(kBlanks) + 1);
    return tag.size() > 2 && tag.ends_with("id") &&
           kBlanks.find(tag[tag.size() - 3]) != std::string_view::npos;
  }

  [[noreturn]] void fail(const std::string& what) const {
    const auto line =
        std::count(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    throw FileError(path_, line + 1, what);
  }

  std::string_view bytes_;
  const std::string& path_;
  std::string_view element_;
  std::vector<std::string_view> ids_;
  std::size_t at_ = 0;
  std::int64_t depth_ = 0;
  std::int64_t items_ = 0;
};

}  // namespace

std::vector<std::string_view> check_xml_size(std::string_view bytes, const std::string& path,
                                             std::string_view element) {
  return Scanner(bytes, path, element).run();
}

}  // namespace attune::data
