#include "data/vqa/folder_layout.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "data/folders.hpp"
#include "data/quoted.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;
namespace fs = std::filesystem;

namespace {

/// Names of what is in a folder, ascending; none where there is no such folder.
std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

/// What a file of questions is called, taken apart; nothing for another name.
std::optional<VqaPartFiles> part_of(const std::string& folder, const std::string& name) {
  constexpr std::string_view kSuffix = "_questions.json";
  std::string_view rest = name;
  const std::string_view version = rest.starts_with("v2_") ? rest.substr(0, 3) : rest.substr(0, 0);
  rest.remove_prefix(version.size());
  constexpr std::string_view kKind = "OpenEnded_";
  if (!rest.starts_with(kKind) || !rest.ends_with(kSuffix) ||
      rest.size() <= kKind.size() + kSuffix.size()) {
    return std::nullopt;
  }
  rest = rest.substr(kKind.size(), rest.size() - kKind.size() - kSuffix.size());
  const std::size_t bar = rest.rfind('_');
  if (bar == std::string_view::npos) {
    return std::nullopt;
  }
  return VqaPartFiles{.dataset = std::string(rest.substr(0, bar)),
                      .part = std::string(rest.substr(bar + 1)),
                      .questions = text(folder, "/", name),
                      .annotations = text(folder, "/", version, rest, "_annotations.json")};
}

std::vector<VqaPartFiles> all_parts(const std::string& folder) {
  for (const char* below : {"", "/raw", "/vqa"}) {
    std::vector<VqaPartFiles> parts;
    for (const std::string& name : names_in(folder + below)) {
      if (std::optional<VqaPartFiles> part = part_of(folder + below, name)) {
        parts.push_back(std::move(*part));
      }
    }
    if (!parts.empty()) {
      return parts;
    }
  }
  throw FileError(folder, text("expected v2_OpenEnded_NAME_PART_questions.json, in the folder, in "
                               "raw or in vqa, found none"));
}

/// The part whose name begins so; none where none does.
std::optional<VqaPartFiles> only_part(const std::string& folder,
                                      const std::vector<VqaPartFiles>& parts,
                                      std::string_view begin) {
  std::optional<VqaPartFiles> found;
  for (const VqaPartFiles& part : parts) {
    if (!part.part.starts_with(begin)) {
      continue;
    }
    if (found) {
      throw FileError(folder, text("expected one part ", begin, "*, found ",
                                   data::quoted(found->dataset + "_" + found->part), " and ",
                                   data::quoted(part.dataset + "_" + part.part)));
    }
    found = part;
  }
  return found;
}

VqaPartFiles required_part(const std::string& folder, const std::vector<VqaPartFiles>& parts,
                           std::string_view begin) {
  std::optional<VqaPartFiles> found = only_part(folder, parts, begin);
  if (!found) {
    throw FileError(folder, text("expected questions of a part ", begin, "*, as ",
                                 parts.front().dataset, "_", begin, ", found none"));
  }
  return *found;
}

/// 9 of COCO_train2014_000000000009.jpg.npz; nothing for another name.
std::optional<std::int64_t> image_of(std::string_view name) {
  if (!name.ends_with(".npz")) {
    return std::nullopt;
  }
  const std::size_t bar = name.rfind('_');
  name.remove_prefix(bar == std::string_view::npos ? 0 : bar + 1);
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  const bool whole = error == std::errc() && end != name.data() + name.size() && *end == '.';
  return whole && id >= 0 ? std::optional(id) : std::nullopt;
}

/// Where the regions of a part may be.
std::vector<std::string> region_folders(const std::string& folder, const std::string& part) {
  constexpr std::string_view kDev = "test-dev";
  std::vector<std::string> folders;
  for (const char* below : {"/", "/feats/", "/coco_extract/"}) {
    folders.push_back(folder + below + part);
    if (part.starts_with(kDev)) {  // a selection of the questions of all of test
      folders.push_back(text(folder, below, "test", part.substr(kDev.size())));
    }
  }
  return folders;
}

}  // namespace

VqaFiles find_vqa_files(const std::string& folder) {
  require_folder(folder);
  const std::vector<VqaPartFiles> parts = all_parts(folder);
  VqaFiles files{.train = required_part(folder, parts, "train"),
                 .validation = required_part(folder, parts, "val"),
                 .test = only_part(folder, parts, "test-dev")};
  if (!files.test) {
    files.test = only_part(folder, parts, "test");
  }
  return files;
}

RegionFolder::RegionFolder(const std::string& folder, const std::string& part) {
  const std::vector<std::string> places = region_folders(folder, part);
  const auto place = std::ranges::find_if(places, exists);
  if (place == places.end()) {
    throw FileError(folder, text("expected regions of the pictures of ", data::quoted(part),
                                 " in one of ", join(places), ", found none"));
  }
  path_ = *place;
  for (const std::string& name : names_in(path_)) {
    const std::optional<std::int64_t> image = image_of(name);
    if (!image) {
      continue;
    }
    const auto [file, added] = files_.emplace(*image, text(path_, "/", name));
    if (!added) {
      throw FileError(path_, text("expected one file of picture ", *image, ", found ",
                                  data::quoted(file->second), " and ", data::quoted(name)));
    }
  }
}

const std::string& RegionFolder::file(std::int64_t image) const {
  const auto found = files_.find(image);
  if (found == files_.end()) {
    throw FileError(path_, text("expected regions of picture ", image, " in a file *_", image,
                                ".npz, found none among those of ", files_.size(), " pictures"));
  }
  return found->second;
}

}  // namespace attune::data
