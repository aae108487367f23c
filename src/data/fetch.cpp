#include <filesystem>
#include <string_view>
#include <system_error>

#include "data/download.hpp"
#include "data/planetoid_files.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>
#include <attune/data/fetch.hpp>

namespace attune::data {

using core::text;

namespace {

const PublishedPlanetoid& published(const std::string& name) {
  if (const PublishedPlanetoid* found = find_published_planetoid(name)) {
    return *found;
  }
  std::vector<std::string> known;
  for (const PublishedPlanetoid& set : kPublishedPlanetoid) {
    known.emplace_back(set.name);
  }
  throw InvalidArgument(
      text("fetch: no data set \"", name, "\" is published", core::suggestion(name, known)));
}

/// Whether the file is in place as published.
bool in_place(const std::string& path, const PublishedFile& file) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) != static_cast<std::uintmax_t>(file.bytes) || error) {
    return false;
  }
  return core::sha256(core::read_file(path, file.bytes)) == file.sha256;
}

std::string obtain(const std::string& source, std::int64_t max_bytes) {
  const bool is_url = source.find("://") != std::string::npos;
  return is_url ? download(source, max_bytes) : core::read_file(source, max_bytes);
}

std::string obtain_checked(const std::string& source, const PublishedFile& file,
                           const std::string& target) {
  std::string bytes;
  try {
    bytes = obtain(source, file.bytes);
  } catch (const FileError& error) {
    const std::string_view reason = std::string_view(error.what()).substr(source.size() + 2);
    throw FileError(source, text(reason, "; to fetch it by hand, save it as ", target));
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
  const PublishedPlanetoid& set = published(name);
  const std::string base(base_url.empty() ? kPlanetoidUrl : std::string_view(base_url));
  const std::string folder = text(target_dir.empty() ? "." : target_dir, "/planetoid");
  std::vector<FetchedFile> fetched;
  for (const PublishedFile& file : set.files) {
    const std::string file_name = planetoid_file_name(name, file.part);
    const std::string target = text(folder, "/", file_name);
    const bool keep = in_place(target, file);
    if (!keep) {
      const std::string source = text(base, base.back() == '/' ? "" : "/", file_name);
      const std::string bytes = obtain_checked(source, file, target);
      make_folder(folder);
      core::write_file_atomically(target, bytes);
    }
    fetched.push_back({.path = target, .bytes = file.bytes, .downloaded = !keep});
  }
  return fetched;
}

}  // namespace attune::data
