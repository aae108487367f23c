#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "data/folders.hpp"
#include "data/npz_masks.hpp"
#include "data/split_draw.hpp"
#include <attune/core/error.hpp>
#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/split.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::string_view kAll = "all";
constexpr std::uint64_t kGeomGcnSplits = 10;

// What a rule is built of: `fraction:0.6/0.2:3` is the kind, the numbers of that kind and a number
// of the split, which may be missing or `all`.
struct Kind {
  std::string_view name;
  bool takes_numbers;
};
constexpr std::array kKinds{Kind{"random", false}, Kind{"per-class", true}, Kind{"fraction", true},
                            Kind{"kfold", true}, Kind{"geom-gcn", false}};

struct Rule {
  std::string_view kind;     // empty for a bare number or `all`
  std::string_view numbers;  // between the colons
  std::string_view which;    // digits, `all`, or empty
};

[[noreturn]] void fail(std::string_view rule, const std::string& what) {
  throw InvalidArgument(text("split \"", rule, "\": ", what));
}

template <class T>
std::optional<T> parse(std::string_view digits) {
  T number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole ? std::optional<T>(number) : std::nullopt;
}

[[noreturn]] void fail_unknown(std::string_view rule) {
  std::vector<std::string> known{"public", std::string(kAll), "file"};
  for (const Kind& kind : kKinds) {
    known.emplace_back(kind.name);
  }
  const std::string name(rule.substr(0, rule.find(':')));
  fail(rule, text("expected a number or a rule", core::suggestion(name, known)));
}

Rule parse_rule(std::string_view rule) {
  if (rule == kAll || parse<std::uint64_t>(rule)) {
    return {.kind = {}, .numbers = {}, .which = rule};
  }
  const std::string_view name = rule.substr(0, rule.find(':'));
  for (const Kind& kind : kKinds) {
    if (kind.name != name) {
      continue;
    }
    std::string_view rest = rule.substr(name.size());
    std::array<std::string_view, 2> parts{};
    std::size_t count = 0;
    const std::size_t most = kind.takes_numbers ? 2 : 1;
    while (!rest.empty() && count < most) {
      rest.remove_prefix(1);
      parts[count] = rest.substr(0, rest.find(':'));
      rest.remove_prefix(parts[count++].size());
    }
    if (!rest.empty()) {
      fail(rule, text("expected at most ", most, " colons"));
    }
    Rule parsed{.kind = kind.name,
                .numbers = kind.takes_numbers ? parts[0] : std::string_view(),
                .which = kind.takes_numbers ? parts[1] : parts[0]};
    if (!parsed.which.empty() && parsed.which != kAll && !parse<std::uint64_t>(parsed.which)) {
      fail(rule, text("expected a number from 0 on or \"all\", found \"", parsed.which, "\""));
    }
    return parsed;
  }
  fail_unknown(rule);
}

/// Two numbers with a slash between them.
template <class T>
std::pair<T, T> parse_pair(std::string_view rule, std::string_view numbers, const char* expected) {
  const std::size_t slash = std::min(numbers.find('/'), numbers.size());
  const std::optional<T> first = parse<T>(numbers.substr(0, slash));
  const std::optional<T> second =
      slash < numbers.size() ? parse<T>(numbers.substr(slash + 1)) : std::nullopt;
  if (!first || !second || *first < 0 || *second < 0) {
    fail(rule, text("expected ", expected, ", found \"", numbers, "\""));
  }
  return {*first, *second};
}

NodeSplit draw(std::string_view rule, const Rule& parsed, const NodeDataset& dataset,
               std::uint64_t number) {
  if (parsed.kind == "random") {
    return draw_per_class(dataset, 20, 30, number);
  }
  if (parsed.kind == "per-class") {
    const auto [train, validation] = parse_pair<std::int32_t>(
        rule, parsed.numbers, "nodes of a class to train and to validate as 20/30");
    if (train < 1) {
      fail(rule, "expected one training node a class at least");
    }
    return draw_per_class(dataset, train, validation, number);
  }
  if (parsed.kind == "fraction") {
    const auto [train, validation] =
        parse_pair<double>(rule, parsed.numbers, "shares to train and to validate as 0.6/0.2");
    if (!(train + validation <= 1)) {
      fail(rule, text("expected shares that sum to 1 at most, found ", train + validation));
    }
    return draw_fractions(dataset, train, validation, number);
  }
  constexpr std::int32_t kMostFolds = 10000;
  const std::optional<std::int32_t> folds = parse<std::int32_t>(parsed.numbers);
  if (!folds || *folds < 3 || *folds > kMostFolds) {
    fail(rule, text("expected 3 to ", kMostFolds, " folds as kfold:10:0, found \"", parsed.numbers,
                    "\""));
  }
  return draw_fold(dataset, *folds, number);
}

