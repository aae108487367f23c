#include <filesystem>
#include <utility>
#include <vector>

#include "data/assemble.hpp"
#include "data/feature_rows.hpp"
#include "data/node_names.hpp"
#include "data/quoted.hpp"
#include "data/text_files.hpp"
#include "data/text_lines.hpp"
#include <attune/data/text_datasets.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::size_t kMaxFeatures = 1 << 22;

struct Papers {
  std::vector<std::string> names;
  std::vector<std::int64_t> lines;
  std::vector<std::string> labels;
  FeatureRows features;
};

Papers read_papers(std::string_view bytes, const std::string& path) {
  TextLines lines(bytes, path);
  Papers papers;
  while (lines.next()) {
    const std::vector<std::string_view>& fields = lines.fields('\t');
    if (papers.names.empty()) {
      if (fields.size() < 3 || fields.size() - 2 > kMaxFeatures) {
        lines.fail("expected a name, 1 to ", kMaxFeatures, " features and a class, found ",
                   fields.size(), " fields");
      }
      papers.features.columns = std::ssize(fields) - 2;
    } else if (std::ssize(fields) != papers.features.columns + 2) {
      lines.fail("expected ", papers.features.columns + 2, " columns, found ", fields.size());
    }
    for (std::int64_t column = 0; column < papers.features.columns; ++column) {
      papers.features.append_unless_zero(column, lines.real(fields[column + 1]));
    }
    papers.features.end_row();
    papers.names.emplace_back(fields.front());
    papers.labels.emplace_back(fields.back());
    papers.lines.push_back(lines.number());
  }
  if (papers.names.empty()) {
    throw FileError(path, "expected a paper a line, found none");
  }
  return papers;
}

struct Links {
  std::vector<graph::Edge> edges;
  std::int64_t dangling = 0;
};

Links read_links(std::string_view bytes, const std::string& path, const NodeNames& names) {
  TextLines lines(bytes, path);
  Links links;
  while (lines.next()) {
    const std::vector<std::string_view>& fields = lines.fields(' ', 2);
    const std::optional<std::int64_t> cited = names.find(fields[0]);
    const std::optional<std::int64_t> citing = names.find(fields[1]);
    if (cited && citing) {
      links.edges.push_back({.src = *citing, .dst = *cited});
    } else {
      ++links.dangling;
    }
  }
  return links;
}

}  // namespace

NodeDataset load_linqs(const std::string& path) {
  const std::filesystem::path stem = std::filesystem::path(path).replace_extension();
  const std::string cites_path = stem.string() + ".cites";
  const std::string content_path = stem.string() + ".content";
  TextFiles files;
  const std::string cites = files.read(cites_path);
  const std::string content = files.read(content_path);
  Papers papers = read_papers(content, content_path);
  const NodeNames names(papers.names);
  if (const auto twice = names.repeated()) {
    throw FileError(
        content_path, papers.lines[twice->second],
        text("expected each paper once, found ", data::quoted(papers.names[twice->second]),
             " as on line ", papers.lines[twice->first]));
  }
  const Links links = read_links(cites, cites_path, names);
  NamedClasses classes = classes_of(papers.labels);
  NodeDataset dataset;
  dataset.name = stem.filename().string();
  dataset.graph = undirected(std::ssize(papers.names), links.edges);
  dataset.features = to_features(std::move(papers.features));
  dataset.labels = std::move(classes.labels);
  dataset.num_classes = std::ssize(classes.names);
  dataset.sha256 = files.sha256();
  dataset.source = text("the files ", stem.string(), ".content and .cites",
                        links.dangling > 0
                            ? text(", without ", links.dangling, " links to papers not among them")
                            : std::string());
  return finished(std::move(dataset), content_path);
}

}  // namespace attune::data
