#include <algorithm>
#include <utility>

#include "data/quoted.hpp"
#include "data/text/json_vocabulary.hpp"
#include "data/text/unicode.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/vocabulary.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{256} << 20;
constexpr std::size_t kMostTokens = std::size_t{1} << 24;

std::vector<std::string_view> split_lines(std::string_view bytes) {
  std::vector<std::string_view> lines;
  while (!bytes.empty()) {
    const std::size_t length = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, length);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines.push_back(line);
    bytes.remove_prefix(std::min(length + 1, bytes.size()));
  }
  return lines;
}

}  // namespace

Vocabulary::Vocabulary(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {
  if (tokens_.size() > kMostTokens) {
    throw InvalidArgument(
        text("Vocabulary: expected at most ", kMostTokens, " tokens, got ", tokens_.size()));
  }
  ids_.reserve(tokens_.size());
  for (std::size_t id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].empty()) {
      continue;
    }
    const auto [place, added] = ids_.emplace(tokens_[id], static_cast<std::int32_t>(id));
    if (!added) {
      throw InvalidArgument(text("Vocabulary: ", data::quoted(tokens_[id]), " is number ",
                                 place->second, " and number ", id));
    }
  }
}

const std::string& Vocabulary::token(std::int32_t id) const {
  if (id < 0 || id >= size()) {
    throw InvalidArgument(text("Vocabulary: id must be in [0, ", size(), "), got ", id));
  }
  return tokens_[static_cast<std::size_t>(id)];
}

std::optional<std::int32_t> Vocabulary::find(std::string_view token) const {
  const auto place = ids_.find(token);
  return place == ids_.end() ? std::nullopt : std::optional(place->second);
}

Vocabulary load_vocab_txt(const std::string& path) {
  const std::string bytes = core::read_file(path, kMaxFileBytes);
  std::unordered_map<std::string_view, std::int64_t> seen;
  std::vector<std::string> tokens;
  for (const std::string_view line : split_lines(bytes)) {
    const auto number = static_cast<std::int64_t>(tokens.size()) + 1;
    if (tokens.size() == kMostTokens) {
      throw FileError(path, number, text("expected at most ", kMostTokens, " tokens, found more"));
    }
    if (find_invalid_utf8(line) != std::string_view::npos) {
      throw FileError(path, number, text("expected a token in UTF-8, found ", data::quoted(line)));
    }
    if (!line.empty()) {
      const auto [place, added] = seen.emplace(line, number);
      if (!added) {
        throw FileError(path, number,
                        text("expected a new token, found ", data::quoted(line), " of line ",
                             place->second, " again"));
      }
    }
    tokens.emplace_back(line);
  }
  if (seen.empty()) {
    throw FileError(path, "expected a token a line, found none");
  }
  return Vocabulary(std::move(tokens));
}

Vocabulary vocabulary_from_json(const nlohmann::json& object, const std::string& path) {
  if (!object.is_object() || object.empty()) {
    throw FileError(path, text("expected an object from token to number, found ", shown(object)));
  }
  if (object.size() > kMostTokens) {
    throw FileError(path, text("expected at most ", kMostTokens, " tokens, found ", object.size()));
  }
  std::vector<std::string> tokens(object.size());
  std::vector<bool> taken(object.size(), false);
  for (const auto& [token, number] : object.items()) {
    if (token.empty()) {
      throw FileError(path, "expected a token, found an empty one");
    }
    if (!number.is_number_unsigned() || number.get<std::uint64_t>() >= tokens.size()) {
      throw FileError(path, text(data::quoted(token), ": expected a number from 0 to ",
                                 tokens.size() - 1, ", found ", shown(number)));
    }
    const auto id = number.get<std::size_t>();
    if (taken[id]) {
      throw FileError(path, text("number ", id, " stands for ", data::quoted(tokens[id]),
                                 " and for ", data::quoted(token)));
    }
    taken[id] = true;
    tokens[id] = token;
  }
  return Vocabulary(std::move(tokens));
}

Vocabulary load_vocab_json(const std::string& path) {
  return vocabulary_from_json(read_json_file(path), path);
}

void save_vocab_txt(const std::string& path, const Vocabulary& vocabulary) {
  std::string out;
  for (const std::string& token : vocabulary.tokens()) {
    if (token.find('\n') != std::string::npos || token.ends_with('\r')) {
      throw InvalidArgument(
          text("save_vocab_txt: a token holds a line's end: ", data::quoted(token)));
    }
    out += token;
    out += '\n';
  }
  core::write_file_atomically(path, out);
}

}  // namespace attune::data
