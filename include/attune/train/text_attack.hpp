#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/data/text/synonyms.hpp>
#include <attune/data/text/text_task.hpp>
#include <attune/train/saved_text.hpp>

// Attacks on classifiers of texts that see nothing but probabilities: a text is changed word by
// word until the classifier errs.
namespace attune::train {

/// Probabilities of the classes of some texts, [texts.size(), classes]. Called from several threads
/// at once.
using TextVictim = std::function<core::Tensor(std::span<const TextInput>)>;

/// How words are changed.
enum class AttackMethod : std::uint8_t {
  textfooler,  ///< synonyms: Jin et al., "Is BERT really robust?", AAAI 2020, arXiv 1907.11932
  /// Typing errors and near words: Li et al., "TextBugger", NDSS 2019, arXiv 1812.05271, black box.
  textbugger,
  bae,  ///< words of a masked language model: Garg & Ramakrishnan, EMNLP 2020, arXiv 2004.01970
};

/// `textfooler`, `textbugger` or `bae`.
[[nodiscard]] std::string to_string(AttackMethod method);
/// @throws InvalidArgument  names what is there
[[nodiscard]] AttackMethod attack_method(std::string_view name);

/// What AttackMethod::bae does at a word.
enum class MaskedEdits : std::uint8_t {
  replace,  ///< BAE-R: another word in its place
  insert,   ///< BAE-I: another word before or behind it
  either,   ///< BAE-R/I: whichever does more
  both,     ///< BAE-R+I: first the one, then the other
};

/// `replace`, `insert`, `either` or `both`.
[[nodiscard]] std::string to_string(MaskedEdits edits);
/// @throws InvalidArgument  names what is there
[[nodiscard]] MaskedEdits masked_edits(std::string_view name);

/// Which of two texts is changed.
enum class AttackedPart : std::uint8_t { first, second };

/// Settings of a TextAttack.
struct TextAttackOptions {
  AttackMethod method = AttackMethod::textfooler;  ///< how words are changed
  MaskedEdits edits = MaskedEdits::replace;        ///< of bae
  AttackedPart part = AttackedPart::first;         ///< second: the texts are pairs
  /// Texts that the classifier is asked about for one example, all counted.
  std::int64_t max_queries = 2000;
  /// Share of the words that may be changed, in (0, 1]; one word may be in any case.
  double max_changed = 0.4;
  /// Mean over the words of how near each is to what stood there, in [0, 1]: see TextAttack.
  double min_similarity = 0.8;
  std::int64_t max_candidates = 50;  ///< for one word
  /// Whether a word may only be replaced by one with its ending: -ing, -ed, -ly, -s or none of
  /// them.
  bool same_ending = true;
  std::uint64_t seed = 0;  ///< of the places of typing errors
};

/// A word that fits between two parts of a text.
struct ProposedWord {
  std::string word;        ///< one word, no blank
  double probability = 0;  ///< that it stands there
};

/// Words that may stand between what comes before and what comes after, likeliest first. Called
/// from several threads at once.
using MaskedProposer =
    std::function<std::vector<ProposedWord>(std::string_view before, std::string_view after)>;

/// How an attack ended.
enum class AttackOutcome : std::uint8_t {
  skipped,    ///< the classifier errs without any attack
  failed,     ///< it is still right
  succeeded,  ///< it errs now
};

/// A word that was changed.
struct WordChange {
  std::int64_t word = 0;  ///< its place in the text, from 0
  std::string before;     ///< as it stood there
  std::string after;      ///< what stands there now
};

/// One example under attack.
struct TextAttackResult {
  AttackOutcome outcome = AttackOutcome::failed;  ///< how it ended
  std::int32_t label = 0;                         ///< right answer
  std::int32_t predicted_before = 0;              ///< class
  std::int32_t predicted_after = 0;               ///< class; where it failed, of the last text kept
  std::vector<double> before = {};                ///< probabilities of the classes
  std::vector<double> after = {};                 ///< likewise
  std::string original = {};                      ///< the text that is attacked
  std::string perturbed = {};                     ///< what became of it; where it failed, how far
  std::string other = {};                         ///< of a pair: the text that stays
  std::string marked_original = {};               ///< the changed words in [[ ]]
  std::string marked_perturbed = {};              ///< likewise
  std::int64_t num_words = 0;                     ///< of the original
  std::int64_t queries = 0;                       ///< texts that the classifier was asked about
  double similarity = 1;                          ///< of the two, as min_similarity measures it
  std::vector<WordChange> changes = {};           ///< in the order of the text
};

/// An attack: a greedy search over the words of a text in the order of their importance.
///
/// All methods: importance of a word is how much the probability of the right class falls when the
/// word is deleted (textfooler adds how much that of the new class rises, where the answer changes
/// by it). Stop words are left alone, letters keep their case, nothing between words changes. At
/// each word all candidates are asked about; the one after which the right class is least probable
/// stays if it lowers that probability, and the next word has its turn until the classifier errs.
///
/// - textfooler: candidates are the synonyms (data::Synonyms); antonyms and other endings are left
///   out. Of those that fool the classifier the nearest is taken.
/// - textbugger: candidates are the word with a blank inside (below six letters), a letter deleted,
///   two inner letters swapped, a letter replaced by one that looks like it or is beside it on the
///   keyboard, and the five nearest synonyms. Sentences are attacked in the order of what the
///   classifier says of each alone, those it does not give the right class not at all.
/// - bae: candidates are what a masked language model proposes at the word, or beside it. Left out
///   are pieces of words, antonyms and, in the place of a word, stop words and other endings;
///   beside a word, negations.
///
/// Where this differs from the papers: they compare sentences by the Universal Sentence Encoder and
/// words by a part-of-speech tagger. Neither is here. In place of the first stands the mean over
/// the words of the text: 1 for a word that is as it was, for a synonym data::Synonym::similarity,
/// for a typing error 1 - edits / letters, for any other word 0, and half of its word's for one
/// that is inserted. In place of the second stands the ending of the word. Both are coarser; what a
/// reader would think of a text only a reader can tell.
///
/// What comes out is a function of the example, its number and the options, on any number of
/// threads.
class TextAttack {
 public:
  /// @param synonyms   must outlive this; may be empty for bae
  /// @param proposals  of bae
  /// @throws InvalidArgument  an option out of range, or bae without proposals
  TextAttack(const TextAttackOptions& options, const data::Synonyms& synonyms,
             MaskedProposer proposals = {});