NodeSplit numbered(std::string_view rule, const NodeDataset& dataset, std::uint64_t number) {
  if (number >= dataset.splits.size()) {
    fail(rule, text("data set ", dataset.name, " brings ",
                    dataset.splits.empty() ? "no split"
                                           : text("splits 0 to ", dataset.splits.size() - 1)));
  }
  return dataset.splits[number];
}

void validate_from(const std::string& path, const NodeDataset& dataset, const NodeSplit& split) {
  try {
    validate_split(dataset, split);
  } catch (const InvalidArgument& error) {
    throw FileError(path, error.what());
  }
}

NodeSplit of_file(const std::string& path, const NodeDataset& dataset) {
  NodeSplit split = read_masks(read_npz(path), dataset.num_nodes());
  validate_from(path, dataset, split);
  return split;
}

// Those of CiteSeer list the 15 nodes that have no label.
void drop_unlabelled(NodeSplit& split, const NodeDataset& dataset) {
  for (std::vector<std::int64_t>* part : {&split.train, &split.validation, &split.test}) {
    std::erase_if(*part, [&](std::int64_t node) { return dataset.labels[node] < 0; });
  }
}

NodeSplit of_geom_gcn(std::string_view rule, const NodeDataset& dataset, std::uint64_t number,
                      const std::string& data_dir) {
  const std::string& name = dataset.name;
  if (name != "cora" && name != "citeseer" && name != "pubmed") {
    fail(rule, text("expected cora, citeseer or pubmed, whose order of nodes these splits follow, "
                    "found ",
                    name));
  }
  if (number >= kGeomGcnSplits) {
    fail(rule, text("expected 0 to ", kGeomGcnSplits - 1));
  }
  const std::string file = text("geom-gcn/splits/", name, "_split_0.6_0.2_", number, ".npz");
  const std::string path = find_in_folders(file, data_dir);
  if (path.empty()) {
    throw FileError(file, text("not found in ", join(data_folders(data_dir)),
                               "; published in the folder splits of "
                               "https://github.com/graphdml-uiuc-jlu/geom-gcn"));
  }
  NodeSplit split = read_masks(read_npz(path), dataset.num_nodes());
  drop_unlabelled(split, dataset);
  validate_from(path, dataset, split);
  return split;
}

std::string full_name(const Rule& rule, std::uint64_t number) {
  const std::string of_kind = rule.kind.empty() ? std::string() : text(rule.kind, ":");
  return text(of_kind, rule.numbers, rule.numbers.empty() ? "" : ":", number);
}

}  // namespace

NodeDataset with_split(NodeDataset dataset, const std::string& rule, const std::string& data_dir) {
  constexpr std::string_view kFile = "file:";
  if (!dataset.graph_ptr.empty() && !rule.empty() && rule != "public" && rule != "0") {
    fail(rule, text("data set ", dataset.name, " is divided by its ", dataset.num_graphs(),
                    " graphs: expected public"));
  }
  if (rule == "public" || (rule.empty() && dataset.splits.size() == 1)) {
    if (dataset.splits.size() != 1) {
      fail(rule, text("data set ", dataset.name, " brings ", dataset.splits.size(), " splits"));
    }
    dataset.split = dataset.splits.front();
    dataset.split_name = "public";
  } else if (rule.starts_with(kFile)) {
    dataset.split = of_file(rule.substr(kFile.size()), dataset);
    dataset.split_name = rule;
  } else {
    const std::string wanted = !rule.empty() ? rule : dataset.splits.empty() ? "random" : "0";
    const Rule parsed = parse_rule(wanted);
    if (parsed.which == kAll) {
      fail(rule, "\"all\" is for runs, which differ by their seed: expected a number");
    }
    const std::uint64_t number = parse<std::uint64_t>(parsed.which).value_or(0);
    dataset.split = parsed.kind.empty()         ? numbered(wanted, dataset, number)
                    : parsed.kind == "geom-gcn" ? of_geom_gcn(wanted, dataset, number, data_dir)
                                                : draw(wanted, parsed, dataset, number);
    dataset.split_name = full_name(parsed, number);
  }
  validate_split(dataset, dataset.split);
  return dataset;
}

bool differs_by_run(const std::string& rule) {
  return rule == kAll || (rule.ends_with(text(":", kAll)) && !rule.starts_with("file:"));
}

std::string split_of_run(const std::string& rule, const NodeDataset& dataset, std::uint64_t seed) {
  if (!differs_by_run(rule)) {
    return rule;
  }
  const Rule parsed = parse_rule(rule);
  if (parsed.kind.empty()) {
    if (dataset.splits.empty()) {
      fail(rule, text("data set ", dataset.name,
                      " brings no split; random:all draws one for every seed"));
    }
    return full_name(parsed, seed % dataset.splits.size());
  }
  return full_name(parsed, parsed.kind == "geom-gcn" ? seed % kGeomGcnSplits : seed);
}

}  // namespace attune::data
