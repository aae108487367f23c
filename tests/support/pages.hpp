#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::testing {

/// What stands between ``` and ``` in a page of Markdown.
struct FencedBlock {
  std::string language;  ///< `sh`, `cpp`, `text`, ...; empty where none is named
  std::string content;   ///< lines, each with its end
  int line = 0;          ///< of the opening fence, from 1
};

struct PageLink {
  std::string target;  ///< `../README.md#the-tree`
  int line = 0;
};

/// Fenced blocks in their order.
/// @throws std::runtime_error  the last one is not closed
[[nodiscard]] std::vector<FencedBlock> fenced_blocks(std::string_view page);

/// Targets of `[text](target)`, outside of fenced blocks.
[[nodiscard]] std::vector<PageLink> links(std::string_view page);

/// Contents of `code` spans, outside of fenced blocks.
[[nodiscard]] std::vector<std::string> code_spans(std::string_view page);

/// What `#...` in a link may name: headings as GitHub turns them into anchors, and ids in tags.
[[nodiscard]] std::vector<std::string> anchors(std::string_view page);

}  // namespace attune::testing
