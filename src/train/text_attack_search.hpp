#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "train/text_attack_edits.hpp"
#include "train/text_attack_text.hpp"

namespace attune::train {

/// One example under attack, from the first question to the last.
class AttackSearch {
 public:
  /// @param sources  tried one after the other at each word
  /// @param options, victim, sources  must outlive this
  AttackSearch(const data::TextExample& example, const TextAttackOptions& options,
               const std::vector<EditSource>& sources, const TextVictim& victim);

  [[nodiscard]] TextAttackResult run();

 private:
  /// Probabilities of the classes of one text.
  using Row = std::vector<double>;

  /// Asks the victim and counts. No more texts than there is room for.
  std::vector<Row> ask(const std::vector<std::string>& texts);
  [[nodiscard]] std::size_t room() const noexcept;
  [[nodiscard]] std::vector<std::size_t> words_by_importance();
  [[nodiscard]] std::vector<double> importance_of(const std::vector<std::size_t>& words);
  [[nodiscard]] std::vector<double> sentence_ranks();
  /// Tries what a source has for a word. @return  whether the victim errs now
  bool change(std::size_t word, const EditSource& source);
  [[nodiscard]] std::vector<WordEdit> allowed(std::size_t word, std::vector<WordEdit> edits) const;
  [[nodiscard]] std::size_t choose(const std::vector<Row>& rows,
                                   const std::vector<WordEdit>& edits) const;
  [[nodiscard]] std::int64_t most_changes() const noexcept;
  void attack_words();
  void finish();

  const TextAttackOptions& options_;
  const std::vector<EditSource>& sources_;
  const TextVictim& victim_;
  TextInput input_;
  AttackedText text_;
  std::size_t label_;
  Row now_;  // of the text as it is
  TextAttackResult result_;
};

}  // namespace attune::train
