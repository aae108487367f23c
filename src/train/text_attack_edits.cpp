#include "train/text_attack_edits.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "data/text/unicode.hpp"
#include "train/text_attack_constraints.hpp"

namespace attune::train {

namespace {

/// Whether the word may take the place of the other, both in lower case.
bool may_replace(const data::Synonyms& synonyms, const std::string& original,
                 const std::string& word, bool same_ending) {
  return word != original && !synonyms.opposite(original, word) && !is_stop_word(word) &&
         (!same_ending || have_same_ending(original, word));
}

}  // namespace

EditSource synonym_edits(const data::Synonyms& synonyms, bool same_ending) {
  return [&synonyms, same_ending](const AttackedText& text, std::size_t word) {
    const std::string original = data::lower_case(text.original(word));
    std::vector<WordEdit> edits;
    for (const data::Synonym& synonym : synonyms.of(original)) {
      if (may_replace(synonyms, original, synonym.word, same_ending)) {
        edits.push_back({.text = in_case_of(text.original(word), synonym.word),
                         .similarity = synonym.similarity});
      }
    }
    return edits;
  };
}

EditSource replacement_edits(const data::Synonyms& synonyms, const MaskedProposer& proposals,
                             bool same_ending) {
  return [&synonyms, &proposals, same_ending](const AttackedText& text, std::size_t word) {
    const std::string original = data::lower_case(text.original(word));
    std::vector<WordEdit> edits;
    for (const ProposedWord& proposed : proposals(text.before(word), text.after(word))) {
      const std::string lower = data::lower_case(proposed.word);
      if (may_replace(synonyms, original, lower, same_ending)) {
        edits.push_back({.text = in_case_of(text.original(word), proposed.word),
                         .similarity = synonyms.similarity(original, lower)});
      }
    }
    return edits;
  };
}

EditSource insertion_edits(const MaskedProposer& proposals) {
  return [&proposals](const AttackedText& text, std::size_t word) {
    const std::string& current = text.current(word);
    const double similarity = text.similarity(word) / 2;
    const std::string before = text.before(word);
    const std::string after = text.after(word);
    std::vector<std::pair<double, WordEdit>> edits;
    const auto propose = [&](std::string_view left, std::string_view right, bool in_front) {
      for (const ProposedWord& proposed : proposals(left, right)) {
        if (!is_negation(data::lower_case(proposed.word))) {
          edits.emplace_back(proposed.probability,
                             WordEdit{.text = in_front ? proposed.word + " " + current
                                                       : current + " " + proposed.word,
                                      .similarity = similarity});
        }
      }
    };
    propose(before, " " + current + after, true);
    propose(before + current + " ", after, false);
    std::stable_sort(edits.begin(), edits.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<WordEdit> sorted;
    for (auto& [probability, edit] : edits) {
      sorted.push_back(std::move(edit));
    }
    return sorted;
  };
}

EditSource either_edits(const EditSource& first, const EditSource& second) {
  return [first, second](const AttackedText& text, std::size_t word) {
    std::vector<WordEdit> edits = first(text, word);
    std::vector<WordEdit> others = second(text, word);
    std::move(others.begin(), others.end(), std::back_inserter(edits));
    return edits;
  };
}

}  // namespace attune::train
