#include "data/npy_header.hpp"

#include <charconv>

#include "data/quoted.hpp"
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::size_t kMaxRank = 32;  // numpy's own

class HeaderParser {
 public:
  explicit HeaderParser(std::string_view header) : rest_(header), size_(header.size()) {}

  NpyHeader parse() {
    expect('{');
    while (!accept('}')) {
      parse_item();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty()) {
      fail("the end of the header");
    }
    if (!has_descr_ || !has_order_ || !has_shape_) {
      fail("the keys descr, fortran_order and shape");
    }
    return header_;
  }

 private:
  void parse_item() {
    skip_space();
    const NpyHeaderError missing = error("one each of the keys descr, fortran_order and shape");
    const std::string key = parse_string();
    expect(':');
    if (key == "descr" && !has_descr_) {
      has_descr_ = true;
      header_.descr = parse_descr();
    } else if (key == "fortran_order" && !has_order_) {
      has_order_ = true;
      header_.fortran_order = parse_bool();
    } else if (key == "shape" && !has_shape_) {
      has_shape_ = true;
      header_.shape = parse_shape();
    } else {
      throw missing;
    }
  }

  std::string parse_descr() {
    skip_space();
    if (rest_.starts_with('[')) {
      fail("an array of one plain type", "a record type");
    }
    return parse_string();
  }

  std::string parse_string() {
    skip_space();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    const std::size_t end =
        quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string::npos;
    const std::string_view inside = rest_.substr(0, end).substr(end == std::string::npos ? 0 : 1);
    if (end == std::string::npos || inside.find('\\') != std::string_view::npos) {
      fail("a string in quotes");
    }
    rest_.remove_prefix(end + 1);
    return std::string(inside);
  }

  bool parse_bool() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view name = value ? "True" : "False";
      if (rest_.starts_with(name)) {
        rest_.remove_prefix(name.size());
        return value;
      }
    }
    fail("True or False");
  }

  // A Python tuple: (), (3,), (3, 4), (3, 4,); but (3) is a number.
  std::vector<std::int64_t> parse_shape() {
    std::vector<std::int64_t> shape;
    expect('(');
    bool comma = true;
    while (!accept(')')) {
      if (!comma || shape.size() == kMaxRank) {
        fail(comma ? "at most 32 dimensions" : "\",\" or \")\"");
      }
      shape.push_back(parse_size());
      comma = accept(',');
    }
    if (shape.size() == 1 && !comma) {
      fail("a tuple, as (3,)", "a number in parentheses");
    }
    return shape;
  }

  std::int64_t parse_size() {
    skip_space();
    std::int64_t size = -1;
    const auto [end, status] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
    if (status != std::errc() || size < 0) {
      fail("a size from 0 to 2^63 - 1");
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (rest_.starts_with('L')) {
      rest_.remove_prefix(1);  // as Python 2 wrote its long integers
    }
    return size;
  }

  void skip_space() {
    const std::size_t first = rest_.find_first_not_of(" \t\n\r");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }

  bool accept(char c) {
    skip_space();
    if (!rest_.starts_with(c)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) {
      fail(text('"', c, '"'));
    }
  }

  [[nodiscard]] NpyHeaderError error(const std::string& expected, std::string found = {}) const {
    if (found.empty()) {
      found = rest_.empty() ? "the end of the header" : quoted(rest_.substr(0, 24));
    }
    return {.at = static_cast<std::int64_t>(size_ - rest_.size()),
            .what = text("expected ", expected, ", found ", found)};
  }

  [[noreturn]] void fail(const std::string& expected, const std::string& found = {}) const {
    throw error(expected, found);
  }

  std::string_view rest_;
  std::size_t size_;
  NpyHeader header_;
  bool has_descr_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text) {
  return HeaderParser(text).parse();
}

}  // namespace attune::data
