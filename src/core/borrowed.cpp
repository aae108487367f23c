#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "core/loan.hpp"
#include <attune/core/borrowed.hpp>
#include <attune/core/error.hpp>

namespace attune::core {

namespace {

constexpr std::uintptr_t kAlignment = 64;  // of the pool's blocks

struct Loans {
  std::mutex mutex;
  std::unordered_map<const void*, std::function<void()>> release;  // by borrower
};

// Never destroyed, as the pool is not: tensors with static storage may be released after it.
Loans& loans() {
  static Loans* const instance = new Loans;
  return *instance;
}

thread_local Loan* offered = nullptr;

// Offers a loan for a scope.
class Offer {
 public:
  explicit Offer(Loan& loan) noexcept { offered = &loan; }
  ~Offer() { offered = nullptr; }
  Offer(const Offer&) = delete;
  Offer& operator=(const Offer&) = delete;
};

}  // namespace

Loan* offered_loan() noexcept {
  return offered;
}

void* accept_loan(Loan& loan, const void* borrower) {
  Loans& all = loans();
  const std::lock_guard lock(all.mutex);
  all.release.emplace(borrower, std::move(loan.release));
  return loan.elements;
}

void end_loan(const void* borrower) noexcept {
  Loans& all = loans();
  std::function<void()> release;
  {
    const std::lock_guard lock(all.mutex);
    const auto found = all.release.find(borrower);
    release = std::move(found->second);
    all.release.erase(found);
  }
  if (release) {
    release();
  }
}

Tensor borrow(const void* elements, const Shape& shape, DType dtype,
              std::function<void()> release) {
  if (elements == nullptr || reinterpret_cast<std::uintptr_t>(elements) % kAlignment != 0) {
    throw InvalidArgument("borrow: elements must be aligned to 64 bytes");
  }
  Loan loan{.elements = const_cast<void*>(elements), .release = std::move(release)};
  const Offer offer(loan);
  return Tensor::empty(shape, dtype);
}

}  // namespace attune::core
