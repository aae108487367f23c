#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attune::data {

/// Tokens and their numbers, 0 to size() - 1.
class Vocabulary {
 public:
  Vocabulary() = default;
  /// @param tokens  an empty one stands for a number without a token
  /// @throws InvalidArgument  a token that comes twice
  explicit Vocabulary(std::vector<std::string> tokens);

  /// Numbers, those without a token included.
  [[nodiscard]] std::int32_t size() const noexcept {
    return static_cast<std::int32_t>(tokens_.size());
  }
  /// @throws InvalidArgument  an id outside [0, size())
  [[nodiscard]] const std::string& token(std::int32_t id) const;
  /// Number of a token; none: there is no such token.
  [[nodiscard]] std::optional<std::int32_t> find(std::string_view token) const;
  /// By number, [size()].
  [[nodiscard]] const std::vector<std::string>& tokens() const noexcept { return tokens_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept {
      return std::hash<std::string_view>{}(s);
    }
  };

  std::vector<std::string> tokens_;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> ids_;
};

/// vocab.txt: a token a line, the first is number 0.
/// @throws FileError  with the line: not UTF-8, a token that comes twice; no token at all
[[nodiscard]] Vocabulary load_vocab_txt(const std::string& path);

/// vocab.json: an object from token to number; the numbers are 0 to its size - 1.
/// @throws FileError  not such an object; names the token
[[nodiscard]] Vocabulary load_vocab_json(const std::string& path);

/// @throws InvalidArgument  a token that vocab.txt cannot hold, one with a line feed
void save_vocab_txt(const std::string& path, const Vocabulary& vocabulary);

}  // namespace attune::data
