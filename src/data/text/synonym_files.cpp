#include <algorithm>
#include <set>
#include <utility>

#include "data/quoted.hpp"
#include "data/text/json_file.hpp"
#include "data/text/text_table.hpp"
#include "data/text/unicode.hpp"
#include "data/text_lines.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/synonyms.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

constexpr std::size_t kLongestWord = 128;  // bytes
constexpr std::size_t kMostNeighbours = 1024;
// A parsed list takes many times the bytes it is written in.
constexpr std::size_t kMaxJsonBytes = std::size_t{64} << 20;

/// Why this is no word; empty where it is one.
std::string fault_of(std::string_view word) {
  if (word.empty()) {
    return "expected a word, found an empty one";
  }
  if (word.size() > kLongestWord) {
    return text("expected a word of at most ", kLongestWord, " bytes, found ", word.size());
  }
  if (find_invalid_utf8(word) != std::string_view::npos) {
    return text("expected UTF-8, found ", data::quoted(word));
  }
  // Of ASCII alone: the published neighbours hold words with U+0085 in them.
  if (word.find_first_of(" \t\r\n\v\f") != std::string_view::npos) {
    return text("expected one word, found ", data::quoted(word));
  }
  return "";
}

/// The list of one word; `fail` is given what is wrong.
template <class Fail>
std::vector<std::string> neighbours_of(const std::string& word, const json& list,
                                       const Fail& fail) {
  if (!list.is_array()) {
    fail(text("expected a list of neighbours, found ", shown(list)));
  }
  if (list.size() > kMostNeighbours) {
    fail(text("expected at most ", kMostNeighbours, " neighbours, found ", list.size()));
  }
  std::vector<std::string> words;
  std::set<std::string_view> seen{word};
  for (const json& entry : list) {
    if (!entry.is_string()) {
      fail(text("expected neighbours that are words, found ", shown(entry)));
    }
    const auto& neighbour = entry.get_ref<const std::string&>();
    if (const std::string fault = fault_of(neighbour); !fault.empty()) {
      fail(fault);
    }
    if (!seen.insert(neighbour).second) {
      fail(text("expected different neighbours, found ", data::quoted(neighbour), " twice"));
    }
    words.push_back(neighbour);
  }
  return words;
}

}  // namespace

std::vector<WordNeighbours> decode_word_neighbours(std::string_view bytes,
                                                   const std::string& path) {
  if (bytes.size() > kMaxJsonBytes) {
    throw FileError(path, text("expected at most ", kMaxJsonBytes, " bytes, found ", bytes.size()));
  }
  const json parsed = parse_json_text(bytes, path);
  if (!parsed.is_object()) {
    throw FileError(path, text("expected an object of words, found ", shown(parsed)));
  }
  std::vector<WordNeighbours> all;
  all.reserve(parsed.size());
  for (const auto& [word, list] : parsed.items()) {
    const auto fail = [&path, &name = word](const std::string& what) {
      throw FileError(path, text("word ", data::quoted(name), ": ", what));
    };
    if (const std::string fault = fault_of(word); !fault.empty()) {
      fail(fault);
    }
    all.push_back({.word = word, .neighbours = neighbours_of(word, list, fail)});
  }
  return all;
}

std::vector<WordPair> decode_word_pairs(std::string_view bytes, const std::string& path) {
  std::vector<WordPair> pairs;
  TextLines lines(without_bom(bytes), path);
  while (lines.next()) {
    const std::vector<std::string_view>& words = lines.fields(' ', 2);
    for (const std::string_view word : words) {
      if (const std::string fault = fault_of(word); !fault.empty()) {
        lines.fail(fault);
      }
    }
    if (words[0] != words[1]) {  // the published files have some, which say nothing
      pairs.emplace_back(words[0], words[1]);
    }
  }
  return pairs;
}

}  // namespace attune::data
