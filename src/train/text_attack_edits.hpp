#pragma once

#include <functional>
#include <string>
#include <vector>

#include "train/text_attack_text.hpp"
#include <attune/core/random.hpp>
#include <attune/train/text_attack.hpp>

namespace attune::train {

/// Something to stand in the place of a word.
struct WordEdit {
  std::string text;
  double similarity = 0;  ///< to the original word
};

/// What may be tried at a word, the best guess first.
using EditSource = std::function<std::vector<WordEdit>(const AttackedText&, std::size_t word)>;

/// Synonyms that may stand for the word.
[[nodiscard]] EditSource synonym_edits(const data::Synonyms& synonyms, bool same_ending);

/// The five kinds of bugs of TextBugger. Word w takes the numbers of random.at_step(w).
[[nodiscard]] EditSource bug_edits(const data::Synonyms& synonyms,
                                   const core::RandomStream& random);

/// Words of a masked language model in the place of the word.
[[nodiscard]] EditSource replacement_edits(const data::Synonyms& synonyms,
                                           const MaskedProposer& proposals, bool same_ending);

/// The same before and behind what stands at the word.
[[nodiscard]] EditSource insertion_edits(const MaskedProposer& proposals);

/// What both have, those of the first in front.
[[nodiscard]] EditSource either_edits(const EditSource& first, const EditSource& second);

}  // namespace attune::train
