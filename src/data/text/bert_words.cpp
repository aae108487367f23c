#include <array>

#include "data/text/unicode.hpp"
#include <attune/data/text/wordpiece.hpp>

namespace attune::data {

namespace {

// The blocks that BERT calls Chinese: ideographs, neither Hangul nor kana.
bool is_ideograph(char32_t c) noexcept {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
         (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b73f) ||
         (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b820 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

constexpr bool is_ascii_letter_or_digit(char32_t c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The one letter whose lower case is two code points.
constexpr char32_t kDottedCapitalI = 0x130;
constexpr char32_t kDotAbove = 0x307;

enum class Ascii : char { dropped, space, mark, word };

// All ASCII that is neither letter, digit, blank nor control counts as punctuation, $ and ^ too.
constexpr std::array<Ascii, 128> kAscii = [] {
  std::array<Ascii, 128> kinds{};
  for (char32_t c = 0; c < 128; ++c) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    kinds[c] = space                         ? Ascii::space
               : c < 0x20 || c == 0x7f       ? Ascii::dropped
               : is_ascii_letter_or_digit(c) ? Ascii::word
                                             : Ascii::mark;
  }
  return kinds;
}();

class WordCutter {
 public:
  WordCutter(const BertWordOptions& options, std::int64_t max_characters, WordVisitor visit)
      : options_(options), max_characters_(max_characters), visit_(visit) {}

  void cut(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint c = decode_utf8(text, at);
      const TextRange range{.begin = static_cast<std::int64_t>(at),
                            .end = static_cast<std::int64_t>(at + c.length)};
      if (c.value < 0x80) {
        take_ascii(c.value, range);
      } else {
        take(c.value, range);
      }
      at += c.length;
    }
    flush();
  }

 private:
  void take_ascii(char32_t c, TextRange range) {
    switch (kAscii[c]) {
      case Ascii::dropped:
        return;
      case Ascii::space:
        flush();
        return;
      case Ascii::mark:
        flush();
        append(c, range, 0);
        flush();
        return;
      case Ascii::word:
        append(options_.lower_case && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c, range, 0);
        return;
    }
  }

  void take(char32_t c, TextRange range) {
    if (is_white_space(c) && c != 0x85) {  // U+0085 is a control character and is dropped
      flush();
      return;
    }
    if (c == kReplacement || is_other(c)) {
      return;
    }
    const bool alone = options_.chinese_chars && is_ideograph(c);
    if (alone) {
      flush();
    }
    if (options_.strip_accents) {
      char32_t parts[32];
      const std::size_t count = decompose(c, false, parts);
      for (std::size_t i = 0; i < count; ++i) {
        take_part(parts[i], range);
      }
    } else {
      take_mapped(c, range, 0);
    }
    if (alone) {
      flush();
    }
  }

  /// A code point of a canonical decomposition.
  void take_part(char32_t c, TextRange range) {
    const int order = combining_class(c);
    if (is_nonspacing_mark(c)) {
      if (order == 0) {
        run_ = sources_.size();
      }
      return;
    }
    take_mapped(c, range, order);
  }

  void take_mapped(char32_t c, TextRange range, int order) {
    if (options_.lower_case && c == kDottedCapitalI) {
      append('i', range, 0);
      append(kDotAbove, range, combining_class(kDotAbove));
      return;
    }
    if (options_.lower_case) {
      c = lower_case(c);
    }
    const bool mark = c < 0x80 ? kAscii[c] == Ascii::mark : is_punctuation(c);
    if (mark) {
      flush();
    }
    append(c, range, order);
    if (mark) {
      flush();
    }
  }

  void append(char32_t c, TextRange range, int order) {
    if (characters_ > max_characters_) {  // the word is too long already
      sources_.back().end = range.end;
      return;
    }
    ++characters_;
    const std::size_t before = word_.size();
    append_utf8(word_, c);
    sources_.resize(word_.size(), range);
    if (order == 0) {
      run_ = word_.size();
      marks_.clear();
    } else {
      sort_in(before, order, range);
    }
  }

  /// Canonical order: marks after one letter ascend by their class. Those left here are spacing
  /// ones, and no more of them than a word has characters.
  void sort_in(std::size_t start, int order, TextRange range) {
    if (!marks_.empty() && marks_.back().start < run_) {
      marks_.clear();
    }
    marks_.push_back({.start = start, .order = order});
    for (std::size_t i = marks_.size() - 1; i > 0 && marks_[i - 1].order > order; --i) {
      const std::string mark = word_.substr(marks_[i].start, end_of(i) - marks_[i].start);
      const std::size_t to = marks_[i - 1].start;
      const std::size_t moved = marks_[i].start - to;
      word_.replace(to, moved + mark.size(), mark + word_.substr(to, moved));
      marks_[i] = {.start = to + mark.size(), .order = marks_[i - 1].order};
      marks_[i - 1] = {.start = to, .order = order};
      // Which of the two a byte came from matters to nobody; that ranges ascend does.
      for (std::size_t b = to; b < to + mark.size() + moved; ++b) {
        sources_[b] = {.begin = sources_[to].begin, .end = range.end};
      }
    }
  }

  [[nodiscard]] std::size_t end_of(std::size_t mark) const {
    return mark + 1 < marks_.size() ? marks_[mark + 1].start : word_.size();
  }

  void flush() {
    if (!word_.empty()) {
      visit_(word_, sources_);
    }
    word_.clear();
    sources_.clear();
    marks_.clear();
    characters_ = 0;
    run_ = 0;
  }

  struct Mark {
    std::size_t start;
    int order;
  };

  const BertWordOptions& options_;
  std::int64_t max_characters_;
  WordVisitor visit_;
  std::string word_;
  std::vector<TextRange> sources_;  // of each byte of word_
  std::int64_t characters_ = 0;
  std::size_t run_ = 0;      // bytes of word_ before the marks that may change places
  std::vector<Mark> marks_;  // since then
};

}  // namespace

void for_each_bert_word(std::string_view text, const BertWordOptions& options,
                        std::int64_t max_characters, WordVisitor visit) {
  WordCutter(options, max_characters, visit).cut(text);
}

}  // namespace attune::data
