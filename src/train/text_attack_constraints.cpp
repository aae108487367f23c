#include "train/text_attack_constraints.hpp"

#include <algorithm>
#include <iterator>

namespace attune::train {

namespace {

// Both lists ascending.
constexpr std::string_view kNegations[] = {
    "ain't",  "aren't", "can't",   "cannot",  "couldn't", "didn't",  "doesn't", "don't",
    "hadn't", "hardly", "hasn't",  "haven't", "isn't",    "n't",     "neither", "never",
    "no",     "nobody", "none",    "nor",     "not",      "nothing", "nowhere", "scarcely",
    "shan't", "wasn't", "weren't", "without", "won't",    "wouldn't"};

constexpr std::string_view kStopWords[] = {
    "a",        "about",   "above",  "after",   "again",    "against", "all",      "also",
    "although", "am",      "among",  "an",      "and",      "another", "any",      "anyone",
    "anything", "are",     "around", "as",      "at",       "be",      "because",  "been",
    "before",   "being",   "below",  "between", "both",     "but",     "by",       "can",
    "could",    "d",       "did",    "do",      "does",     "doing",   "done",     "down",
    "during",   "each",    "either", "else",    "ever",     "every",   "everyone", "everything",
    "few",      "for",     "from",   "further", "had",      "has",     "have",     "having",
    "he",       "her",     "here",   "hers",    "herself",  "him",     "himself",  "his",
    "how",      "however", "i",      "if",      "in",       "into",    "is",       "it",
    "its",      "itself",  "just",   "ll",      "m",        "many",    "may",      "me",
    "might",    "mine",    "more",   "most",    "much",     "must",    "my",       "myself",
    "now",      "of",      "off",    "on",      "once",     "one",     "only",     "onto",
    "or",       "other",   "others", "our",     "ours",     "out",     "over",     "own",
    "per",      "perhaps", "re",     "s",       "same",     "shall",   "she",      "should",
    "since",    "so",      "some",   "someone", "such",     "t",       "than",     "that",
    "the",      "their",   "theirs", "them",    "then",     "there",   "these",    "they",
    "this",     "those",   "though", "through", "thus",     "to",      "too",      "toward",
    "towards",  "under",   "until",  "up",      "upon",     "us",      "ve",       "very",
    "was",      "we",      "were",   "what",    "whatever", "when",    "where",    "whether",
    "which",    "while",   "who",    "whom",    "whose",    "why",     "will",     "with",
    "within",   "would",   "yet",    "you",     "your",     "yours",   "yourself", "yourselves"};

static_assert(std::is_sorted(std::begin(kNegations), std::end(kNegations)));
static_assert(std::is_sorted(std::begin(kStopWords), std::end(kStopWords)));

/// `it` of "it's": what stands before an apostrophe, where the word is no negation.
std::string_view stem(std::string_view word) {
  return word.substr(0, word.find('\''));
}

std::string_view ending(std::string_view word) {
  for (const std::string_view end : {"ing", "ed", "ly"}) {
    if (word.size() > end.size() + 2 && word.ends_with(end)) {
      return end;
    }
  }
  const bool plural = word.size() > 3 && word.ends_with('s') && !word.ends_with("ss") &&
                      !word.ends_with("us") && !word.ends_with("is");
  return plural ? "s" : "";
}

}  // namespace

bool is_negation(std::string_view word) noexcept {
  return std::binary_search(std::begin(kNegations), std::end(kNegations), word);
}

bool is_stop_word(std::string_view word) noexcept {
  return is_negation(word) ||
         std::binary_search(std::begin(kStopWords), std::end(kStopWords), stem(word));
}

bool have_same_ending(std::string_view a, std::string_view b) noexcept {
  return ending(a) == ending(b);
}

}  // namespace attune::train
