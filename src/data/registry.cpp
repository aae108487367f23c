#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "data/folders.hpp"
#include "data/planetoid_files.hpp"
#include "data/published_npz.hpp"
#include <attune/core/error.hpp>
#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>
#include <attune/data/generator.hpp>
#include <attune/data/graph_folder.hpp>
#include <attune/data/npz_dataset.hpp>
#include <attune/data/planetoid.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/split.hpp>
#include <attune/data/text_datasets.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::string_view kNpzEnding = ".npz";
constexpr std::string_view kGenerated = "citation-like";
constexpr std::string_view kPpi = "ppi";

struct GeomGcnSet {
  std::string_view name;
  std::string_view summary;
};
constexpr std::string_view kGeomGcn = "geom-gcn/";
constexpr std::array kGeomGcnSets{
    GeomGcnSet{"geom-gcn/texas", "texas in the text files of Pei et al., with their ten splits"},
    GeomGcnSet{"geom-gcn/wisconsin", "wisconsin likewise"},
    GeomGcnSet{"geom-gcn/film", "actor, called film, likewise"}};

bool is_geom_gcn(std::string_view name) {
  return std::any_of(kGeomGcnSets.begin(), kGeomGcnSets.end(),
                     [&](const GeomGcnSet& set) { return set.name == name; });
}

std::string geom_gcn_folder(std::string_view name) {
  return text("geom-gcn/new_data/", name.substr(kGeomGcn.size()));
}

bool is_generated(std::string_view name) {
  const std::string_view rest = name.substr(std::min(name.size(), kGenerated.size()));
  return name.substr(0, kGenerated.size()) == kGenerated && (rest.empty() || rest[0] == ':');
}

/// `citation-like` or `citation-like:N`.
NodeDataset generate(const std::string& name) {
  GeneratorOptions options;
  if (name.size() > kGenerated.size()) {
    const char* begin = name.data() + kGenerated.size() + 1;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(begin, end, options.num_nodes);
    if (error != std::errc() || stop != end) {
      throw InvalidArgument(
          text("data set \"", name, "\": expected citation-like:N with a number of nodes"));
    }
  }
  NodeDataset dataset = generate_citation_like(options);
  dataset.name = name;  // the name that gives the same graph again
  return dataset;
}

/// Value of an environment variable, empty where it is unset.
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::size_t count_files(const std::string& folder, const std::string& name) {
  std::size_t found = 0;
  for (const std::string_view part : kPlanetoidParts) {
    found += exists(text(folder, "/", planetoid_file_name(name, part))) ? 1U : 0U;
  }
  return found;
}

/// The folder to read a Planetoid set from, by the rule in the header.
std::string find_planetoid(const std::string& name, const std::string& data_dir) {
  require_folder(data_dir);
  const std::vector<std::string> folders = data_folders(data_dir);
  std::string incomplete;
  for (const std::string& folder : folders) {
    for (const std::string& place : {text(folder, "/planetoid"), folder}) {
      const std::size_t found = count_files(place, name);
      if (found == kPlanetoidParts.size() || (found > 0 && folder == data_dir)) {
        return place;
      }
      if (found > 0 && incomplete.empty()) {
        incomplete = place;
      }
    }
  }
  if (incomplete.empty()) {
    throw FileError(text("planetoid/", planetoid_file_name(name, kPlanetoidParts[0])),
                    text("not found in ", join(folders), "; `attune datasets fetch ", name,
                         "` downloads the set"));
  }
  return incomplete;  // the loader says what is missing
}

/// The path itself where it exists, else the first folder that has it.
std::string find_path(const std::string& path, const std::string& data_dir) {
  require_folder(data_dir);
  if (exists(path)) {
    return path;
  }
  const bool relative = path.front() != '/';
  const std::string place = relative ? find_in_folders(path, data_dir) : "";
  if (place.empty()) {
    throw FileError(
        path, relative ? text("not found, nor in ", join(data_folders(data_dir))) : "not found");
  }
  return place;
}

