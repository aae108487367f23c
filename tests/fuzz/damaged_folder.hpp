#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary_folder.hpp"

namespace attune::fuzz {

/// A folder of valid files, one of which an input replaces: its first byte says which, the others
/// are the content.
class DamagedFolder {
 public:
  using Files = std::map<std::string, std::string>;

  explicit DamagedFolder(Files files);

  /// Runs `load(name of the damaged file)` on the folder, and repairs it.
  template <class Load>
  void run(std::string_view input, const Load& load) {
    if (input.empty()) {
      return;
    }
    const auto damaged = std::next(files_.begin(), static_cast<unsigned char>(input[0]) %
                                                       static_cast<std::ptrdiff_t>(files_.size()));
    const Repair repair{folder_, damaged->first, damaged->second};
    folder_.write(damaged->first, input.substr(1));
    load(damaged->first);
  }

  [[nodiscard]] const std::string& path() const noexcept { return folder_.path(); }

  /// The files of a committed folder.
  [[nodiscard]] static Files files_in(const std::string& path);

  /// Each file as it is.
  [[nodiscard]] static std::vector<std::string> seeds(const Files& files);

 private:
  struct Repair {
    const testing::TemporaryFolder& folder;
    const std::string& name;
    const std::string& content;
    ~Repair() { folder.write(name, content); }
  };

  Files files_;
  testing::TemporaryFolder folder_;
};

}  // namespace attune::fuzz
