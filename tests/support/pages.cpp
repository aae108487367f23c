#include "support/pages.hpp"

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace attune::testing {

namespace {

constexpr std::string_view kFence = "```";

// The page line by line, fenced blocks replaced by empty lines.
std::vector<std::string> lines_outside(std::string_view page) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(page)};
  std::string line;
  bool inside = false;
  while (std::getline(in, line)) {
    const bool fence = line.starts_with(kFence);
    lines.push_back(inside || fence ? std::string() : line);
    inside = inside != fence;
  }
  return lines;
}

std::vector<std::string> matches(const std::string& line, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator it(line.begin(), line.end(), pattern), end; it != end; ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

// GitHub: lower case, blanks to hyphens, everything else but letters, digits, _ and - dropped.
std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '_' || c == '-' || byte >= 0x80) {
      anchor += static_cast<char>(std::tolower(byte));
    } else if (c == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

}  // namespace

std::vector<FencedBlock> fenced_blocks(std::string_view page) {
  std::vector<FencedBlock> blocks;
  std::istringstream in{std::string(page)};
  std::string line;
  bool inside = false;
  for (int number = 1; std::getline(in, line); ++number) {
    if (!line.starts_with(kFence)) {
      if (inside) {
        blocks.back().content += line + '\n';
      }
      continue;
    }
    if (!inside) {
      blocks.push_back({.language = line.substr(kFence.size()), .content = {}, .line = number});
    }
    inside = !inside;
  }
  if (inside) {
    throw std::runtime_error("fenced_blocks: the block of line " +
                             std::to_string(blocks.back().line) + " has no end");
  }
  return blocks;
}

std::vector<PageLink> links(std::string_view page) {
  static const std::regex kLink(R"(\]\(([^)\s]+)\))");
  std::vector<PageLink> found;
  int number = 0;
  for (const std::string& line : lines_outside(page)) {
    ++number;
    for (std::string& target : matches(line, kLink)) {
      found.push_back({.target = std::move(target), .line = number});
    }
  }
  return found;
}

std::vector<std::string> code_spans(std::string_view page) {
  static const std::regex kCode("`([^`]+)`");
  std::vector<std::string> found;
  for (const std::string& line : lines_outside(page)) {
    for (std::string& code : matches(line, kCode)) {
      found.push_back(std::move(code));
    }
  }
  return found;
}

std::vector<std::string> anchors(std::string_view page) {
  static const std::regex kId("<[a-z]+ (?:id|name)=\"([^\"]+)\"");
  std::vector<std::string> found;
  for (const std::string& line : lines_outside(page)) {
    const std::size_t level = line.find_first_not_of('#');
    if (level != 0 && level != std::string::npos && line[level] == ' ') {
      std::string anchor = anchor_of(std::string_view(line).substr(level + 1));
      const auto same = std::ranges::count_if(found, [&](const std::string& other) {
        return other == anchor || other.starts_with(anchor + "-");
      });
      found.push_back(same == 0 ? anchor : anchor + "-" + std::to_string(same));
    }
    for (std::string& id : matches(line, kId)) {
      found.push_back(std::move(id));
    }
  }
  return found;
}

}  // namespace attune::testing
