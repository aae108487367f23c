#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune::data {

/// One file of a data set, as fetch_dataset() left it.
struct FetchedFile {
  std::string path;         ///< where it is now
  std::int64_t bytes = 0;   ///< its size
  bool downloaded = false;  ///< false: it was there already, with the right checksum
};

/// Brings the files of a published data set (one that known_datasets() calls fetchable) to the
/// folder below TARGET_DIR where load_dataset() finds them. A file that is there and has the
/// published SHA-256 is left alone, so that an interrupted fetch continues where it stopped. Every
/// other one is downloaded, checked, and only then put in place: whatever happens, no partial or
/// wrong file is left.
///
/// @param target_dir  made where it does not exist
/// @param base_url    folder that holds the files: https://, http:// or file://, or the path of a
///                    local folder; empty for the public origin
/// @throws InvalidArgument  not a data set that is published; says which are
/// @throws FileError        a transfer that fails (names the URL and the folder to put the file in
///                          by hand), another SHA-256 than expected (names both), or a target that
///                          cannot be written
std::vector<FetchedFile> fetch_dataset(const std::string& name, const std::string& target_dir,
                                       const std::string& base_url = {});

}  // namespace attune::data
