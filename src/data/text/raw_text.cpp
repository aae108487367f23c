#include <algorithm>
#include <utility>

#include "data/quoted.hpp"
#include "data/text/text_table.hpp"
#include "data/text/unicode.hpp"
#include "data/text_files.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/raw_text.hpp>

namespace attune::data {

using core::text;

namespace {

/// Sequences of one document.
class Packer {
 public:
  Packer(const Tokenizer& tokenizer, std::int64_t max_tokens)
      : tokenizer_(tokenizer), room_(static_cast<std::size_t>(max_tokens - 2)) {}

  std::vector<EncodedText> pack(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      tokens_.clear();
      tokenizer_.encode(line, tokens_);
      if (pending_.size() + tokens_.ids.size() > room_) {
        flush();
      }
      for (std::size_t at = 0; at < tokens_.ids.size(); at += room_) {
        const std::size_t end = std::min(at + room_, tokens_.ids.size());
        pending_.insert(pending_.end(), tokens_.ids.begin() + static_cast<std::ptrdiff_t>(at),
                        tokens_.ids.begin() + static_cast<std::ptrdiff_t>(end));
        if (end < tokens_.ids.size()) {
          flush();
        }
      }
    }
    flush();
    return std::move(out_);
  }

 private:
  void flush() {
    if (pending_.empty()) {
      return;
    }
    EncodedText one;
    one.tokens.reserve(pending_.size() + 2);
    one.tokens.push_back(tokenizer_.form().cls);
    one.tokens.insert(one.tokens.end(), pending_.begin(), pending_.end());
    one.tokens.push_back(tokenizer_.form().sep);
    one.types.assign(one.tokens.size(), 0);
    out_.push_back(std::move(one));
    pending_.clear();
  }

  const Tokenizer& tokenizer_;
  std::size_t room_;
  Tokens tokens_;
  std::vector<std::int32_t> pending_;
  std::vector<EncodedText> out_;
};

}  // namespace

std::int64_t RawText::num_lines() const noexcept {
  std::int64_t lines = 0;
  for (const std::vector<std::string>& document : documents) {
    lines += std::ssize(document);
  }
  return lines;
}

RawText load_raw_text(const std::string& path) {
  TextFiles files;
  const std::string bytes = files.read(path);
  RawText raw{.sha256 = files.sha256()};
  std::string_view rest = without_bom(bytes);
  bool inside = false;
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    const std::size_t invalid = find_invalid_utf8(line);
    if (invalid != std::string_view::npos) {
      throw FileError(path, number,
                      text("expected UTF-8, found ", data::quoted(line.substr(invalid, 4))));
    }
    const std::size_t last = line.find_last_not_of(" \t\r");
    if (last == std::string_view::npos) {
      inside = false;
      continue;
    }
    if (!inside) {
      raw.documents.emplace_back();
      inside = true;
    }
    raw.documents.back().emplace_back(line.substr(0, last + 1));
  }
  if (raw.documents.empty()) {
    throw FileError(path, "expected lines of text, found none");
  }
  return raw;
}

void add_texts(RawText& raw, const TextPart& part) {
  for (const TextExample& example : part.examples) {
    std::vector<std::string> document;
    for (const std::string* one : {&example.first, &example.second}) {
      if (!one->empty()) {
        document.push_back(*one);
      }
    }
    document.insert(document.end(), example.endings.begin(), example.endings.end());
    if (!document.empty()) {
      raw.documents.push_back(std::move(document));
    }
  }
}

std::vector<EncodedText> pack_sequences(const RawText& raw, const Tokenizer& tokenizer,
                                        std::int64_t max_tokens) {
  if (max_tokens < 3) {
    throw InvalidArgument(text("pack_sequences: max_tokens must be at least 3, got ", max_tokens));
  }
  std::vector<std::vector<EncodedText>> of_document(raw.documents.size());
  core::parallel_tasks(std::ssize(raw.documents), [&](std::int64_t d) {
    const auto document = static_cast<std::size_t>(d);
    of_document[document] = Packer(tokenizer, max_tokens).pack(raw.documents[document]);
  });
  std::vector<EncodedText> out;
  for (std::vector<EncodedText>& sequences : of_document) {
    std::move(sequences.begin(), sequences.end(), std::back_inserter(out));
  }
  if (out.empty()) {
    throw InvalidArgument("pack_sequences: expected texts with at least one token, got none");
  }
  return out;
}

}  // namespace attune::data
