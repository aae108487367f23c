#include "data/npz_dataset_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "data/npz_checks.hpp"
#include "data/npz_edges.hpp"
#include "data/npz_features.hpp"
#include "data/npz_masks.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/npz_dataset.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{8} << 30;
constexpr std::int64_t kMaxNodes = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxClasses = 1 << 20;

// Members of honest data sets inflate by far less (bags of words 150-fold). What is made of them
// takes up to some twenty times their size, hence no more for small files.
NpzLimits limits_for(std::int64_t file_bytes) {
  constexpr std::int64_t kAllowance = std::int64_t{16} << 20;
  constexpr std::int64_t kMaxRatio = 200;
  NpzLimits limits{.keep_pickles = true};
  limits.max_total_bytes = std::min(limits.max_total_bytes, kAllowance + kMaxRatio * file_bytes);
  return limits;
}

class Reader {
 public:
  Reader(const NpzArchive& npz, std::string default_name)
      : npz_(npz), name_(std::move(default_name)) {}

  NodeDataset run(NpzSplits splits) {
    NodeDataset dataset;
    dataset.labels = read_labels();
    dataset.name = name();
    dataset.num_classes = num_classes(dataset.labels);
    dataset.splits = read_splits(splits);
    if (!dataset.splits.empty()) {
      dataset.split = dataset.splits.front();
      dataset.split_name = dataset.splits.size() == 1 ? "public" : "0";
    }
    NpzGraph edges = read_graph(npz_, num_nodes_);
    dataset.graph = std::move(edges.graph);
    dataset.edge_features = std::move(edges.edge_features);
    dataset.features = read_features(npz_, num_nodes_);
    try {
      validate_nodes(dataset);
      for (const NodeSplit& split : dataset.splits) {
        validate_split(dataset, split);
      }
    } catch (const InvalidArgument& error) {
      throw FileError(npz_.path(), error.what());
    }
    return dataset;
  }

 private:
  [[nodiscard]] std::string name() const {
    if (!npz_.has("name")) {
      return name_;
    }
    const std::vector<std::string> names = npz_.at("name").strings();
    if (names.size() != 1 || names.front().empty()) {
      npz_.at("name").fail("expected one string");
    }
    return names.front();
  }

  std::vector<std::int32_t> read_labels() {
    const std::string member = first_member(npz_, {"labels", "node_labels", "node_label"});
    const NpyArray& array = npz_.at(member.empty() ? "labels" : member);
    array.require_shape({-1});
    const std::vector<std::int64_t> labels = array.ints();
    num_nodes_ = std::ssize(labels);
    if (num_nodes_ > kMaxNodes) {
      array.fail(text("expected at most ", kMaxNodes, " nodes, found ", num_nodes_));
    }
    std::vector<std::int32_t> out(labels.size());
    for (std::int64_t i = 0; i < num_nodes_; ++i) {
      out[i] = static_cast<std::int32_t>(checked(array, labels, i, -1, kMaxClasses - 1));
    }
    return out;
  }

  [[nodiscard]] std::int64_t num_classes(const std::vector<std::int32_t>& labels) const {
    if (!npz_.has("num_classes")) {
      return labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end()) + 1;
    }
    const NpyArray& array = npz_.at("num_classes");
    const std::vector<std::int64_t> value = array.ints();
    if (value.size() != 1) {
      array.fail(text("expected one integer, found ", value.size()));
    }
    return checked(array, value, 0, 2, kMaxClasses);
  }

  [[nodiscard]] std::vector<NodeSplit> read_splits(NpzSplits splits) const {
    if (splits == NpzSplits::any && npz_.has("train_masks")) {
      return read_mask_rows(npz_, num_nodes_);
    }
    const bool masked =
        !first_member(npz_, {"train_mask", "val_mask", "test_mask", "val_masks", "test_masks"})
             .empty();
    if (splits == NpzSplits::any && !masked) {
      return {};
    }
    return {read_masks(npz_, num_nodes_)};
  }

  const NpzArchive& npz_;
  std::string name_;
  std::int64_t num_nodes_ = 0;
};

}  // namespace

NodeDataset read_npz_dataset(const std::string& path, NpzSplits splits) {
  const std::string bytes = core::read_file(path, kMaxFileBytes);
  const NpzArchive npz = parse_npz(bytes, path, limits_for(std::ssize(bytes)));
  NodeDataset dataset = Reader(npz, std::filesystem::path(path).stem().string()).run(splits);
  dataset.sha256 = core::sha256(bytes);
  dataset.source = text("the file ", path);
  return dataset;
}

NodeDataset load_npz(const std::string& path) {
  return read_npz_dataset(path, NpzSplits::any);
}

}  // namespace attune::data
