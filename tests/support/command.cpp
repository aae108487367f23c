#include "support/command.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

// In the child: never returns. The first argument is the program's own name.
[[noreturn]] void become(const char* program, std::vector<std::string> arguments,
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
  const std::string commands = std::filesystem::path(ATTUNE_COMMAND).parent_path().string();
  const char* path = std::getenv("PATH");
  ::setenv("PATH", (commands + ":" + (path == nullptr ? "" : path)).c_str(), 1);
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  if (::chdir(folder.c_str()) == 0) {
    ::execv(program, argv.data());
  }
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

CommandOutcome run(const char* program, const std::vector<std::string>& arguments,
                   const CommandOptions& options) {
  const TemporaryFolder temporary;
  const std::string out = temporary.path("out.txt");
  const std::string err = temporary.path("err.txt");
  const TemporaryFolder working;
  const std::string folder = options.folder.empty() ? working.path() : options.folder;
  const pid_t child = ::fork();
  if (child < 0) {
    throw std::runtime_error("command: fork failed");
  }
  if (child == 0) {
    become(program, arguments, options, folder, out, err);
  }
  if (options.kill_signal != 0) {
    std::this_thread::sleep_for(options.kill_after);
    ::kill(child, options.kill_signal);
  }
  const int status = wait_for(child);
  return {status, slurp(out), slurp(err)};
}

}  // namespace

CommandOutcome run_attune(const std::vector<std::string>& arguments,
                          const CommandOptions& options) {
  std::vector<std::string> all{"attune"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(ATTUNE_COMMAND, all, options);
}

CommandOutcome run_shell(const std::string& script, const CommandOptions& options) {
  return run("/bin/sh", {"sh", "-eu", "-c", script}, options);
}

}  // namespace attune::testing
