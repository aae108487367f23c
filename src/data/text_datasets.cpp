#include <filesystem>

#include "data/folders.hpp"
#include "data/text_files.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/graph_folder.hpp>
#include <attune/data/text_datasets.hpp>

namespace attune::data {

NodeDataset load_text_dataset(const std::string& path) {
  if (path.ends_with(".graphml") || path.ends_with(".graphml.gz")) {
    return load_graphml(path);
  }
  if (path.ends_with(".content") || path.ends_with(".cites")) {
    return load_linqs(path);
  }
  if (is_graph_folder(path)) {
    return load_graph_folder(path);
  }
  if (exists(path + "/out1_graph_edges.txt")) {
    return load_geom_gcn(path);
  }
  if (!first_file(path + "/raw/edge", {".csv.gz", ".csv"}).empty()) {
    return load_ogb(path);
  }
  if (!first_file(path + "/edges", {".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz"})
           .empty()) {
    return load_tables(path);
  }
  throw FileError(path,
                  "expected a folder with edges.csv, raw/edge.csv.gz, train_graph.json or "
                  "out1_graph_edges.txt, or a file .npz, .graphml, .content or .cites");
}

}  // namespace attune::data
