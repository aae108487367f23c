#include <algorithm>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "data/quoted.hpp"
#include "data/text/json_file.hpp"
#include "data/text/unicode.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/squad.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 30;

/// The byte that each character of a text begins at.
class CharacterMap {
 public:
  explicit CharacterMap(std::string_view text) : text_(text) {
    for (std::size_t at = 0; at < text.size(); at += decode_utf8(text, at).length) {
      starts_.push_back(at);
    }
  }

  /// Byte of a character; the length of the text where there are fewer.
  [[nodiscard]] std::size_t byte(std::size_t character) const {
    return character < starts_.size() ? starts_[character] : text_.size();
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

class SquadReader {
 public:
  SquadReader(const std::string& path, SpanTask& task) : path_(path), task_(task) {}

  void read(const json& file) {
    where_ = "the file";
    task_.version = file.is_object() && file.contains("version") ? text_of(file, "version") : "1.1";
    for (const json& article : list_of(file, "data")) {
      for (const json& paragraph : list_of(article, "paragraphs")) {
        read_paragraph(paragraph);
      }
    }
    if (task_.questions.empty()) {
      throw FileError(path_, "expected questions, found none");
    }
  }

 private:
  void read_paragraph(const json& paragraph) {
    where_ = text("passage ", task_.contexts.size());
    const std::string& context = text_of(paragraph, "context");
    if (context.empty()) {
      fail("context: expected a text, found an empty one");
    }
    const CharacterMap map(context);
    for (const json& question : list_of(paragraph, "qas")) {
      read_question(question, context, map);
    }
    task_.contexts.push_back(context);
  }

  void read_question(const json& value, const std::string& context, const CharacterMap& map) {
    SpanQuestion question{.id = text_of(value, "id"),
                          .question = text_of(value, "question"),
                          .context = std::ssize(task_.contexts)};
    where_ = text("question ", data::quoted(question.id));
    if (!ids_.insert(question.id).second) {
      fail("this id comes twice");
    }
    const auto impossible = value.find("is_impossible");
    if (impossible != value.end()) {
      if (!impossible->is_boolean()) {
        fail(text("is_impossible: expected true or false, found ", shown(*impossible)));
      }
      question.impossible = impossible->get<bool>();
    }
    if (!question.impossible) {
      for (const json& answer : list_of(value, "answers")) {
        read_answer(answer, context, map, question);
      }
    }
    task_.questions.push_back(std::move(question));
    where_ = text("passage ", task_.contexts.size());
  }

  void read_answer(const json& value, const std::string& context, const CharacterMap& map,
                   SpanQuestion& question) {
    const std::string& answer = text_of(value, "text");
    const auto start = value.find("answer_start");
    if (start == value.end() || !start->is_number_unsigned()) {
      fail(text("answer_start: expected a whole number, found ",
                start == value.end() ? "nothing" : shown(*start)));
    }
    const std::size_t said = map.byte(start->get<std::size_t>());
    std::size_t at = said;
    if (answer.empty() || context.compare(said, answer.size(), answer) != 0) {
      // Some are a few characters off; the nearest place before or behind is meant.
      at = answer.empty() ? std::string::npos : nearest(context, answer, said);
      if (at == std::string::npos) {
        fail(text("expected the answer ", data::quoted(answer), " in its passage, found none"));
      }
      ++task_.misplaced;
    }
    question.answers.push_back(answer);
    question.ranges.push_back({.begin = static_cast<std::int64_t>(at),
                               .end = static_cast<std::int64_t>(at + answer.size())});
  }

  static std::size_t nearest(const std::string& context, const std::string& answer,
                             std::size_t said) {
    const std::size_t before = context.rfind(answer, said);
    const std::size_t behind = context.find(answer, said);
    if (before == std::string::npos || behind == std::string::npos) {
      return std::min(before, behind);  // npos is the largest
    }
    return said - before <= behind - said ? before : behind;
  }

  const std::string& text_of(const json& object, const char* name) const {
    const auto found = find(object, name);
    if (!found->is_string()) {
      fail(text(name, ": expected a text, found ", shown(*found)));
    }
    return found->get_ref<const std::string&>();
  }

  const json& list_of(const json& object, const char* name) const {
    const auto found = find(object, name);
    if (!found->is_array()) {
      fail(text(name, ": expected a list, found ", shown(*found)));
    }
    return *found;
  }

  json::const_iterator find(const json& object, const char* name) const {
    if (!object.is_object()) {
      fail(text("expected an object with ", name, ", found ", shown(object)));
    }
    const auto found = object.find(name);
    if (found == object.end()) {
      fail(text(name, ": expected it, found nothing"));
    }
    return found;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(path_, text(where_, ": ", what));
  }

  const std::string& path_;
  SpanTask& task_;
  std::set<std::string, std::less<>> ids_;
  std::string where_;
};

constexpr bool is_ascii_punctuation(char32_t c) {
  return (c >= 0x21 && c <= 0x2f) || (c >= 0x3a && c <= 0x40) || (c >= 0x5b && c <= 0x60) ||
         (c >= 0x7b && c <= 0x7e);
}

/// What is left of a run of letters and digits: nothing of an article.
void finish_word(std::string& word, std::string& out) {
  if (word == "a" || word == "an" || word == "the") {
    out += ' ';
  } else {
    out += word;
  }
  word.clear();
}

}  // namespace

SpanTask load_squad(const std::string& path) {
  const std::string bytes = core::read_file(path, kMaxFileBytes);
  SpanTask task;
  task.sha256 = core::sha256(bytes);
  SquadReader(path, task).read(parse_json_text(bytes, path));
  return task;
}

std::string normalized_answer(std::string_view answer) {
  // Punctuation goes before articles do, as in the official script: "a." is one, "a-b" is not.
  std::string plain;
  std::string word;
  const std::string lower = lower_case(answer);
  for (std::size_t at = 0; at < lower.size();) {
    const CodePoint c = decode_utf8(lower, at);
    if (is_letter(c.value) || is_number(c.value)) {
      word.append(lower, at, c.length);
    } else if (!is_ascii_punctuation(c.value)) {
      finish_word(word, plain);
      plain.append(lower, at, c.length);
    }
    at += c.length;
  }
  finish_word(word, plain);
  std::string out;
  bool space = false;
  for (std::size_t at = 0; at < plain.size();) {
    const CodePoint c = decode_utf8(plain, at);
    if (is_white_space(c.value)) {
      space = !out.empty();
    } else {
      out += space ? " " : "";
      space = false;
      out.append(plain, at, c.length);
    }
    at += c.length;
  }
  return out;
}

}  // namespace attune::data