  /// @param number  of the example: typing errors are drawn from (seed, number, word)
  /// @throws InvalidArgument  a label that is no class; or the victim does not give a finite
  ///                          probability for each class of each text
  [[nodiscard]] TextAttackResult attack(const data::TextExample& example, std::uint64_t number,
                                        const TextVictim& victim) const;

  /// Attacks some examples side by side, numbered from 0.
  /// @param done  called after each, from any thread
  /// @throws as attack(); says which example
  [[nodiscard]] std::vector<TextAttackResult> attack(std::span<const data::TextExample> examples,
                                                     const TextVictim& victim,
                                                     const std::function<void()>& done = {}) const;

  /// It was made with.
  [[nodiscard]] const TextAttackOptions& options() const noexcept { return options_; }

 private:
  TextAttackOptions options_;
  const data::Synonyms& synonyms_;
  MaskedProposer proposals_;
};

/// Words of a masked language model: of its likeliest tokens those that are whole words of letters.
/// Texts that are too long for it are cut to what is around the place.
/// @param model  must outlive what is returned
/// @param count  tokens to look at, 50 in the paper
/// @throws InvalidArgument  count below 1
[[nodiscard]] MaskedProposer propose_words(const SavedMaskedLanguage& model,
                                           std::int64_t count = 50);

}  // namespace attune::train
