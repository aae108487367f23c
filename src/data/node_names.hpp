#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune::data {

/// Numbers of nodes by what files call them. Sorted, not hashed: names chosen to collide would cost
/// time.
class NodeNames {
 public:
  /// @param names  of nodes 0, 1, 2, ...; they outlive this
  explicit NodeNames(const std::vector<std::string>& names);

  /// A name that two nodes have: both numbers, ascending. None is what should be.
  [[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> repeated() const;

  [[nodiscard]] std::optional<std::int64_t> find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string_view, std::int64_t>> sorted_;
};

/// Classes 0, 1, ... of labels by name, in the order of the numbers where all names are whole
/// numbers, else of the letters. An empty name is no label, -1.
struct NamedClasses {
  std::vector<std::int32_t> labels;
  std::vector<std::string> names;
};
[[nodiscard]] NamedClasses classes_of(const std::vector<std::string>& labels);

}  // namespace attune::data
