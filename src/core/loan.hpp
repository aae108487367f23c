#pragma once

#include <functional>

namespace attune::core {

/// Elements that the next Storage made on this thread takes in place of the pool's.
struct Loan {
  void* elements;
  std::function<void()> release;
};

/// Null where there is none, as nearly always.
[[nodiscard]] Loan* offered_loan() noexcept;

/// @param borrower  whoever will call end_loan()
/// @return          the elements
[[nodiscard]] void* accept_loan(Loan& loan, const void* borrower);

/// Calls the release function of a loan that was accepted.
void end_loan(const void* borrower) noexcept;

}  // namespace attune::core