NodeDataset load_published(const PublishedNpz& set, const std::string& data_dir) {
  require_folder(data_dir);
  const std::string file(set.file);
  const std::string path = find_in_folders(file, data_dir);
  if (path.empty()) {
    throw FileError(file, text("not found in ", join(data_folders(data_dir)),
                               "; `attune datasets fetch ", set.name, "` downloads the set"));
  }
  NodeDataset dataset = load_npz(path);
  dataset.name = set.name;
  return dataset;
}

NodeDataset load_ppi(const std::string& data_dir) {
  require_folder(data_dir);
  const std::string file = text(kPpi, "/train_graph.json");
  const std::string path = find_in_folders(file, data_dir);
  if (path.empty()) {
    throw FileError(file, text("not found in ", join(data_folders(data_dir)),
                               "; the files of https://data.dgl.ai/dataset/ppi.zip go there"));
  }
  return load_graph_folder(path.substr(0, path.rfind('/')));
}

}  // namespace

std::vector<KnownDataset> known_datasets() {
  std::vector<KnownDataset> known;
  for (const PublishedPlanetoid& set : kPublishedPlanetoid) {
    known.push_back(
        {.name = std::string(set.name), .summary = std::string(set.summary), .fetchable = true});
  }
  for (const PublishedNpz& set : kPublishedNpz) {
    known.push_back(
        {.name = std::string(set.name), .summary = std::string(set.summary), .fetchable = true});
  }
  for (const GeomGcnSet& set : kGeomGcnSets) {
    known.push_back({.name = std::string(set.name), .summary = std::string(set.summary)});
  }
  known.push_back({.name = std::string(kPpi),
                   .summary = "24 graphs of proteins with 121 labels, files of DGL's ppi.zip"});
  known.push_back({.name = std::string(kGenerated),
                   .summary = "generated, the size of Cora; citation-like:N has N nodes",
                   .fetchable = false});
  return known;
}

std::vector<std::string> data_folders(const std::string& data_dir) {
  std::vector<std::string> folders;
  for (const std::string& folder :
       {data_dir, environment("ATTUNE_DATA"), std::string("datasets"), default_data_folder()}) {
    if (!folder.empty()) {
      folders.push_back(folder);
    }
  }
  return folders;
}

std::string default_data_folder() {
  const std::string cache = environment("XDG_CACHE_HOME");
  if (!cache.empty() && cache.front() == '/') {  // relative ones are to be ignored, says XDG
    return text(cache, "/attune/datasets");
  }
  const std::string home = environment("HOME");
  return home.empty() ? "" : text(home, "/.cache/attune/datasets");
}

namespace {

/// A folder, or a file of text.
bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".graphml") ||
         name.ends_with(".graphml.gz") || name.ends_with(".content") || name.ends_with(".cites");
}

NodeDataset load_nodes(const std::string& name, const std::string& data_dir) {
  if (name.ends_with(kNpzEnding)) {
    return load_npz(find_path(name, data_dir));
  }
  if (is_generated(name)) {
    return generate(name);
  }
  if (find_published_planetoid(name) != nullptr) {
    return load_planetoid(find_planetoid(name, data_dir), name);
  }
  if (const PublishedNpz* set = find_published_npz(name)) {
    return load_published(*set, data_dir);
  }
  if (is_geom_gcn(name)) {
    NodeDataset dataset = load_geom_gcn(find_path(geom_gcn_folder(name), data_dir));
    dataset.name = name;
    return dataset;
  }
  if (name == kPpi) {
    return load_ppi(data_dir);
  }
  if (is_path(name)) {
    return load_text_dataset(find_path(name, data_dir));
  }
  std::vector<std::string> names;
  for (const KnownDataset& known : known_datasets()) {
    names.push_back(known.name);
  }
  throw InvalidArgument(text("unknown data set \"", name, "\"", core::suggestion(name, names)));
}

}  // namespace

NodeDataset load_dataset(const std::string& name, const std::string& data_dir,
                         const std::string& split, std::uint64_t seed) {
  NodeDataset dataset = load_nodes(name, data_dir);
  if (dataset.splits.empty() && !dataset.split.train.empty()) {
    dataset.splits.push_back(dataset.split);  // as a generator made it
  }
  const std::string rule = split_of_run(split, dataset, seed);
  return with_split(std::move(dataset), rule, data_dir);
}

}  // namespace attune::data
