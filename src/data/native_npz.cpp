#include <vector>

#include "data/npz_dataset_reader.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/native_npz.hpp>
#include <attune/data/npz.hpp>

namespace attune::data {

namespace {

NpyArray mask_of(const std::vector<std::int64_t>& nodes, std::int64_t num_nodes) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(num_nodes), 0);
  for (const std::int64_t node : nodes) {
    mask[node] = 1;
  }
  return NpyArray::from_bools(mask, {num_nodes});
}

}  // namespace

NodeDataset load_native_npz(const std::string& path) {
  return read_npz_dataset(path, NpzSplits::native);
}

void save_native_npz(const std::string& path, const NodeDataset& dataset) {
  validate(dataset);
  if (dataset.multi_label() || dataset.num_graphs() != 1) {
    throw InvalidArgument(core::text(
        "save_native_npz: expected one graph of nodes with one label each, got ",
        dataset.num_graphs(), " of nodes with ", dataset.multi_label() ? "several" : "one"));
  }
  const std::int64_t num_nodes = dataset.num_nodes();
  const graph::CsrView adjacency = dataset.graph.in_edges();
  const sparse::CsrMatrix& features = dataset.features;
  const std::vector<std::int64_t> adj_shape{num_nodes, num_nodes};
  const std::vector<std::int64_t> attr_shape{num_nodes, features.columns()};
  const std::span<const float> values =
      features.num_nonzeros() > 0 ? features.values().data<float>() : std::span<const float>();
  const auto vector_of = [](auto span) {
    return NpyArray::from(span, {static_cast<std::int64_t>(span.size())});
  };
  std::vector<NamedArray> arrays{{"name", NpyArray::from_strings(std::vector{dataset.name})},
                                 {"num_classes", vector_of(std::span(&dataset.num_classes, 1))},
                                 {"labels", vector_of(std::span(dataset.labels))},
                                 {"train_mask", mask_of(dataset.split.train, num_nodes)},
                                 {"val_mask", mask_of(dataset.split.validation, num_nodes)},
                                 {"test_mask", mask_of(dataset.split.test, num_nodes)},
                                 {"adj_indptr", vector_of(adjacency.row_ptr)},
                                 {"adj_indices", vector_of(adjacency.col_idx)},
                                 {"adj_shape", vector_of(std::span(adj_shape))},
                                 {"attr_data", vector_of(values)},
                                 {"attr_indices", vector_of(features.col_idx())},
                                 {"attr_indptr", vector_of(features.row_ptr())},
                                 {"attr_shape", vector_of(std::span(attr_shape))}};
  if (dataset.edge_features.defined()) {  // in the order of adj_indices
    arrays.emplace_back("edge_attr",
                        NpyArray::from(dataset.edge_features.data<float>(),
                                       {dataset.graph.num_edges(), dataset.edge_channels()}));
  }
  write_npz(path, arrays);
}

}  // namespace attune::data
