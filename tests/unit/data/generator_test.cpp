#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/alias_table.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/data/generator.hpp>
#include <attune/data/native_npz.hpp>

using attune::InvalidArgument;
using namespace attune::data;
using Catch::Matchers::Contains;

namespace {

std::string message_of(const GeneratorOptions& options) {
  try {
    (void)generate_citation_like(options);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "no error";
}

// Share of the edges whose ends are of one class.
double homophily_of(const NodeDataset& dataset) {
  const attune::graph::CsrView in = dataset.graph.in_edges();
  std::int64_t same = 0;
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      same += dataset.labels[dst] == dataset.labels[in.col_idx[e]] ? 1 : 0;
    }
  }
  return static_cast<double>(same) / static_cast<double>(in.num_edges());
}

}  // namespace

TEST_CASE("AliasTable: outcomes come up as often as they weigh", "[data]") {
  const std::vector<double> weights = {1, 0, 5, 2, 0.5, 1.5};
  const AliasTable table(weights);
  std::vector<double> share(weights.size(), 0);
  constexpr int kSteps = 600000;
  for (int i = 0; i < kSteps; ++i) {
    share[table.pick((i + 0.5) / kSteps)] += 10.0 / kSteps;
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    CAPTURE(i);
    REQUIRE(share[i] == Approx(weights[i]).margin(1e-4));
  }
}

TEST_CASE("AliasTable: one outcome, and the ends of the unit interval", "[data]") {
  const std::vector<double> one = {3};
  REQUIRE(AliasTable(one).pick(0) == 0);
  const std::vector<double> many(1000, 0.1);
  const AliasTable table(many);
  REQUIRE(table.pick(0) == 0);
  REQUIRE(table.pick(std::nextafter(1.0, 0.0)) == 999);
}

TEST_CASE("generator: the defaults have the counts of Cora", "[data]") {
  const NodeDataset dataset = generate_citation_like({});
  REQUIRE(dataset.num_nodes() == 2708);
  REQUIRE(dataset.num_classes == 7);
  REQUIRE(dataset.features.columns() == 1433);
  REQUIRE(dataset.graph.num_edges() / 2 > 5200);  // Cora: 5278
  REQUIRE(dataset.graph.num_edges() / 2 <= 5416);
  REQUIRE(dataset.features.num_nonzeros() > 44000);  // Cora: 49216
  REQUIRE(dataset.split.train.size() == 140);
  REQUIRE(dataset.split.validation.size() == 500);
  REQUIRE(dataset.split.test.size() == 1000);
  REQUIRE(homophily_of(dataset) == Approx(0.7).margin(0.03));
  std::int64_t largest = 0;
  for (std::int64_t node = 0; node < dataset.num_nodes(); ++node) {
    largest = std::max(largest, dataset.graph.in_degree(node));
  }
  REQUIRE(largest > 40);  // a heavy tail: 168 in Cora, below 15 were degrees Poisson
}

TEST_CASE("generator: rows of words sum to one, and no node is wordless", "[data]") {
  const NodeDataset dataset = generate_citation_like({.num_nodes = 500});
  const auto values = dataset.features.values().data<float>();
  for (std::int64_t node = 0; node < 500; ++node) {
    double sum = 0;
    for (std::int64_t i = dataset.features.row_ptr()[node];
         i < dataset.features.row_ptr()[node + 1]; ++i) {
      sum += values[i];
    }
    REQUIRE(sum == Approx(1).margin(1e-6));
  }
}

TEST_CASE("generator: each class has its quota of training nodes", "[data]") {
  const NodeDataset dataset = generate_citation_like({.num_nodes = 400, .num_classes = 5});
  std::vector<int> count(5, 0);
  for (const std::int64_t node : dataset.split.train) {
    ++count[dataset.labels[node]];
  }
  REQUIRE(count == std::vector<int>(5, 20));
  REQUIRE(dataset.split.validation.size() == 100);
  REQUIRE(dataset.split.test.size() == 200);
}

TEST_CASE("generator: the same bits on 1, 2 and 8 threads", "[data][property]") {
  const GeneratorOptions options{.num_nodes = 20000, .seed = 5};
  std::vector<std::string> digests;
  for (const int threads : {1, 2, 8}) {
    attune::core::with_threads(threads,
                               [&] { digests.push_back(generate_citation_like(options).sha256); });
  }
  REQUIRE(digests[1] == digests[0]);
  REQUIRE(digests[2] == digests[0]);
}

TEST_CASE("generator: every option counts, and so does the seed", "[data]") {
  const GeneratorOptions base{.num_nodes = 300};
  std::set<std::string> digests = {generate_citation_like(base).sha256};
  std::size_t count = 1;
  const auto add = [&](auto change) {
    GeneratorOptions options = base;
    change(options);
    digests.insert(generate_citation_like(options).sha256);
    ++count;
  };
  add([](GeneratorOptions& o) { o.seed = 1; });
  add([](GeneratorOptions& o) { o.seed = std::uint64_t{1} << 63; });
  add([](GeneratorOptions& o) { o.num_nodes = 301; });
  add([](GeneratorOptions& o) { o.num_classes = 6; });
  add([](GeneratorOptions& o) { o.num_features = 1000; });
  add([](GeneratorOptions& o) { o.average_degree = 5; });
  add([](GeneratorOptions& o) { o.homophily = 0.5; });
  add([](GeneratorOptions& o) { o.words_per_node = 20; });
  add([](GeneratorOptions& o) { o.topic_strength = 0.5; });
  add([](GeneratorOptions& o) { o.train_per_class = 10; });
  add([](GeneratorOptions& o) { o.num_validation = 10; });
  add([](GeneratorOptions& o) { o.num_test = 10; });
  REQUIRE(digests.size() == count);
}

