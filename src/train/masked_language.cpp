#include <algorithm>
#include <unordered_set>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/masked_language.hpp>

namespace attune::train {

using core::text;

namespace {

using Tokens = std::unordered_set<std::int32_t>;

void check(const MaskingOptions& o, const Tokens& special) {
  if (!(o.share > 0 && o.share < 1)) {
    throw InvalidArgument(text("mask_tokens: share must be in (0, 1), got ", o.share));
  }
  if (!(o.masked >= 0) || !(o.replaced >= 0) || !(o.masked + o.replaced <= 1)) {
    throw InvalidArgument(
        text("mask_tokens: masked and replaced must be at least 0 and 1 together "
             "at most, got ",
             o.masked, " and ", o.replaced));
  }
  if (o.vocabulary <= static_cast<std::int64_t>(special.size())) {
    throw InvalidArgument(text("mask_tokens: vocabulary must be above ", special.size(),
                               " special tokens, got ", o.vocabulary));
  }
  if (o.mask_token < 0 || o.mask_token >= o.vocabulary) {
    throw InvalidArgument(
        text("mask_tokens: mask_token must be in [0, ", o.vocabulary, "), got ", o.mask_token));
  }
}

// Four numbers for each token: whether it is hidden, how, and by what.
constexpr std::uint64_t kDraws = 4;

std::int32_t random_token(const MaskingOptions& o, const Tokens& special,
                          const core::RandomStream& random, std::uint64_t place) {
  std::uint64_t drawn = random.below(place * kDraws + 2, static_cast<std::uint64_t>(o.vocabulary));
  while (special.contains(static_cast<std::int32_t>(drawn))) {
    drawn = (drawn + 1) % static_cast<std::uint64_t>(o.vocabulary);
  }
  return static_cast<std::int32_t>(drawn);
}

void hide(MaskedTexts& texts, std::size_t place, const MaskingOptions& o, const Tokens& special,
          const core::RandomStream& random) {
  std::int32_t& token = texts.batch.tokens[place];
  texts.places.push_back(static_cast<std::int32_t>(place));
  texts.labels.push_back(token);
  const double how = random.uniform(place * kDraws + 1);
  if (how < o.masked) {
    token = o.mask_token;
  } else if (how < o.masked + o.replaced) {
    token = random_token(o, special, random, place);
  }
}

}  // namespace

MaskedTexts mask_tokens(const models::TextBatch& batch, const MaskingOptions& options,
                        const core::RandomStream& random) {
  const Tokens special(options.special.begin(), options.special.end());
  check(options, special);
  MaskedTexts texts{.batch = batch, .places = {}, .labels = {}};
  std::size_t likeliest = batch.tokens.size();
  double least = 1;
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    if (special.contains(batch.tokens[i])) {
      continue;
    }
    const double drawn = random.uniform(i * kDraws);
    if (drawn < options.share) {
      hide(texts, i, options, special, random);
    }
    if (drawn < least) {
      least = drawn;
      likeliest = i;
    }
  }
  if (texts.places.empty() && likeliest < batch.tokens.size()) {
    hide(texts, likeliest, options, special, random);
  }
  return texts;
}

}  // namespace attune::train
