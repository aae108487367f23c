#include <algorithm>
#include <utility>
#include <vector>

#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>

namespace attune::core {

int edit_distance(std::string_view a, std::string_view b) {
  // Optimal string alignment: row i holds the distances from the first i letters of a.
  std::vector<int> before_last(b.size() + 1);
  std::vector<int> last(b.size() + 1);
  std::vector<int> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = static_cast<int>(j);
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  const std::string* nearest = nullptr;
  int nearest_distance = static_cast<int>(name.size()) / 3 + 1;
  std::string list;
  for (const std::string& candidate : known) {
    list += list.empty() ? "" : ", ";
    list += candidate;
    // A name far longer than all known ones is near none; comparing costs the product of lengths.
    const int distance = name.size() > 100 ? nearest_distance : edit_distance(name, candidate);
    if (distance < nearest_distance) {
      nearest = &candidate;
      nearest_distance = distance;
    }
  }
  const std::string question = nearest ? text(" (did you mean \"", *nearest, "\"?)") : "";
  return text(question, "; known: ", list);
}

}  // namespace attune::core
