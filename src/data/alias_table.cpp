#include "data/alias_table.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace attune::data {

AliasTable::AliasTable(std::span<const double> weights) : slots_(weights.size()) {
  assert(!weights.empty());
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  assert(sum > 0);
  std::vector<std::int64_t> poor;  // have less than a slot's worth
  std::vector<std::int64_t> rich;
  for (std::int64_t i = 0; i < size(); ++i) {
    slots_[i] = {.keep = weights[i] * static_cast<double>(size()) / sum, .alias = i};
    (slots_[i].keep < 1 ? poor : rich).push_back(i);
  }
  while (!poor.empty() && !rich.empty()) {
    const std::int64_t taker = poor.back();
    const std::int64_t giver = rich.back();
    poor.pop_back();
    slots_[taker].alias = giver;
    slots_[giver].keep -= 1 - slots_[taker].keep;
    if (slots_[giver].keep < 1) {
      rich.pop_back();
      poor.push_back(giver);
    }
  }
  // Only rounding keeps those that are left from a whole slot.
  for (const std::vector<std::int64_t>* left : {&poor, &rich}) {
    for (const std::int64_t i : *left) {
      slots_[i].keep = 1;
    }
  }
}

std::int64_t AliasTable::pick(double uniform) const noexcept {
  const double position = uniform * static_cast<double>(size());
  const std::int64_t i = std::min(static_cast<std::int64_t>(position), size() - 1);
  return position - static_cast<double>(i) < slots_[i].keep ? i : slots_[i].alias;
}

}  // namespace attune::data
