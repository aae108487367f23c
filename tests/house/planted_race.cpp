// Two threads add to one number unguarded. Built with ThreadSanitizer alone, which must report it:
// a detector that finds nothing here would find nothing anywhere.
#include <cstdint>
#include <cstdio>

#include <attune/core/parallel.hpp>

int main() {
  std::int64_t sum = 0;
  attune::core::with_threads(
      2, [&] { attune::core::parallel_tasks(100000, [&](std::int64_t i) { sum += i; }); });
  std::printf("%lld\n", static_cast<long long>(sum));
}
