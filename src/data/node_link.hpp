#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <attune/graph/builder.hpp>

namespace attune::data {

/// A graph in networkx's node-link form.
struct NodeLinkGraph {
  std::int64_t num_nodes = 0;
  std::vector<graph::Edge> links;
};

/// Reads `{"nodes": [{"id": 0, ...}, ...], "links": [{"source": 0, "target": 1, ...}, ...], ...}`;
/// `edges` is another name of `links`. Nothing is kept of what is between.
/// @param path  to blame
/// @throws FileError  no JSON (with the byte), deeper than 16; a key that is read comes twice or is
///                    missing; an id that is not one of 0 to num_nodes - 1, each once
[[nodiscard]] NodeLinkGraph parse_node_link(std::string_view bytes, const std::string& path);

/// The same form, ids in order.
[[nodiscard]] std::string encode_node_link(const NodeLinkGraph& graph);

}  // namespace attune::data
