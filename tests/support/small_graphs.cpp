#include "support/small_graphs.hpp"

#include <cstdint>
#include <span>
#include <vector>

#include <attune/data/npy.hpp>

namespace attune::testing {

namespace {

using Files = std::map<std::string, std::string>;
using data::NpyArray;

struct Arrays {
  std::vector<float> features;       // two a node
  std::vector<std::int64_t> labels;  // three a node
  std::vector<std::int64_t> graph_id;
};

void add_part(const std::string& part, const std::string& json, const Arrays& arrays,
              Files& files) {
  const auto nodes = static_cast<std::int64_t>(arrays.graph_id.size());
  files[part + "_graph.json"] = json;
  files[part + "_feats.npy"] =
      data::encode_npy(NpyArray::from(std::span<const float>(arrays.features), {nodes, 2}));
  files[part + "_labels.npy"] =
      data::encode_npy(NpyArray::from(std::span<const std::int64_t>(arrays.labels), {nodes, 3}));
  files[part + "_graph_id.npy"] =
      data::encode_npy(NpyArray::from(std::span<const std::int64_t>(arrays.graph_id), {nodes}));
}

}  // namespace

std::map<std::string, std::string> small_graph_folder() {
  Files files;
  // Graph 1: nodes 0 and 3; graph 2: node 1 alone; graph 3: nodes 2 and 4.
  add_part("train",
           R"({"directed": true, "graph": {"name": "nodes"}, "multigraph": false,
 "nodes": [{"id": 0, "label": [1, {"id": 7}]}, {"test": false, "id": 1}, {"id": 2}, {"id": 3}, {"id": 4}],
 "links": [{"source": 0, "target": 3}, {"target": 0, "source": 3, "w": 0.5}, {"source": 2, "target": 4},
           {"source": 4, "target": 4}]})",
           {.features = {0, 0.5F, 1, -1, 2, 0, 3, 4, 5, 6},
            .labels = {1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1},
            .graph_id = {1, 2, 3, 1, 3}},
           files);
  add_part("valid", R"({"nodes": [{"id": 1}, {"id": 0}], "edges": [{"source": 1, "target": 0}]})",
           {.features = {7, 8, 9, 1}, .labels = {0, 1, 0, 1, 0, 1}, .graph_id = {4, 4}}, files);
  add_part("test", R"({"nodes": [{"id": 0}], "links": []})",
           {.features = {2, 2}, .labels = {1, 1, 0}, .graph_id = {5}}, files);
  return files;
}

}  // namespace attune::testing
