#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <attune/data/text/wordpiece.hpp>

namespace attune::data {

/// Settings of a WordPieceTrainer.
struct WordPieceTrainerOptions {
  std::int64_t vocabulary_size = 8000;  ///< at most, special tokens included
  std::int64_t min_frequency = 2;       ///< of a pair to be joined
  std::int64_t alphabet = 1000;         ///< at most so many characters, the most frequent ones
  BertWordOptions words = {};           ///< how texts are cut into words
};

/// Learns a WordPiece vocabulary from texts: the most frequent pair of neighbouring pieces inside a
/// word becomes a piece, again and again, as in byte-pair encoding (Sennrich et al., ACL 2016,
/// arXiv 1508.07909). Of equally frequent pairs the one of the smaller numbers is taken, so the
/// same texts in any order give the same vocabulary: [PAD], [UNK], [CLS], [SEP], [MASK], then the
/// characters in the order of their code points, at the beginning of a word and then inside, then
/// the joined pieces.
class WordPieceTrainer {
 public:
  /// @throws InvalidArgument  an option out of range
  explicit WordPieceTrainer(const WordPieceTrainerOptions& options = {});
  ~WordPieceTrainer();

  /// Counts the words of a text; any bytes.
  void add(std::string_view text);

  /// @throws InvalidArgument  no word was added
  [[nodiscard]] Vocabulary train() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune::data
