#include "data/vqa/new_folder.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;
namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  throw FileError(path, text(what, ": ", std::generic_category().message(error)));
}

}  // namespace

NewFolder::NewFolder(std::string path) : path_(std::move(path)) {
  std::error_code error;
  was_there_ = fs::exists(path_, error);
  if (was_there_ && !fs::is_directory(path_, error)) {
    throw FileError(path_, "expected a new or an empty folder, found a file");
  }
  if (was_there_ && !fs::is_empty(path_, error)) {
    throw FileError(path_, "expected a new or an empty folder, found one with something in it");
  }
  fs::create_directories(path_, error);
  if (error) {
    fail(path_, "cannot make the folder", error.value());
  }
}

NewFolder::~NewFolder() {
  if (kept_) {
    return;
  }
  std::error_code ignored;
  for (fs::directory_iterator entry(path_, ignored), end; entry != end;) {
    const fs::path one = entry->path();
    entry.increment(ignored);
    fs::remove_all(one, ignored);
  }
  if (!was_there_) {
    fs::remove(path_, ignored);
  }
}

void NewFolder::make(const std::string& name) const {
  std::error_code error;
  fs::create_directory(path_ + "/" + name, error);
  if (error) {
    fail(path_ + "/" + name, "cannot make the folder", error.value());
  }
}

void NewFolder::write(const std::string& name, std::string_view bytes) const {
  const std::string path = path_ + "/" + name;
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) {
    fail(path, "cannot write", errno);
  }
}

void NewFolder::sync(int (*how)(int)) const {
  const int folder = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    fail(path_, "cannot open", errno);
  }
  // EINVAL: a file system that cannot sync a folder, where the rename is all there is.
  const int failed = how(folder) == 0 || errno == EINVAL ? 0 : errno;
  ::close(folder);
  if (failed != 0) {
    fail(path_, "cannot sync", failed);
  }
}

void NewFolder::sync_files() const {
  // One call for thousands of small files, each of which would else wait for the disk.
  sync(::syncfs);
}

void NewFolder::sync_names() const {
  sync(::fsync);
}

GrowingFile::GrowingFile(std::string path)
    : path_(std::move(path)), partial_(path_ + ".partial"), out_(partial_, std::ios::binary) {
  if (!out_) {
    fail(path_, "cannot create a file beside it", errno);
  }
}

void GrowingFile::append(std::string_view bytes) {
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out_) {
    fail(path_, "cannot write", errno);
  }
}

void GrowingFile::close() {
  out_.close();
  if (!out_) {
    fail(path_, "cannot close", errno);
  }
}

void GrowingFile::take_name() const {
  std::error_code error;
  fs::rename(partial_, path_, error);
  if (error) {
    fail(path_, "cannot rename onto it", error.value());
  }
}

}  // namespace attune::data
