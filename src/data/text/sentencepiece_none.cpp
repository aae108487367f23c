// In place of sentencepiece.cpp where attune is built without the library.
#include <attune/core/error.hpp>
#include <attune/data/text/sentencepiece.hpp>

namespace attune::data {

struct SentencePieceTokenizer::State {
  std::string nothing;
  SequenceForm form;
};

SentencePieceTokenizer::SentencePieceTokenizer(std::string, const std::string& path,
                                               const SentencePieceOptions&) {
  throw InvalidArgument(path +
                        ": attune was built without SentencePiece (ATTUNE_WITH_SENTENCEPIECE)");
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

// No object of the class exists that these could be called on.
void SentencePieceTokenizer::encode(std::string_view, Tokens&) const {}

std::string SentencePieceTokenizer::decode(std::span<const std::int32_t>) const {
  return {};
}

std::int64_t SentencePieceTokenizer::size() const noexcept {
  return 0;
}

const std::string& SentencePieceTokenizer::token(std::int32_t) const {
  return state_->nothing;
}

bool SentencePieceTokenizer::continues_word(std::int32_t) const {
  return false;
}

const SequenceForm& SentencePieceTokenizer::form() const noexcept {
  return state_->form;
}

void SentencePieceTokenizer::save(const std::string&) const {}

bool has_sentencepiece() noexcept {
  return false;
}

}  // namespace attune::data
