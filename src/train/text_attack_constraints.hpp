#pragma once

#include <string_view>

namespace attune::train {

// What keeps an attack from words that would change the meaning or the grammar of a text. Words are
// English and in lower case.

/// Words of grammar rather than meaning, negations included.
[[nodiscard]] bool is_stop_word(std::string_view word) noexcept;

/// `not` and the like.
[[nodiscard]] bool is_negation(std::string_view word) noexcept;

/// Whether both end in -ing, -ed, -ly, -s (not -ss, -us, -is) or neither does: in place of a
/// part-of-speech tagger.
[[nodiscard]] bool have_same_ending(std::string_view a, std::string_view b) noexcept;

}  // namespace attune::train
