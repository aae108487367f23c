#include "support/command.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

// In the child: never returns.
[[noreturn]] void become_attune(const std::vector<std::string>& arguments,
                                const CommandOptions& options, const std::string& folder,
                                const std::string& out, const std::string& err) {
  const int out_file = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_file = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(out_file, STDOUT_FILENO);
  ::dup2(err_file, STDERR_FILENO);
  if (options.data.empty()) {
    ::unsetenv("ATTUNE_DATA");
  } else {
    ::setenv("ATTUNE_DATA", options.data.c_str(), 1);
  }
  ::setenv("XDG_CACHE_HOME", folder.c_str(), 1);
  std::vector<char*> argv;
  std::string name = "attune";
  argv.push_back(name.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  if (::chdir(folder.c_str()) == 0) {
    ::execv(ATTUNE_COMMAND, argv.data());
  }
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

CommandOutcome run_attune(const std::vector<std::string>& arguments,
                          const CommandOptions& options) {
  const TemporaryFolder temporary;
  const std::string out = temporary.path("out.txt");
  const std::string err = temporary.path("err.txt");
  const TemporaryFolder working;
  const std::string folder = options.folder.empty() ? working.path() : options.folder;
  const pid_t child = ::fork();
  if (child < 0) {
    throw std::runtime_error("run_attune: fork failed");
  }
  if (child == 0) {
    become_attune(arguments, options, folder, out, err);
  }
  if (options.kill_signal != 0) {
    std::this_thread::sleep_for(options.kill_after);
    ::kill(child, options.kill_signal);
  }
  const int status = wait_for(child);
  return {status, slurp(out), slurp(err)};
}

}  // namespace attune::testing
