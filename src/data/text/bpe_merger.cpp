#include "data/text/bpe_merger.hpp"

#include <limits>
#include <queue>
#include <tuple>

namespace attune::data {

namespace {

// Measured crossing of the two ways on ordinary words lies near 60 pieces.
constexpr std::size_t kFewPieces = 48;

std::uint64_t key(std::int32_t left, std::int32_t right) noexcept {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

/// A pair of neighbours at the time it was seen.
struct Seen {
  std::int32_t rank;
  std::int64_t position;  // of the left one
  std::int32_t left, right, joined;

  friend bool operator>(const Seen& a, const Seen& b) {
    return std::tie(a.rank, a.position) > std::tie(b.rank, b.position);
  }
};

/// Where the neighbours of a piece are; -1 is none.
struct Links {
  std::int64_t before, after;
};

}  // namespace

bool BpeMerger::add(std::int32_t left, std::int32_t right, std::int32_t joined) {
  const auto rank = static_cast<std::int32_t>(joins_.size());
  return joins_.emplace(key(left, right), Join{.rank = rank, .joined = joined}).second;
}

const BpeMerger::Join* BpeMerger::find(std::int32_t left, std::int32_t right) const {
  const auto found = joins_.find(key(left, right));
  return found == joins_.end() ? nullptr : &found->second;
}

void BpeMerger::merge(std::vector<BpePiece>& pieces) const {
  if (pieces.size() <= kFewPieces) {
    merge_by_rounds(pieces);
  } else {
    merge_by_queue(pieces);
  }
}

void BpeMerger::merge_by_rounds(std::vector<BpePiece>& pieces) const {
  while (true) {
    Join best{.rank = std::numeric_limits<std::int32_t>::max()};
    std::size_t at = pieces.size();
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const Join* join = find(pieces[i].id, pieces[i + 1].id);
      if (join != nullptr && join->rank < best.rank) {
        best = *join;
        at = i;
      }
    }
    if (at == pieces.size()) {
      return;
    }
    pieces[at] = {.id = best.joined, .bytes = pieces[at].bytes + pieces[at + 1].bytes};
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

void BpeMerger::merge_by_queue(std::vector<BpePiece>& pieces) const {
  const auto n = static_cast<std::int64_t>(pieces.size());
  std::vector<Links> links(pieces.size());
  std::priority_queue<Seen, std::vector<Seen>, std::greater<>> queue;
  const auto see = [&](std::int64_t left, std::int64_t right) {
    if (left < 0 || right < 0) {
      return;
    }
    const std::int32_t l = pieces[left].id;
    const std::int32_t r = pieces[right].id;
    if (const Join* join = find(l, r)) {
      queue.push({join->rank, left, l, r, join->joined});
    }
  };
  for (std::int64_t i = 0; i < n; ++i) {
    links[i] = {.before = i - 1, .after = i + 1 < n ? i + 1 : -1};
    see(i, links[i].after);
  }
  while (!queue.empty()) {
    const Seen seen = queue.top();
    queue.pop();
    const std::int64_t left = seen.position;
    const std::int64_t right = links[left].after;
    // One of the two may be part of another piece by now; a piece that is gone takes no bytes.
    if (pieces[left].bytes == 0 || right < 0 || pieces[left].id != seen.left ||
        pieces[right].id != seen.right) {
      continue;
    }
    pieces[left] = {.id = seen.joined, .bytes = pieces[left].bytes + pieces[right].bytes};
    pieces[right].bytes = 0;
    links[left].after = links[right].after;
    if (links[left].after >= 0) {
      links[links[left].after].before = left;
    }
    see(links[left].before, left);
    see(left, links[left].after);
  }
  std::erase_if(pieces, [](const BpePiece& piece) { return piece.bytes == 0; });
}

}  // namespace attune::data
