#include "data/split_draw.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

using Nodes = std::vector<std::int64_t>;

/// The nodes of each class in a random order that depends on the class, its nodes and the seed.
std::vector<Nodes> shuffled_classes(const NodeDataset& dataset, std::uint64_t seed) {
  std::vector<Nodes> classes(static_cast<std::size_t>(dataset.num_classes));
  for (std::int64_t node = 0; node < std::ssize(dataset.labels); ++node) {
    if (dataset.labels[node] >= 0) {
      classes[dataset.labels[node]].push_back(node);
    }
  }
  const core::RandomStream random(seed, core::Purpose::split);
  for (std::size_t label = 0; label < classes.size(); ++label) {
    Nodes& nodes = classes[label];
    const core::RandomStream of_class = random.with_stream(static_cast<std::uint32_t>(label));
    for (std::size_t i = nodes.size(); i > 1; --i) {  // Fisher and Yates
      std::swap(nodes[i - 1], nodes[of_class.below(i, i)]);
    }
  }
  return classes;
}

void append(Nodes& part, const Nodes& nodes, std::int64_t begin, std::int64_t end) {
  part.insert(part.end(), nodes.begin() + begin, nodes.begin() + end);
}

NodeSplit sorted(NodeSplit split) {
  for (Nodes* part : {&split.train, &split.validation, &split.test}) {
    std::sort(part->begin(), part->end());
  }
  return split;
}

}  // namespace

NodeSplit draw_per_class(const NodeDataset& dataset, std::int64_t train, std::int64_t validation,
                         std::uint64_t seed) {
  NodeSplit split;
  const std::vector<Nodes> classes = shuffled_classes(dataset, seed);
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const Nodes& nodes = classes[label];
    if (nodes.empty()) {
      continue;  // a number that no label bears
    }
    if (std::ssize(nodes) - train < validation) {
      throw InvalidArgument(text("data set ", dataset.name, ": expected ", train, " + ", validation,
                                 " nodes of each class to train and validate, found ", nodes.size(),
                                 " of class ", label, "; split fraction:0.6/0.2 takes any number"));
    }
    append(split.train, nodes, 0, train);
    append(split.validation, nodes, train, train + validation);
    append(split.test, nodes, train + validation, std::ssize(nodes));
  }
  return sorted(std::move(split));
}

NodeSplit draw_fractions(const NodeDataset& dataset, double train, double validation,
                         std::uint64_t seed) {
  NodeSplit split;
  for (const Nodes& nodes : shuffled_classes(dataset, seed)) {
    const std::int64_t size = std::ssize(nodes);
    const auto share = [size](double part) {
      return std::llround(part * static_cast<double>(size));
    };
    const std::int64_t trained = std::min(size, std::max<std::int64_t>(share(train), 1));
    const std::int64_t end = std::clamp<std::int64_t>(share(train + validation), trained, size);
    append(split.train, nodes, 0, trained);
    append(split.validation, nodes, trained, end);
    append(split.test, nodes, end, size);
  }
  return sorted(std::move(split));
}

NodeSplit draw_fold(const NodeDataset& dataset, std::int64_t folds, std::uint64_t number) {
  const auto count = static_cast<std::uint64_t>(folds);
  const std::uint64_t test = number % count;
  const std::uint64_t validation = (test + 1) % count;
  NodeSplit split;
  std::uint64_t dealt =
      0;  // on from class to class, so that small ones do not all fall into fold 0
  for (const Nodes& nodes : shuffled_classes(dataset, number / count)) {
    for (const std::int64_t node : nodes) {
      const std::uint64_t fold = dealt++ % count;
      (fold == test         ? split.test
       : fold == validation ? split.validation
                            : split.train)
          .push_back(node);
    }
  }
  return sorted(std::move(split));
}

}  // namespace attune::data
