#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace attune::data {

/// A data set published as one .npz file.
struct PublishedNpz {
  std::string_view name;
  std::string_view file;  ///< below a data folder
  std::string_view url;   ///< of the folder that holds it, without a slash at the end
  std::int64_t bytes;
  std::string_view sha256;
  std::string_view summary;

  /// The last part of `file`.
  [[nodiscard]] std::string file_name() const {
    return std::string(file.substr(file.rfind('/') + 1));
  }
};

extern const std::array<PublishedNpz, 13> kPublishedNpz;

/// Null where the name is none of them.
[[nodiscard]] const PublishedNpz* find_published_npz(std::string_view name);

}  // namespace attune::data