#ifdef __x86_64__
// Elsewhere the compiler may fuse a product and a sum, and a rare draw fall otherwise.
TEST_CASE("generator: yesterday's graph is today's", "[data]") {
  REQUIRE(generate_citation_like({.num_nodes = 1000, .seed = 42}).sha256.substr(0, 16) ==
          "30a890bfdbe2a01a");
}
#endif

TEST_CASE("generator: features of edges tell of classes and are the same both ways", "[data]") {
  const NodeDataset dataset = generate_citation_like({.num_nodes = 500, .edge_channels = 3});
  REQUIRE(dataset.edge_channels() == 3);
  const attune::graph::CsrView in = dataset.graph.in_edges();
  const std::span<const float> features = dataset.edge_features.data<float>();
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<float>> of_edge;
  double mean[2] = {0, 0};
  double count[2] = {0, 0};
  for (std::int64_t i = 0; i < dataset.num_nodes(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      const std::int64_t j = in.col_idx[e];
      const bool same = dataset.labels[i] == dataset.labels[j];
      const std::vector<float> row(features.begin() + 3 * e, features.begin() + 3 * e + 3);
      for (const float x : row) {
        mean[same] += x;
        count[same] += 1;
      }
      const auto other_way =
          of_edge.try_emplace(std::pair(std::min(i, j), std::max(i, j)), row).first;
      CHECK(other_way->second == row);
    }
  }
  // Means of about a thousand numbers of deviation 2.
  CHECK(mean[1] / count[1] == Approx(1).margin(0.3));
  CHECK(mean[0] / count[0] == Approx(-1).margin(0.3));
  const NodeDataset plain = generate_citation_like({.num_nodes = 500});
  CHECK(plain.edge_channels() == 0);
  CHECK(plain.labels == dataset.labels);
  CHECK(plain.sha256 != dataset.sha256);
}

TEST_CASE("generator: extreme options give valid data sets", "[data]") {
  const auto shape = GENERATE(values<GeneratorOptions>(
      {{.num_nodes = 2, .num_classes = 2},
       {.num_nodes = 7},
       {.num_nodes = 50, .num_classes = 50},
       {.num_nodes = 100, .num_features = 1},
       {.num_nodes = 100, .num_features = 3, .words_per_node = 1},
       {.num_nodes = 100, .average_degree = 0},
       {.num_nodes = 20, .average_degree = 10000},
       {.num_nodes = 100, .homophily = 0},
       {.num_nodes = 100, .homophily = 1},
       {.num_nodes = 100, .words_per_node = 10000, .topic_strength = 1},
       {.num_nodes = 100, .topic_strength = 0},
       {.num_nodes = 100, .train_per_class = std::numeric_limits<std::int64_t>::max()},
       {.num_nodes = 100, .num_validation = 0, .num_test = 0}}));
  const NodeDataset dataset = generate_citation_like(shape);
  REQUIRE_NOTHROW(validate(dataset));
  REQUIRE(dataset.num_nodes() == shape.num_nodes);
  if (shape.homophily == 0) {
    REQUIRE(homophily_of(dataset) == 0);
  }
  if (shape.homophily == 1) {
    REQUIRE(homophily_of(dataset) == 1);
  }
}

TEST_CASE("generator: options out of range are named with their range", "[data]") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  REQUIRE_THAT(message_of({.num_classes = 1}), Contains("num_classes must be 2 to"));
  REQUIRE_THAT(message_of({.num_nodes = 6}), Contains("num_nodes must be num_classes=7 to"));
  REQUIRE_THAT(message_of({.num_nodes = std::int64_t{1} << 31}), Contains("got 2147483648"));
  REQUIRE_THAT(message_of({.num_features = 0}), Contains("num_features must be 1 to"));
  REQUIRE_THAT(message_of({.num_features = 1 << 23}), Contains("num_features must be 1 to"));
  for (const double bad : {-1.0, kNan, 1e9}) {
    REQUIRE_THAT(message_of({.average_degree = bad}), Contains("average_degree must be 0 to"));
    REQUIRE_THAT(message_of({.homophily = bad}), Contains("homophily must be 0 to 1"));
    REQUIRE_THAT(message_of({.topic_strength = bad}), Contains("topic_strength must be 0 to 1"));
  }
  REQUIRE_THAT(message_of({.words_per_node = 0}), Contains("words_per_node must be 1 to"));
  REQUIRE_THAT(message_of({.edge_channels = -1}), Contains("edge_channels must be 0 to 1024"));
  REQUIRE_THAT(message_of({.edge_channels = 1025}), Contains("edge_channels must be 0 to 1024"));
  REQUIRE_THAT(message_of({.train_per_class = 0}), Contains("train_per_class must be at least 1"));
  REQUIRE_THAT(message_of({.num_validation = -1}), Contains("num_validation must be at least 0"));
  REQUIRE_THAT(message_of({.num_test = -1}), Contains("num_test must be at least 0, got -1"));
}

TEST_CASE("generator: what it makes is saved and loaded to the bit", "[data]") {
  const attune::testing::TemporaryFolder folder;
  const NodeDataset dataset = generate_citation_like({.num_nodes = 300});
  save_native_npz(folder.path("a.npz"), dataset);
  const NodeDataset back = load_native_npz(folder.path("a.npz"));
  save_native_npz(folder.path("b.npz"), back);
  REQUIRE(attune::testing::slurp(folder.path("a.npz")) ==
          attune::testing::slurp(folder.path("b.npz")));
}
