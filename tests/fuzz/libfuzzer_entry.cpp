#include <cstddef>
#include <cstdint>

#include "fuzz/survive.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)attune::fuzz::refused({reinterpret_cast<const char*>(data), size});
  return 0;
}
