#include "data/node_names.hpp"

#include <algorithm>
#include <charconv>

namespace attune::data {

namespace {

std::optional<std::int64_t> whole_number(const std::string& name) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole ? std::optional(value) : std::nullopt;
}

}  // namespace

NodeNames::NodeNames(const std::vector<std::string>& names) {
  sorted_.reserve(names.size());
  for (const std::string& name : names) {
    sorted_.emplace_back(name, std::ssize(sorted_));
  }
  std::sort(sorted_.begin(), sorted_.end());
}

std::optional<std::pair<std::int64_t, std::int64_t>> NodeNames::repeated() const {
  const auto found =
      std::adjacent_find(sorted_.begin(), sorted_.end(),
                         [](const auto& a, const auto& b) { return a.first == b.first; });
  if (found == sorted_.end()) {
    return std::nullopt;
  }
  return std::pair(found->second, (found + 1)->second);
}

std::optional<std::int64_t> NodeNames::find(std::string_view name) const {
  const auto found = std::lower_bound(
      sorted_.begin(), sorted_.end(), name,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  const bool there = found != sorted_.end() && found->first == name;
  return there ? std::optional(found->second) : std::nullopt;
}

NamedClasses classes_of(const std::vector<std::string>& labels) {
  NamedClasses out;
  out.names = labels;
  std::sort(out.names.begin(), out.names.end());
  out.names.erase(std::unique(out.names.begin(), out.names.end()), out.names.end());
  std::erase(out.names, std::string());
  std::vector<std::pair<std::int64_t, std::string>> numbers;
  for (const std::string& name : out.names) {
    if (const std::optional<std::int64_t> number = whole_number(name)) {
      numbers.emplace_back(*number, name);
    }
  }
  const bool all_numbers = numbers.size() == out.names.size();
  const NodeNames by_letters(out.names);
  std::vector<std::int32_t> rank(out.names.size());
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::string> ordered;
  for (std::size_t i = 0; i < rank.size(); ++i) {
    const std::string& name = all_numbers ? numbers[i].second : out.names[i];
    rank[*by_letters.find(name)] = static_cast<std::int32_t>(i);
    ordered.push_back(name);
  }
  for (const std::string& label : labels) {
    out.labels.push_back(label.empty() ? -1 : rank[*by_letters.find(label)]);
  }
  out.names = std::move(ordered);
  return out;
}

}  // namespace attune::data
