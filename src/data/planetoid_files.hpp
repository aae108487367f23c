#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace attune::data {

/// Parts of a Planetoid set, ascending: the files are `ind.NAME.PART`.
inline constexpr std::array<std::string_view, 8> kPlanetoidParts{
    "allx", "ally", "graph", "test.index", "tx", "ty", "x", "y"};

/// Where Zhilin Yang publishes them, without a slash at the end.
inline constexpr std::string_view kPlanetoidUrl =
    "https://raw.githubusercontent.com/kimiyoung/planetoid/master/data";

/// A file as published.
struct PublishedFile {
  std::string_view part;
  std::int64_t bytes;
  std::string_view sha256;
};

struct PublishedPlanetoid {
  std::string_view name;
  std::string_view summary;
  std::array<PublishedFile, 8> files;  ///< in the order of kPlanetoidParts
};

extern const std::array<PublishedPlanetoid, 3> kPublishedPlanetoid;

/// Null where the name is none of cora, citeseer and pubmed.
[[nodiscard]] const PublishedPlanetoid* find_published_planetoid(std::string_view name);

/// `ind.NAME.PART`
[[nodiscard]] std::string planetoid_file_name(std::string_view name, std::string_view part);

}  // namespace attune::data
