#include <filesystem>
#include <utility>

#include "data/folders.hpp"
#include "data/text/json_file.hpp"
#include "data/text/tokenizer_json.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/byte_bpe.hpp>
#include <attune/data/text/sentencepiece.hpp>
#include <attune/data/text/wordpiece.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;
using Loaded = std::shared_ptr<const Tokenizer>;

namespace {

constexpr std::int64_t kMaxModelBytes = std::int64_t{256} << 20;

/// tokenizer_config.json, if there is one.
class Config {
 public:
  explicit Config(const std::string& folder) : path_(folder + "/tokenizer_config.json") {
    if (exists(path_)) {
      values_ = read_json_file(path_);
      if (!values_.is_object()) {
        throw FileError(path_, text("expected an object, found ", shown(values_)));
      }
    }
  }

  /// `otherwise` where the field is missing or null.
  [[nodiscard]] bool truth(const char* name, bool otherwise) const {
    const auto found = values_.find(name);
    if (found == values_.end() || found->is_null()) {
      return otherwise;
    }
    if (!found->is_boolean()) {
      throw FileError(path_, text(name, ": expected true or false, found ", shown(*found)));
    }
    return found->get<bool>();
  }

  [[nodiscard]] std::int64_t integer(const char* name, std::int64_t otherwise) const {
    const auto found = values_.find(name);
    if (found == values_.end() || found->is_null()) {
      return otherwise;
    }
    if (!found->is_number_integer()) {
      throw FileError(path_, text(name, ": expected a whole number, found ", shown(*found)));
    }
    return found->get<std::int64_t>();
  }

 private:
  std::string path_;
  json values_ = json::object();
};

/// What the tokeniser finds missing in a file is an error of that file.
template <class Make>
Loaded of_file(const std::string& path, const Make& make) {
  try {
    return make();
  } catch (const InvalidArgument& error) {
    throw FileError(path, error.what());
  }
}

Loaded load_wordpiece(const std::string& folder, const std::string& path) {
  const Config config(folder);
  const bool lower_case = config.truth("do_lower_case", true);
  const WordPieceOptions options{
      .words = {.lower_case = lower_case,
                .strip_accents = config.truth("strip_accents", lower_case),
                .chinese_chars = config.truth("tokenize_chinese_chars", true)},
      .max_characters = config.integer("max_input_chars_per_word", 100)};
  return of_file(
      path, [&] { return std::make_shared<WordPieceTokenizer>(load_vocab_txt(path), options); });
}

Loaded load_byte_bpe(const std::string& folder) {
  const Config config(folder);
  const std::string merges = folder + "/merges.txt";
  if (!exists(merges)) {
    throw FileError(merges, "expected the merges that belong to vocab.json, found no file");
  }
  return of_file(merges, [&] {
    return std::make_shared<ByteBpeTokenizer>(
        load_vocab_json(folder + "/vocab.json"), load_merges(merges),
        ByteBpeOptions{.add_prefix_space = config.truth("add_prefix_space", false)});
  });
}

Loaded load_sentencepiece(const std::string& folder, const std::string& path) {
  const Config config(folder);
  return std::make_shared<SentencePieceTokenizer>(
      core::read_file(path, kMaxModelBytes), path,
      SentencePieceOptions{.remove_space = config.truth("remove_space", true),
                           .lower_case = config.truth("do_lower_case", true),
                           .keep_accents = config.truth("keep_accents", false)});
}

Loaded load_json(const std::string& path) {
  return of_file(path, [&] { return tokenizer_from_json(read_json_file(path), path); });
}

/// Nothing where the name is none of those that tokenisers are kept in.
Loaded load_named(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  if (name == "vocab.txt") {
    return load_wordpiece(folder, path);
  }
  if (name == "vocab.json" || name == "merges.txt") {
    return load_byte_bpe(folder);
  }
  if (name == "tokenizer.json") {
    return load_json(path);
  }
  return name.ends_with(".model") ? load_sentencepiece(folder, path) : nullptr;
}

}  // namespace

Loaded load_tokenizer(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    const std::filesystem::path file(path);
    const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
    if (exists(path)) {
      if (Loaded loaded = load_named(folder, file.filename().string())) {
        return loaded;
      }
    }
    throw FileError(path,
                    "expected a folder with a tokeniser, or its vocab.txt, vocab.json, "
                    "spiece.model or tokenizer.json; found none");
  }
  for (const char* name : {"vocab.txt", "vocab.json", "spiece.model", "tokenizer.json"}) {
    if (exists(path + "/" + name)) {
      return load_named(path, name);
    }
  }
  throw FileError(path,
                  "expected vocab.txt, vocab.json and merges.txt, spiece.model or tokenizer.json, "
                  "found none of them");
}

}  // namespace attune::data
