#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "data/assemble.hpp"
#include "data/feature_rows.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/arrays.hpp>
#include <attune/data/split.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMaxFeatures = 1 << 22;

template <class... Parts>
[[noreturn]] void fail(const std::string& name, const Parts&... parts) {
  throw InvalidArgument(text("data set ", name, ": ", parts...));
}

void require_finite(const std::string& name, std::int64_t node, std::int64_t column, float value) {
  if (!std::isfinite(value)) {
    fail(name, "feature ", column, " of node ", node, ": expected a finite number, found ", value);
  }
}

FeatureRows rows_of(const std::string& name, const core::Tensor& features) {
  if (!features.defined() || features.shape().rank() != 2) {
    throw ShapeError(text("data set ", name, ": features must be [num_nodes, num_features], got ",
                          features.shape().to_string()));
  }
  FeatureRows rows;
  rows.columns = features.size(1);
  const std::span<const float> values = features.data<float>();
  for (std::int64_t node = 0; node < features.size(0); ++node) {
    for (std::int64_t column = 0; column < rows.columns; ++column) {
      const float value = values[node * rows.columns + column];
      require_finite(name, node, column, value);
      rows.append_unless_zero(column, value);
    }
    rows.end_row();
  }
  return rows;
}

void require_row_ptr(const std::string& name, const FeatureArrays& features) {
  const auto nonzeros = std::ssize(features.col_idx);
  if (std::ssize(features.values) != nonzeros) {
    fail(name, "features: expected a value for each of ", nonzeros, " columns, found ",
         features.values.size());
  }
  const bool whole = !features.row_ptr.empty() && features.row_ptr.front() == 0 &&
                     features.row_ptr.back() == nonzeros &&
                     std::is_sorted(features.row_ptr.begin(), features.row_ptr.end());
  if (!whole) {
    fail(name, "features: expected row pointers that ascend from 0 to ", nonzeros,
         ", the number of values");
  }
}

FeatureRows rows_of(const std::string& name, const FeatureArrays& features) {
  if (features.columns < 0 || features.columns > kMaxFeatures) {
    fail(name, "expected at most ", kMaxFeatures, " features, found ", features.columns);
  }
  require_row_ptr(name, features);
  FeatureRows rows;
  rows.columns = features.columns;
  std::vector<std::pair<std::int64_t, float>> row;  // in the order of the columns
  for (std::int64_t node = 0; node + 1 < std::ssize(features.row_ptr); ++node) {
    row.clear();
    for (std::int64_t i = features.row_ptr[node]; i < features.row_ptr[node + 1]; ++i) {
      const std::int64_t column = features.col_idx[i];
      if (column < 0 || column >= features.columns) {
        fail(name, "features of node ", node, ": expected columns 0 to ", features.columns - 1,
             ", found ", column);
      }
      require_finite(name, node, column, features.values[i]);
      row.emplace_back(column, features.values[i]);
    }
    std::sort(row.begin(), row.end());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0 && row[i].first == row[i - 1].first) {
        fail(name, "features of node ", node, ": expected each column once, found ", row[i].first,
             " twice");
      }
      rows.append_unless_zero(row[i].first, row[i].second);
    }
    rows.end_row();
  }
  return rows;
}

template <class T>
void update(core::Sha256& digest, std::span<const T> elements) {
  const std::int64_t count = std::ssize(elements);  // so that no element may change sides
  digest.update(std::as_bytes(std::span(&count, 1)));
  digest.update(std::as_bytes(elements));
}

std::string digest_of(const NodeDataset& dataset) {
  core::Sha256 digest;
  const sparse::CsrMatrix& features = dataset.features;
  const std::int64_t sizes[] = {features.columns(), dataset.num_classes};
  update(digest, std::span<const std::int64_t>(sizes));
  update(digest, dataset.graph.in_edges().row_ptr);
  update(digest, dataset.graph.in_edges().col_idx);
  update(digest, features.row_ptr());
  update(digest, features.col_idx());
  update(digest,
         features.num_nonzeros() > 0 ? features.values().data<float>() : std::span<const float>());
  update(digest, std::span<const std::int32_t>(dataset.labels));
  for (const auto* part : {&dataset.split.train, &dataset.split.validation, &dataset.split.test}) {
    update(digest, std::span<const std::int64_t>(*part));
  }
  return digest.hex();
}

}  // namespace

NodeDataset dataset_of(const NodeArrays& arrays) {
  const std::int64_t num_nodes = std::ssize(arrays.labels);
  NodeDataset dataset;
  dataset.name = arrays.name;
  dataset.source = "arrays of the program";
  dataset.labels.assign(arrays.labels.begin(), arrays.labels.end());
  const auto largest = std::max_element(dataset.labels.begin(), dataset.labels.end());
  dataset.num_classes = arrays.num_classes.value_or(
      largest == dataset.labels.end() ? 0 : static_cast<std::int64_t>(*largest) + 1);
  dataset.graph = undirected(num_nodes, arrays.edges);
  dataset.features = to_features(std::visit(
      [&](const auto& features) { return rows_of(arrays.name, features); }, arrays.features));
  validate_nodes(dataset);
  if (arrays.split.train.empty()) {
    dataset = with_split(std::move(dataset), arrays.rule);
  } else {
    validate_split(dataset, arrays.split);
    dataset.split = arrays.split;
    dataset.splits = {arrays.split};
    dataset.split_name = "public";
  }
  dataset.sha256 = digest_of(dataset);
  return dataset;
}

}  // namespace attune::data
