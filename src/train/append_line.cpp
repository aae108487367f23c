#include "train/append_line.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::train {

namespace {

[[noreturn]] void fail(const std::string& path, const char* action, int error) {
  throw FileError(path, core::text(action, ": ", std::generic_category().message(error)));
}

void write_line(int descriptor, const std::string& line, const std::string& path) {
  const std::string whole = line + '\n';
  const ssize_t written = ::write(descriptor, whole.data(), whole.size());
  if (written < 0) {
    fail(path, "cannot append", errno);
  }
  if (static_cast<std::size_t>(written) != whole.size()) {
    throw FileError(path, core::text("cannot append: only ", written, " of ", whole.size(),
                                     " bytes were written"));
  }
}

}  // namespace

void append_line(const std::string& path, const std::string& line) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    fail(path, "cannot open for appending", errno);
  }
  try {
    if (!line.empty()) {
      write_line(descriptor, line, path);
    }
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  if (::close(descriptor) != 0) {
    fail(path, "cannot close", errno);
  }
}

}  // namespace attune::train
