// A program that has a Boost graph of its own, two communities of people with names and a few
// friends each, and wants to know who belongs to which.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <boost/graph/adjacency_list.hpp>

#include <attune/attune.hpp>
#include <attune/graph/boost_graph.hpp>

using namespace attune;

namespace {

struct Person {
  std::string name;
  int community;
};

using Friends = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, Person>;

constexpr int kPeople = 200;

Friends make_friends() {
  Friends friends;
  for (int i = 0; i < kPeople; ++i) {
    boost::add_vertex({.name = "person " + std::to_string(i), .community = i % 2}, friends);
  }
  for (std::size_t i = 0; i < kPeople; ++i) {
    for (const std::size_t step : {2, 4, 10}) {  // even steps stay in the community
      boost::add_edge(i, (i + step) % kPeople, friends);
    }
    if (i % 20 == 0) {
      boost::add_edge(i, (i + 1) % kPeople, friends);
    }
  }
  return friends;
}

}  // namespace

int main() {
  const Friends friends = make_friends();
  const graph::Graph graph = graph::with_self_loops(graph::from_boost(friends));

  // Features: who somebody is. Known: the community of every tenth pair.
  core::Tensor identity = core::Tensor::zeros({kPeople, kPeople}, core::DType::f32);
  std::vector<std::int32_t> labels;
  std::vector<std::int64_t> known;
  for (std::int64_t i = 0; i < kPeople; ++i) {
    identity.mutable_data<float>()[i * kPeople + i] = 1;
    labels.push_back(friends[static_cast<std::size_t>(i)].community);
    if (i % 20 < 2) {
      known.push_back(i);
    }
  }
  const nn::Features features{Variable(identity)};
  const models::GraphClassifier model({.in_channels = kPeople, .num_classes = 2}, /*seed=*/1);
  const auto logits = [&](nn::ForwardContext& ctx) { return model.forward(features, graph, ctx); };
  train::Trainer trainer(model.parameters(), {.logits = logits, .labels = labels, .train = known},
                         {.epochs = 100, .learning_rate = 0.01});
  (void)train::fit(trainer);

  nn::ForwardContext evaluation;
  const core::Tensor out = logits(evaluation).value();
  int right = 0;
  for (std::int64_t i = 0; i < kPeople; ++i) {
    const auto row = out.data<float>().subspan(static_cast<std::size_t>(2 * i), 2);
    right += (row[1] > row[0]) == (labels[i] == 1);
  }
  std::printf("%d of %d people placed, the first of them %s\n", right, kPeople,
              friends[0].name.c_str());
  return right > 0.9 * kPeople ? 0 : 1;
}
