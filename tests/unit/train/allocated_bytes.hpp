#pragma once

#include <cstdint>

#include <attune/core/function_ref.hpp>

namespace attune::testing {

/// What `f` takes from operator new, in a program that counts.
[[nodiscard]] std::int64_t allocated_bytes(core::FunctionRef<void()> f);

}  // namespace attune::testing
