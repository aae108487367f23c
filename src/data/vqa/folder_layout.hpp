#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace attune::data {

/// Files of one part.
struct VqaPartFiles {
  std::string dataset = {};      ///< as `mscoco`
  std::string part = {};         ///< as `train2014`
  std::string questions = {};    ///< path
  std::string annotations = {};  ///< path, whether it is there or not
};

/// Files of a data set.
struct VqaFiles {
  VqaPartFiles train = {};
  VqaPartFiles validation = {};
  std::optional<VqaPartFiles> test = {};
};

/// Looks for the files of questions as read_vqa_dataset() says. @throws FileError  also where a
/// part could be either of two
[[nodiscard]] VqaFiles find_vqa_files(const std::string& folder);

/// Files of regions by the ids of their pictures.
using RegionFiles = std::unordered_map<std::int64_t, std::string>;

/// The folder of a part's regions and what is in it. @throws FileError  no such folder; a picture
/// that two files are of
class RegionFolder {
 public:
  RegionFolder(const std::string& folder, const std::string& part);

  /// @throws FileError  there is none; says how it would be called
  [[nodiscard]] const std::string& file(std::int64_t image) const;

 private:
  std::string path_;
  RegionFiles files_;
};

}  // namespace attune::data
