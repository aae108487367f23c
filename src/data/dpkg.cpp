#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "data/assemble.hpp"
#include "data/control_file.hpp"
#include "data/feature_rows.hpp"
#include "data/node_names.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/dpkg.hpp>
#include <attune/data/split.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{256} << 20;

void check(const DpkgOptions& options) {
  if (options.min_section < 1 || options.min_packages < 1) {
    throw InvalidArgument(
        text("build_dpkg_graph: min_section and min_packages must be at least 1, "
             "got ",
             options.min_section, " and ", options.min_packages));
  }
  if (!(options.max_share > 0 && options.max_share <= 1)) {
    throw InvalidArgument(
        text("build_dpkg_graph: max_share must be in (0, 1], got ", options.max_share));
  }
}

struct Package {
  std::string section;
  std::vector<std::string> needs;
  std::vector<std::string> provides;
  std::set<std::string> words;
};

/// Names in a relation field as `a (>= 1) | b:any, c [amd64]`, alternatives and all.
std::vector<std::string> names_in(std::string_view field) {
  std::vector<std::string> names;
  std::size_t at = field.find_first_not_of(" \t\n,|");
  while (at < field.size()) {
    const std::size_t end = std::min(field.find_first_of(",|", at), field.size());
    const std::string_view relation = field.substr(at, end - at);
    names.emplace_back(relation.substr(0, relation.find_first_of(" \t\n(:[<")));
    at = field.find_first_not_of(" \t\n,|", end);
  }
  return names;
}

std::set<std::string> words_in(std::string_view description) {
  constexpr std::size_t kShortest = 3;
  constexpr std::size_t kLongest = 30;
  std::set<std::string> words;
  std::string word;
  for (std::size_t i = 0; i <= description.size(); ++i) {
    const char c = i < description.size() ? description[i] : ' ';
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower >= 'a' && lower <= 'z') {
      word += lower;
      continue;
    }
    if (word.size() >= kShortest && word.size() <= kLongest) {
      words.insert(word);
    }
    word.clear();
  }
  return words;
}

/// Packages by name. One that is installed for several architectures counts once.
std::map<std::string, Package> installed_packages(const std::vector<Paragraph>& paragraphs) {
  std::map<std::string, Package> packages;
  for (const Paragraph& paragraph : paragraphs) {
    const std::string_view name = paragraph.field("Package");
    if (name.empty() || !paragraph.field("Status").ends_with(" installed")) {
      continue;
    }
    Package package;
    const std::string_view section = paragraph.field("Section");
    package.section = section.substr(section.rfind('/') + 1);
    package.needs = names_in(paragraph.field("Depends"));
    const std::vector<std::string> before = names_in(paragraph.field("Pre-Depends"));
    package.needs.insert(package.needs.end(), before.begin(), before.end());
    package.provides = names_in(paragraph.field("Provides"));
    package.words = words_in(paragraph.field("Description"));
    packages.emplace(name, std::move(package));
  }
  return packages;
}

class Builder {
 public:
  Builder(const DpkgOptions& options, const std::map<std::string, Package>& packages)
      : options_(options), packages_(packages) {
    for (const auto& [name, package] : packages) {
      names_.push_back(name);
    }
  }

  DpkgDataset run() {
    DpkgDataset out;
    out.packages = names_;
    out.dataset.name = "dpkg";
    out.dataset.graph = undirected(std::ssize(names_), edges());
    out.words = vocabulary();
    out.dataset.features = features(out.words);
    NamedClasses classes = classes_of(labels());
    out.dataset.labels = std::move(classes.labels);
    out.dataset.num_classes = std::ssize(classes.names);
    out.sections = std::move(classes.names);
    return out;
  }

 private:
  [[nodiscard]] std::vector<graph::Edge> edges() const {
    const NodeNames numbers(names_);
    std::map<std::string, std::vector<std::int64_t>> providers;
    std::int64_t node = 0;
    for (const auto& [name, package] : packages_) {
      for (const std::string& provided : package.provides) {
        providers[provided].push_back(node);
      }
      ++node;
    }
    std::vector<graph::Edge> edges;
    node = 0;
    for (const auto& [name, package] : packages_) {
      for (const std::string& needed : package.needs) {
        if (const std::optional<std::int64_t> real = numbers.find(needed)) {
          edges.push_back({.src = *real, .dst = node});
        }
        if (const auto found = providers.find(needed); found != providers.end()) {
          for (const std::int64_t provider : found->second) {
            edges.push_back({.src = provider, .dst = node});
          }
        }
      }
      ++node;
    }
    return edges;
  }

  [[nodiscard]] std::vector<std::string> vocabulary() const {
    std::map<std::string, std::int64_t> counts;
    for (const auto& [name, package] : packages_) {
      for (const std::string& word : package.words) {
        ++counts[word];
      }
    }
    std::vector<std::string> words;
    const double most = options_.max_share * static_cast<double>(packages_.size());
    for (const auto& [word, count] : counts) {
      if (count >= options_.min_packages && static_cast<double>(count) <= most) {
        words.push_back(word);
      }
    }
    return words;
  }

  [[nodiscard]] sparse::CsrMatrix features(const std::vector<std::string>& words) const {
    const NodeNames columns(words);
    FeatureRows rows;
    rows.columns = std::ssize(words);
    for (const auto& [name, package] : packages_) {
      for (const std::string& word : package.words) {  // ascending, as the columns are
        if (const std::optional<std::int64_t> column = columns.find(word)) {
          rows.append_unless_zero(*column, 1);
        }
      }
      rows.end_row();
    }
    return to_features(std::move(rows));
  }

  [[nodiscard]] std::vector<std::string> labels() const {
    std::map<std::string, std::int64_t> sizes;
    for (const auto& [name, package] : packages_) {
      ++sizes[package.section];
    }
    std::vector<std::string> labels;
    for (const auto& [name, package] : packages_) {
      const bool large = sizes[package.section] >= options_.min_section;
      labels.push_back(large ? package.section : std::string());
    }
    return labels;
  }

  const DpkgOptions& options_;
  const std::map<std::string, Package>& packages_;
  std::vector<std::string> names_;
};

}  // namespace

DpkgDataset build_dpkg_graph(const DpkgOptions& options) {
  check(options);
  const std::string bytes = core::read_file(options.status_file, kMaxFileBytes);
  const std::map<std::string, Package> packages =
      installed_packages(parse_control_data(bytes, options.status_file));
  if (packages.empty()) {
    throw FileError(options.status_file, "expected an installed package at least, found none");
  }
  DpkgDataset out = Builder(options, packages).run();
  out.dataset.sha256 = core::sha256(bytes);
  out.dataset.source = text("packages installed by ", options.status_file);
  out.dataset = with_split(finished(std::move(out.dataset), options.status_file), options.split);
  out.dataset.splits = {out.dataset.split};
  return out;
}

}  // namespace attune::data
