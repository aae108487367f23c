#include <array>
#include <filesystem>

#include "data/planetoid_files.hpp"
#include "data/planetoid_parts.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/planetoid.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{256} << 20U;

[[noreturn]] void fail_missing(const std::string& path, const std::string& name,
                               std::string_view part) {
  const PublishedPlanetoid* published = find_published_planetoid(name);
  if (published == nullptr) {
    throw FileError(path, "missing");
  }
  for (const PublishedFile& file : published->files) {
    if (file.part == part) {
      throw FileError(path,
                      text("missing; its public address is ", kPlanetoidUrl, "/",
                           planetoid_file_name(name, part), " (", file.bytes, " bytes, SHA-256 ",
                           file.sha256, "); `attune datasets fetch ", name, "` downloads the set"));
    }
  }
  throw FileError(path, "missing");
}

/// The files of a set as they lie in a folder.
class Folder {
 public:
  Folder(const std::string& folder, const std::string& name) : folder_(folder), name_(name) {}

  [[nodiscard]] std::string path(std::string_view part) const {
    return text(folder_, "/", planetoid_file_name(name_, part));
  }

  /// Every part is looked for before the first is read, so that what is missing is said at once.
  void require_all() const {
    for (const std::string_view part : kPlanetoidParts) {
      std::error_code ignored;
      if (!std::filesystem::exists(path(part), ignored)) {
        fail_missing(path(part), name_, part);
      }
    }
  }

  /// Reads and parses a part, and takes its bytes into the digest.
  template <class Parse>
  auto read(std::string_view part, Parse parse) {
    const std::string bytes = core::read_file(path(part), kMaxFileBytes);
    digest_.update(bytes);
    return parse(bytes, path(part));
  }

  [[nodiscard]] std::string sha256() const { return digest_.hex(); }

 private:
  const std::string& folder_;
  const std::string& name_;
  core::Sha256 digest_;
};

}  // namespace

NodeDataset load_planetoid(const std::string& folder, const std::string& name) {
  Folder files(folder, name);
  files.require_all();
  PlanetoidParts parts;
  // In the order of their names, which is that of the digest.
  parts.allx = files.read("allx", parse_feature_rows);
  parts.ally = files.read("ally", parse_label_rows);
  parts.graph = files.read("graph", parse_adjacency_lists);
  parts.test_index = files.read("test.index", parse_test_index);
  parts.tx = files.read("tx", parse_feature_rows);
  parts.ty = files.read("ty", parse_label_rows);
  parts.x = files.read("x", parse_feature_rows);
  parts.y = files.read("y", parse_label_rows);
  NodeDataset dataset = assemble_planetoid(parts, folder, name);
  dataset.splits = {dataset.split};
  dataset.split_name = "public";
  dataset.sha256 = files.sha256();
  dataset.source = text("Planetoid files in ", folder);
  return dataset;
}

}  // namespace attune::data
