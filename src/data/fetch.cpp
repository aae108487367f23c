#include <filesystem>
#include <string_view>
#include <system_error>

#include "data/download.hpp"
#include "data/planetoid_files.hpp"
#include "data/published_npz.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>
#include <attune/data/fetch.hpp>
#include <attune/data/registry.hpp>

namespace attune::data {

using core::text;

namespace {

/// A file to bring: where from, where to, and what it must be.
struct Wanted {
  std::string file_name;  // at the origin
  std::string target;
  std::int64_t bytes;
  std::string_view sha256;
};

struct Origin {
  std::string url;
  std::vector<Wanted> files;
};

Origin origin_of(const std::string& name, const std::string& target_dir) {
  const std::string folder = target_dir.empty() ? "." : target_dir;
  if (const PublishedPlanetoid* set = find_published_planetoid(name)) {
    Origin origin{.url = std::string(kPlanetoidUrl), .files = {}};
    for (const PublishedFile& file : set->files) {
      const std::string file_name = planetoid_file_name(name, file.part);
      origin.files.push_back(
          {file_name, text(folder, "/planetoid/", file_name), file.bytes, file.sha256});
    }
    return origin;
  }
  if (const PublishedNpz* set = find_published_npz(name)) {
    return {.url = std::string(set->url),
            .files = {{set->file_name(), text(folder, "/", set->file), set->bytes, set->sha256}}};
  }
  std::vector<std::string> known;
  for (const KnownDataset& dataset : known_datasets()) {
    if (dataset.fetchable) {
      known.push_back(dataset.name);
    }
  }
  throw InvalidArgument(
      text("fetch: no data set \"", name, "\" is published", core::suggestion(name, known)));
}

/// Whether the file is in place as published.
bool in_place(const Wanted& file) {
  std::error_code error;
  if (std::filesystem::file_size(file.target, error) != static_cast<std::uintmax_t>(file.bytes) ||
      error) {
    return false;
  }
  return core::sha256(core::read_file(file.target, file.bytes)) == file.sha256;
}

std::string obtain(const std::string& source, std::int64_t max_bytes) {
  const bool is_url = source.find("://") != std::string::npos;
  return is_url ? download(source, max_bytes) : core::read_file(source, max_bytes);
}

std::string obtain_checked(const std::string& source, const Wanted& file) {
  std::string bytes;
  try {
    bytes = obtain(source, file.bytes);
  } catch (const FileError& error) {
    const std::string_view reason = std::string_view(error.what()).substr(source.size() + 2);
    throw FileError(source, text(reason, "; to fetch it by hand, save it as ", file.target));
  }
  const std::string sha256 = core::sha256(bytes);
  if (sha256 != file.sha256) {
    throw FileError(
        source, text("expected SHA-256 ", file.sha256, " (", file.bytes, " bytes), found ", sha256,
                     " (", bytes.size(), " bytes); nothing was written"));
  }
  return bytes;
}

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw FileError(folder, text("cannot create the folder: ", error.message()));
  }
}

}  // namespace

std::vector<FetchedFile> fetch_dataset(const std::string& name, const std::string& target_dir,
                                       const std::string& base_url) {
  const Origin origin = origin_of(name, target_dir);
  const std::string base = base_url.empty() ? origin.url : base_url;
  std::vector<FetchedFile> fetched;
  for (const Wanted& file : origin.files) {
    const bool keep = in_place(file);
    if (!keep) {
      const std::string source = text(base, base.back() == '/' ? "" : "/", file.file_name);
      const std::string bytes = obtain_checked(source, file);
      make_folder(std::filesystem::path(file.target).parent_path().string());
      core::write_file_atomically(file.target, bytes);
    }
    fetched.push_back({.path = file.target, .bytes = file.bytes, .downloaded = !keep});
  }
  return fetched;
}

}  // namespace attune::data
