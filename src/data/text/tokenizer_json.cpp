#include "data/text/tokenizer_json.hpp"

#include <utility>
#include <vector>

#include "data/text/json_file.hpp"
#include "data/text/json_vocabulary.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/byte_bpe.hpp>
#include <attune/data/text/wordpiece.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

const json& object_at(const json& parent, const char* name, const std::string& path) {
  const auto found = parent.find(name);
  if (found == parent.end() || !found->is_object()) {
    throw FileError(path, text(name, ": expected an object, found ",
                               found == parent.end() ? "nothing" : shown(*found)));
  }
  return *found;
}

bool truth(const json& parent, const char* name, bool otherwise, const std::string& path) {
  const auto found = parent.find(name);
  if (found == parent.end() || found->is_null()) {
    return otherwise;
  }
  if (!found->is_boolean()) {
    throw FileError(path, text(name, ": expected true or false, found ", shown(*found)));
  }
  return found->get<bool>();
}

/// The vocabulary of the model, and what was added to it: special tokens as a rule.
Vocabulary whole_vocabulary(const json& file, const json& model, const std::string& path) {
  json object = object_at(model, "vocab", path);
  const auto added = file.find("added_tokens");
  if (added != file.end() && added->is_array()) {
    for (const json& token : *added) {
      if (!token.is_object() || !token.contains("content") || !token["content"].is_string() ||
          !token.contains("id")) {
        throw FileError(
            path, text("added_tokens: expected objects with content and id, found ", shown(token)));
      }
      object[token["content"].get<std::string>()] = token["id"];
    }
  }
  return vocabulary_from_json(object, path);
}

std::shared_ptr<const Tokenizer> wordpiece(const json& file, const json& model,
                                           const std::string& path) {
  const json& normalizer = object_at(file, "normalizer", path);
  if (normalizer.value("type", json()) != "BertNormalizer") {
    throw FileError(path, text("normalizer: expected BertNormalizer, found ",
                               shown(normalizer.value("type", json()))));
  }
  if (model.value("continuing_subword_prefix", json("##")) != "##") {
    throw FileError(path, "continuing_subword_prefix: expected ##, found another");
  }
  const bool lower_case = truth(normalizer, "lowercase", true, path);
  const json most = model.value("max_input_chars_per_word", json(100));
  if (!most.is_number_integer()) {
    throw FileError(path,
                    text("max_input_chars_per_word: expected a whole number, found ", shown(most)));
  }
  const WordPieceOptions options{
      .words = {.lower_case = lower_case,
                .strip_accents = truth(normalizer, "strip_accents", lower_case, path),
                .chinese_chars = truth(normalizer, "handle_chinese_chars", true, path)},
      .max_characters = most.get<std::int64_t>()};
  return std::make_shared<WordPieceTokenizer>(whole_vocabulary(file, model, path), options);
}

/// A merge is one text with a blank in it, in newer files a list of two.
BpeMerge merge_of(const json& value, const std::string& path) {
  if (value.is_array() && value.size() == 2 && value[0].is_string() && value[1].is_string()) {
    return {value[0].get<std::string>(), value[1].get<std::string>()};
  }
  if (value.is_string()) {
    const auto& both = value.get_ref<const std::string&>();
    const std::size_t blank = both.find(' ');
    if (blank != std::string::npos && blank == both.rfind(' ') && blank > 0 &&
        blank + 1 < both.size()) {
      return {both.substr(0, blank), both.substr(blank + 1)};
    }
  }
  throw FileError(path, text("merges: expected two tokens, found ", shown(value)));
}

std::shared_ptr<const Tokenizer> byte_bpe(const json& file, const json& model,
                                          const std::string& path) {
  const json& splitter = object_at(file, "pre_tokenizer", path);
  if (splitter.value("type", json()) != "ByteLevel") {
    throw FileError(path, text("pre_tokenizer: expected ByteLevel, found ",
                               shown(splitter.value("type", json()))));
  }
  const json merges = model.value("merges", json());
  if (!merges.is_array()) {
    throw FileError(path, text("merges: expected a list, found ", shown(merges)));
  }
  std::vector<BpeMerge> list;
  for (const json& merge : merges) {
    list.push_back(merge_of(merge, path));
  }
  return std::make_shared<ByteBpeTokenizer>(
      whole_vocabulary(file, model, path), list,
      ByteBpeOptions{.add_prefix_space = truth(splitter, "add_prefix_space", false, path)});
}

}  // namespace

std::shared_ptr<const Tokenizer> tokenizer_from_json(const json& file, const std::string& path) {
  if (!file.is_object()) {
    throw FileError(path, text("expected an object, found ", shown(file)));
  }
  const json& model = object_at(file, "model", path);
  const json type = model.value("type", json());
  if (type == "WordPiece") {
    return wordpiece(file, model, path);
  }
  if (type == "BPE") {
    return byte_bpe(file, model, path);
  }
  throw FileError(path, text("model.type: expected WordPiece or BPE, found ", shown(type),
                             type == "Unigram" ? "; use the model's spiece.model" : ""));
}

}  // namespace attune::data
