#pragma once

#include <cstdint>
#include <vector>

#include <attune/graph/graph.hpp>

namespace attune::graph {

/// What a Graph is a handle on.
struct Graph::Arrays {
  std::vector<std::int64_t> row_ptr;
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> input_edge;
  std::vector<std::int64_t> out_row_ptr;
  std::vector<std::int32_t> out_col_idx;
  std::vector<std::int64_t> out_to_in;
  std::vector<std::int64_t> src_in_degree;  // of a block
  bool all_self_loops = true;
};

}  // namespace attune::graph
