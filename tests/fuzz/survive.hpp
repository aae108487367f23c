#pragma once

#include <string_view>

#include "fuzz/target.hpp"
#include <attune/core/error.hpp>

namespace attune::fuzz {

/// @return  whether the input was refused
inline bool refused(std::string_view input) {
  try {
    run(input);
  } catch (const Error&) {
    return true;
  }
  return false;
}

}  // namespace attune::fuzz
