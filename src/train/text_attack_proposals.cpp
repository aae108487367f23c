#include <algorithm>
#include <memory>
#include <utility>

#include "data/text/unicode.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/text_attack.hpp>

namespace attune::train {

namespace {

using Ids = std::vector<std::int32_t>;

bool is_of_letters(std::string_view word) {
  for (std::size_t at = 0; at < word.size();) {
    const data::CodePoint c = data::decode_utf8(word, at);
    if (!data::is_letter(c.value)) {
      return false;
    }
    at += c.length;
  }
  return !word.empty();
}

/// The word that each token is, empty where it is none.
std::vector<std::string> words_of(const data::Tokenizer& tokenizer) {
  std::vector<std::string> words(static_cast<std::size_t>(tokenizer.size()));
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (tokenizer.continues_word(id)) {
      continue;
    }
    std::string word = tokenizer.decode({&id, 1});
    word.erase(0, std::min(word.find_first_not_of(' '), word.size()));
    if (is_of_letters(word)) {
      words[static_cast<std::size_t>(id)] = std::move(word);
    }
  }
  return words;
}

/// A text with a mask in it, cut to what the model takes.
class MaskedPlace {
 public:
  MaskedPlace(const data::Tokenizer& tokenizer, std::string_view before, std::string_view after,
              std::size_t max_tokens) {
    // The blank before a word belongs to it where tokens have theirs.
    const std::size_t end = before.find_last_not_of(' ');
    before = before.substr(0, end == std::string_view::npos ? 0 : end + 1);
    const Ids left = tokenizer.encode(before).ids;
    const Ids right = tokenizer.encode(after).ids;
    const std::size_t room = max_tokens - 3;  // of the mask and what frames a text
    const std::size_t half = room / 2;
    const std::size_t from_right =
        std::min(right.size(), std::max(half, room - std::min(room, left.size())));
    const std::size_t from_left = std::min(left.size(), room - from_right);
    const data::SequenceForm& form = tokenizer.form();
    Ids& tokens = text_.tokens;
    tokens.push_back(form.cls);
    tokens.insert(tokens.end(), left.end() - static_cast<std::ptrdiff_t>(from_left), left.end());
    place_ = static_cast<std::int32_t>(tokens.size());
    tokens.push_back(form.mask);
    tokens.insert(tokens.end(), right.begin(),
                  right.begin() + static_cast<std::ptrdiff_t>(from_right));
    tokens.push_back(form.sep);
    text_.types.assign(tokens.size(), 0);
  }

  [[nodiscard]] const data::EncodedText& text() const noexcept { return text_; }
  [[nodiscard]] std::int32_t place() const noexcept { return place_; }

 private:
  data::EncodedText text_;
  std::int32_t place_ = 0;
};

}  // namespace

MaskedProposer propose_words(const SavedMaskedLanguage& model, std::int64_t count) {
  if (count < 1) {
    throw InvalidArgument(core::text("propose_words: count must be at least 1, got ", count));
  }
  if (model.tokenizer().form().mask < 0) {
    throw InvalidArgument("propose_words: the vocabulary of the model has no token that masks");
  }
  const std::int64_t max_tokens = models::max_tokens(model.config().encoder);
  if (max_tokens < 4) {
    throw InvalidArgument(
        core::text("propose_words: the model must take 4 tokens at least, got ", max_tokens));
  }
  const auto words = std::make_shared<const std::vector<std::string>>(words_of(model.tokenizer()));
  const std::int64_t most = std::min(count, model.config().encoder.vocabulary);
  return [&model, words, most, max_tokens](std::string_view before, std::string_view after) {
    const MaskedPlace masked(model.tokenizer(), before, after,
                             static_cast<std::size_t>(max_tokens));
    const std::int32_t place = masked.place();
    const auto tokens = model.proposals({&masked.text(), 1}, {&place, 1}, most);
    std::vector<ProposedWord> proposed;
    for (const TokenProposal& token : tokens.front()) {
      const auto id = static_cast<std::size_t>(token.token);
      if (id < words->size() && !(*words)[id].empty()) {
        proposed.push_back({.word = (*words)[id], .probability = token.probability});
      }
    }
    return proposed;
  };
}

}  // namespace attune::train
