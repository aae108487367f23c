#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/models/text_batch.hpp>

namespace attune::models {

using core::text;

namespace {

void require_tokens(std::int64_t count, std::size_t i) {
  if (count == 0) {
    throw InvalidArgument(text("pack_texts: text ", i, " must have a token, got none"));
  }
}

void append(TextBatch& batch, std::int32_t token, std::int32_t type, std::int64_t position) {
  batch.tokens.push_back(token);
  batch.types.push_back(type);
  batch.positions.push_back(static_cast<std::int32_t>(position));
}

}  // namespace

TextBatch pack_texts(std::span<const std::vector<std::int32_t>> tokens,
                     std::span<const std::vector<std::int32_t>> types) {
  if (!types.empty() && types.size() != tokens.size()) {
    throw InvalidArgument(
        text("pack_texts: expected types of ", tokens.size(), " texts, got ", types.size()));
  }
  TextBatch batch;
  batch.starts.push_back(0);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    require_tokens(static_cast<std::int64_t>(tokens[i].size()), i);
    if (!types.empty() && types[i].size() != tokens[i].size()) {
      throw InvalidArgument(text("pack_texts: text ", i, " must have ", tokens[i].size(),
                                 " types, got ", types[i].size()));
    }
    for (std::size_t t = 0; t < tokens[i].size(); ++t) {
      append(batch, tokens[i][t], types.empty() ? 0 : types[i][t], static_cast<std::int64_t>(t));
    }
    batch.starts.push_back(batch.num_tokens());
  }
  return batch;
}

TextBatch pack_texts(const PaddedTexts& padded) {
  const std::int64_t size =
      padded.num_texts < 0 || padded.length < 0 ? -1 : padded.num_texts * padded.length;
  const auto fits = [size](std::size_t n) { return static_cast<std::int64_t>(n) == size; };
  if (!fits(padded.tokens.size()) || !fits(padded.mask.size()) ||
      (!padded.types.empty() && !fits(padded.types.size()))) {
    throw InvalidArgument(text("pack_texts: expected ", padded.num_texts, " times ", padded.length,
                               " tokens, types and mask, got ", padded.tokens.size(), ", ",
                               padded.types.size(), " and ", padded.mask.size()));
  }
  TextBatch batch;
  batch.starts.push_back(0);
  for (std::int64_t i = 0; i < padded.num_texts; ++i) {
    for (std::int64_t t = 0; t < padded.length; ++t) {
      const auto at = static_cast<std::size_t>(i * padded.length + t);
      if (padded.mask[at] != 0) {
        append(batch, padded.tokens[at], padded.types.empty() ? 0 : padded.types[at], t);
      }
    }
    require_tokens(batch.num_tokens() - batch.starts.back(), static_cast<std::size_t>(i));
    batch.starts.push_back(batch.num_tokens());
  }
  return batch;
}

}  // namespace attune::models
