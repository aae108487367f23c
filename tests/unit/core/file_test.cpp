#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>

namespace {

using attune::FileError;
using attune::core::read_file;
using attune::core::write_file_atomically;
using attune::testing::slurp;
using attune::testing::TemporaryFolder;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

/// While it lives no file of this process may grow beyond `bytes`: as on a full disk, a write first
/// comes back short and then fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("read_file: returns every byte", "[core][file]") {
  const TemporaryFolder folder;
  const std::string content("a\0b\r\n\xFF", 6);
  const std::string path = folder.write("file", content);
  CHECK(read_file(path, 6) == content);
  CHECK(read_file(folder.write("empty", ""), 0).empty());
}

TEST_CASE("read_file: refuses what is missing, too large or no regular file", "[core][file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "1234567");
  CHECK_THROWS_WITH(read_file(path, 6), path + ": expected at most 6 bytes, found 7");
  CHECK_THROWS_WITH(read_file(folder.path("none"), 6), Contains("No such file"));
  CHECK_THROWS_WITH(read_file(folder.path(), 6), Contains("found a folder"));
  const std::string pipe = folder.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_AS(read_file(pipe, 6), FileError);  // and does not wait for a writer
  CHECK_THROWS_AS(read_file("/dev/zero", 6), FileError);
}

TEST_CASE("write_file_atomically: creates and replaces, leaving nothing beside", "[core][file]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("result.json");
  write_file_atomically(path, "first");
  CHECK(slurp(path) == "first");
  write_file_atomically(path, "");
  CHECK(slurp(path).empty());
  CHECK(folder.files() == std::vector<std::string>{"result.json"});
}

TEST_CASE("write_file_atomically: keeps permissions and symbolic links", "[core][file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("real", "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("real", folder.path("link"));
  write_file_atomically(folder.path("link"), "new");
  CHECK(fs::is_symlink(folder.path("link")));
  CHECK(slurp(path) == "new");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("write_file_atomically: a full disk leaves the old content and no temporary",
          "[core][file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("result.json", "old");
  const std::string large(10000, 'x');
  std::string message;
  {
    const FileSizeLimit limit(4096);
    try {
      write_file_atomically(path, large);
    } catch (const FileError& error) {
      message = error.what();
    }
  }
  CHECK_THAT(message, Contains(path) && Contains("cannot write"));
  CHECK(slurp(path) == "old");
  CHECK(folder.files() == std::vector<std::string>{"result.json"});
}

TEST_CASE("write_file_atomically: refuses folders and folders that do not exist", "[core][file]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(write_file_atomically(folder.path(), "x"), Contains("found a folder"));
  CHECK_THROWS_WITH(write_file_atomically(folder.path("a/b"), "x"), Contains("No such file"));
  CHECK_FALSE(fs::exists(folder.path("a")));
}

TEST_CASE("write_file_atomically: writes through to a device", "[core][file]") {
  CHECK_NOTHROW(write_file_atomically("/dev/null", "x"));
  CHECK(fs::is_character_file("/dev/null"));
  CHECK_THROWS_WITH(write_file_atomically("/dev/full", "x"), Contains("No space left"));
}
