#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>

namespace attune::core {

namespace {

[[noreturn]] void fail(const std::string& path, const char* action, int error) {
  throw FileError(path, text(action, ": ", std::generic_category().message(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool open() const noexcept { return number_ >= 0; }

  /// Errors of delayed writes surface here on network file systems, so close() is checked too.
  [[nodiscard]] int close() noexcept { return ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

/// Removes the file it names unless told that it has become the target.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) {}
  ~Temporary() {
    if (!path_.empty()) {
      ::unlink(path_.c_str());
    }
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  [[nodiscard]] const char* path() const noexcept { return path_.c_str(); }
  void renamed() noexcept { path_.clear(); }

 private:
  std::string path_;
};

void write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      fail(path, "cannot write", errno);
    }
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

/// A name beside the target that no other thread or process uses.
std::string temporary_name(const std::string& target) {
  static std::atomic<unsigned> counter{0};
  return text(target, ".", ::getpid(), "-", counter.fetch_add(1), ".partial");
}

int create_temporary(const std::string& name, mode_t mode) {
  int descriptor = -1;
  do {
    descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

void write_directly(const std::string& path, std::string_view bytes) {
  Descriptor target(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!target.open()) {
    fail(path, "cannot open for writing", errno);
  }
  write_all(target.number(), bytes, path);
}

void sync_folder(const std::string& target) {
  const std::string folder = std::filesystem::path(target).parent_path().string();
  const Descriptor descriptor(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: a file system that cannot sync a folder, where the rename is all there is.
  if (!descriptor.open() || (::fsync(descriptor.number()) != 0 && errno != EINVAL)) {
    fail(target, "cannot sync its folder", errno);
  }
}

void replace(const std::string& target, std::string_view bytes, mode_t mode) {
  const std::string name = temporary_name(target);
  Descriptor descriptor(create_temporary(name, mode));
  if (!descriptor.open()) {
    fail(target, "cannot create a file beside it", errno);
  }
  Temporary temporary(name);
  write_all(descriptor.number(), bytes, target);
  if (::fsync(descriptor.number()) != 0) {
    fail(target, "cannot sync", errno);
  }
  if (descriptor.close() != 0) {
    fail(target, "cannot close", errno);
  }
  if (::rename(temporary.path(), target.c_str()) != 0) {
    fail(target, "cannot rename onto it", errno);
  }
  temporary.renamed();
  sync_folder(target);
}

}  // namespace

std::string read_file(const std::string& path, std::int64_t max_bytes) {
  // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) {
    fail(path, "cannot open", errno);
  }
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) {
    fail(path, "cannot examine", errno);
  }
  if (!S_ISREG(status.st_mode)) {
    throw FileError(path, S_ISDIR(status.st_mode) ? "expected a regular file, found a folder"
                                                  : "expected a regular file");
  }
  if (status.st_size > max_bytes) {
    throw FileError(path, text("expected at most ", max_bytes, " bytes, found ", status.st_size));
  }
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(file.number(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno != EINTR) {
      fail(path, "cannot read", errno);
    }
    if (got == 0) {
      throw FileError(path, text("expected ", status.st_size, " bytes, found ", filled));
    }
    filled += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return content;
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const mode_t readable_by_all = 0666;  // less the umask
    return replace(path, bytes, readable_by_all);
  }
  if (S_ISDIR(status.st_mode)) {
    throw FileError(path, "expected a file to write, found a folder");
  }
  if (!S_ISREG(status.st_mode)) {
    return write_directly(path, bytes);
  }
  std::error_code error;
  const std::string target = std::filesystem::canonical(path, error).string();
  if (error) {
    fail(path, "cannot resolve", error.value());
  }
  replace(target, bytes, status.st_mode & 0777);
}

}  // namespace attune::core
