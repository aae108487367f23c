#pragma once

#include <cstddef>
#include <string_view>

namespace attune::data {

/// Length of the first word of a text that is not empty, by the rule of GPT-2 (Radford et al.
/// 2019):
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// A byte that is no part of UTF-8 is neither letter, number nor white space.
[[nodiscard]] std::size_t first_gpt2_word(std::string_view text) noexcept;

}  // namespace attune::data
