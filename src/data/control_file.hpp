#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune::data {

/// Fields of one paragraph of Debian control data, in their order. Further lines of a value follow
/// it after line feeds, without the blank that they begin with.
class Paragraph {
 public:
  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  void extend(std::string_view line);

  [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
  /// Empty where there is no such field. Names are compared as they are.
  [[nodiscard]] std::string_view field(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Debian Policy, chapter 5.1: paragraphs between empty lines.
/// @param path  for messages
/// @throws FileError  a line that is neither `Name: value` nor the continuation of one; its number
[[nodiscard]] std::vector<Paragraph> parse_control_data(std::string_view bytes,
                                                        const std::string& path);

}  // namespace attune::data
