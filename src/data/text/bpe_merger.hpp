#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace attune::data {

/// A token of a word while pairs are joined, and how many bytes of the word it takes.
struct BpePiece {
  std::int32_t id = 0;
  std::int32_t bytes = 1;
};

/// Joins neighbouring pieces by a ranked list of pairs: always the pair of the lowest rank, of
/// equal ones the leftmost, until none is in the list.
class BpeMerger {
 public:
  /// Pairs are ranked in the order in which they are added. @return  false: it was there before
  bool add(std::int32_t left, std::int32_t right, std::int32_t joined);

  void merge(std::vector<BpePiece>& pieces) const;

  /// The two ways that merge() chooses between by length: rounds over all pieces, quadratic, and a
  /// queue of pairs, n log n, so that a word of megabytes is no way to stop the program.
  void merge_by_rounds(std::vector<BpePiece>& pieces) const;
  void merge_by_queue(std::vector<BpePiece>& pieces) const;

 private:
  struct Join {
    std::int32_t rank = 0;
    std::int32_t joined = 0;
  };
  [[nodiscard]] const Join* find(std::int32_t left, std::int32_t right) const;

  std::unordered_map<std::uint64_t, Join> joins_;
};

}  // namespace attune::data
