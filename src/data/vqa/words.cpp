#include "data/vqa/words.hpp"

#include "data/text/unicode.hpp"

namespace attune::data {

std::vector<std::string> split_at_blanks(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    const bool blank = is_white_space(c.value);
    if (!blank) {
      if (!inside) {
        words.emplace_back();
      }
      words.back() += text.substr(at, c.length);
    }
    inside = !blank;
    at += c.length;
  }
  return words;
}

}  // namespace attune::data
