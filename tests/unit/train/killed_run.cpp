// Trains the toy task, saving after every epoch, or continues what it finds; prints the result. A
// test kills it again and again.
#include <cstdio>
#include <exception>

#include "toy_run.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: killed_run FOLDER\n", stderr);
    return 2;
  }
  try {
    const attune::train::FitResult result = attune::testing::toy_run(argv[1]);
    std::printf("%s %lld %lld\n", result.weights_sha256.c_str(),
                static_cast<long long>(result.epochs), static_cast<long long>(result.best_epoch));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
