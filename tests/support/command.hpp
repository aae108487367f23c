#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace attune::testing {

struct CommandOutcome {
  int status = 0;  ///< exit status, or 128 + the signal that ended it
  std::string out;
  std::string err;
};

struct CommandOptions {
  std::string data = {};    ///< $ATTUNE_DATA; empty: unset
  std::string folder = {};  ///< working directory; empty: a new empty one
  int kill_signal = 0;      ///< sent after `kill_after`, unless 0
  std::chrono::milliseconds kill_after{0};
};

/// Runs the `attune` command that was built beside the tests, without a shell.
CommandOutcome run_attune(const std::vector<std::string>& arguments,
                          const CommandOptions& options = {});

/// Runs a script in `/bin/sh -eu`, which finds that command as `attune`.
CommandOutcome run_shell(const std::string& script, const CommandOptions& options = {});

}  // namespace attune::testing
