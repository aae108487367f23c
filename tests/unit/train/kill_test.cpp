#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"
#include "toy_run.hpp"
#include <attune/core/random.hpp>

using attune::testing::slurp;
using attune::testing::TemporaryFolder;

namespace {

pid_t start(const std::string& folder, const std::string& output) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
  std::string program = ATTUNE_KILLED_RUN;
  std::string argument = folder;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  REQUIRE(error == 0);
  return child;
}

}  // namespace

TEST_CASE("checkpoint: a run killed at random moments ends as if never stopped",
          "[train][checkpoint]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  const std::string whole = folder.path("whole");
  const std::string output = folder.path("output");
  const auto expected = attune::testing::toy_run(whole);

  const attune::core::RandomStream random(1, attune::core::Purpose::generation);
  int kills = 0;
  std::int64_t reached = 0;
  for (std::uint64_t attempt = 0;; ++attempt) {
    const pid_t child = start(run, output);
    // The time that a process is given grows, so that the end is reached however slow it is.
    const auto most = 5000 + 1000 * attempt;
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(attempt, most)));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) {
      REQUIRE(WEXITSTATUS(status) == 0);
      break;
    }
    ++kills;
    if (attune::train::has_checkpoint(run)) {
      const std::int64_t epoch = attune::train::load_checkpoint(run).state.epoch;
      CHECK(epoch >= reached);  // never falls back
      reached = epoch;
    }
  }
  CAPTURE(kills);
  CHECK(kills >= 3);
  CHECK(slurp(output) == expected.weights_sha256 + " " + std::to_string(expected.epochs) + " " +
                             std::to_string(expected.best_epoch) + "\n");
}
