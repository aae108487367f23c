#pragma once

namespace attune::testing {

/// How often a random test tries what it would try `times` times: a fifth of it where sanitizers
/// make every try ten times as slow.
constexpr int tries(int times) {
#ifdef __SANITIZE_ADDRESS__
  return times / 5;
#else
  return times;
#endif
}

}  // namespace attune::testing
