#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace attune::core {

/// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  /// What was moved from takes assignment and destruction alone.
  Sha256(Sha256&&) noexcept;
  /// As above.
  Sha256& operator=(Sha256&&) noexcept;

  /// Takes the next piece.
  void update(std::span<const std::byte> bytes);
  /// Takes the next piece.
  void update(std::string_view bytes);

  /// 64 lower-case hexadecimal digits of all that came so far; more may follow.
  [[nodiscard]] std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view bytes);

}  // namespace attune::core
