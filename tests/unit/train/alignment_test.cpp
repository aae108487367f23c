#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "citation_toy.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/align/mmd.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/checkpoint.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/node_classification.hpp>

namespace attune::testing {

using align::Kind;
using models::GraphModel;
using train::AlignmentOptions;
using train::AlignmentRegularizer;

namespace {

struct Toy {
  data::NodeDataset dataset = citation_toy();
  train::NodeClassification problem{dataset};

  [[nodiscard]] models::GraphClassifier model(GraphModel which = GraphModel::gat) const {
    return {{.model = which, .in_channels = 30, .num_classes = 3, .hidden_channels = 4, .heads = 2},
            1};
  }

  [[nodiscard]] train::FitResult fit(std::vector<train::Regularizer*> regularizers,
                                     std::int64_t epochs = 12,
                                     GraphModel which = GraphModel::gat) const {
    const models::GraphClassifier classifier = model(which);
    train::Trainer trainer(classifier.parameters(), problem.task(classifier),
                           {.epochs = epochs, .patience = 0, .seed = 3}, std::move(regularizers));
    return train::fit(trainer);
  }
};

// Reports `layers` layers of two heads to a regulariser, as a forward pass would.
void report(AlignmentRegularizer& alignment, int layers, double scale = 1) {
  for (int layer = 0; layer < layers; ++layer) {
    core::Tensor keys = random_tensor({20, 2, 3}, 2 + layer);
    for (double& value : keys.mutable_data<double>()) {
      value *= scale;
    }
    alignment.head_sink()->receive({.queries = random_leaf({20, 2, 3}, 1),
                                    .keys = Variable(keys, true),
                                    .query_mask = {},
                                    .key_mask = {}});
  }
}

// The same of one layer whose queries and keys are of two things.
void report_cross(AlignmentRegularizer& alignment) {
  alignment.head_sink()->receive(
      {.queries = random_leaf({20, 2, 3}, 8), .keys = random_leaf({15, 2, 3}, 9), .cross = true});
}

double loss_of(const AlignmentOptions& options, int layers, std::uint32_t step = 1) {
  AlignmentRegularizer alignment(options);
  report(alignment, layers);
  alignment.initialize(0);
  alignment.begin_step(0, step);
  report(alignment, layers);
  const Variable loss = alignment.loss();
  return loss.defined() ? loss.value().item() : 0;
}

}  // namespace

TEST_CASE("alignment: heads of cross-attention take part where that is asked for",
          "[train][align]") {
  const bool cross = GENERATE(false, true);
  AlignmentRegularizer alignment({.distance = {.kind = Kind::mmd}, .weight = 1, .cross = cross});
  const auto pass = [&] {
    report(alignment, 2);
    report_cross(alignment);
  };
  pass();
  alignment.initialize(0);
  alignment.begin_step(0, 1);
  pass();
  const double self = loss_of({.distance = {.kind = Kind::mmd}, .weight = 1}, 2);
  const double all = alignment.loss().value().item();
  CHECK(alignment.per_head().size() == (cross ? 3 : 2));
  CHECK((all != self) == cross);
}

TEST_CASE("alignment: with weight 0 training is to the bit what it is without",
          "[train][align][property]") {
  const auto kind = GENERATE(Kind::gan, Kind::ot, Kind::ct, Kind::mmd);
  CAPTURE(align::to_string(kind));
  const Toy toy;
  AlignmentRegularizer alignment({.distance = {.kind = kind}, .weight = 0});
  CHECK(toy.fit({&alignment}).weights_sha256 == toy.fit({}).weights_sha256);
}

TEST_CASE("alignment: changes training, the same way on any number of threads",
          "[train][align][property]") {
  const auto kind = GENERATE(Kind::gan, Kind::ot, Kind::ct, Kind::mmd);
  const auto which = GENERATE(GraphModel::gat, GraphModel::gatv2, GraphModel::transformer);
  CAPTURE(align::to_string(kind), static_cast<int>(which));
  const Toy toy;
  std::string digests[3];
  int run = 0;
  for (const int threads : {1, 2, 8}) {
    core::with_threads(threads, [&] {
      AlignmentRegularizer alignment({.distance = {.kind = kind, .samples = 100}, .weight = 0.1});
      digests[run++] = toy.fit({&alignment}, 5, which).weights_sha256;
    });
  }
  CHECK(digests[0] == digests[1]);
  CHECK(digests[0] == digests[2]);
  CHECK(digests[0] != toy.fit({}, 5, which).weights_sha256);
}

TEST_CASE("alignment: a stopped and resumed run ends where an unbroken one does",
          "[train][align][property]") {
  const auto kind = GENERATE(Kind::gan, Kind::ct, Kind::mmd);
  CAPTURE(align::to_string(kind));
  const Toy toy;
  const std::int64_t every = GENERATE(1, 3);
  const AlignmentOptions options{
      .distance = {.kind = kind, .samples = 50, .mmd_sigma_median = true},
      .weight = 0.1,
      .every = every};
  const train::FitOptions fit_options{.epochs = 10, .patience = 0, .seed = 3};
  AlignmentRegularizer alignment(options);
  const train::FitResult expected = toy.fit({&alignment}, 10);

  const models::GraphClassifier first = toy.model();
  AlignmentRegularizer before(options);
  train::Trainer half(first.parameters(), toy.problem.task(first), fit_options, {&before});
  for (int epoch = 0; epoch < 4; ++epoch) {
    (void)half.run_epoch();
  }
  const models::GraphClassifier second = toy.model();
  AlignmentRegularizer after(options);
  train::Trainer rest(second.parameters(), toy.problem.task(second), fit_options, {&after});
  rest.load_state(half.state());
  const train::FitResult resumed = train::fit(rest);
  CHECK(resumed.weights_sha256 == expected.weights_sha256);
  CHECK(resumed.regularizer == expected.regularizer);
}

TEST_CASE("alignment: brings the heads of a trained network closer", "[train][align]") {
  const auto kind = GENERATE(Kind::ot, Kind::ct, Kind::mmd);
  CAPTURE(align::to_string(kind));
  const Toy toy;
  const auto distance_after = [&](double weight) {
    const models::GraphClassifier model = toy.model();
    AlignmentRegularizer alignment({.distance = {.kind = kind, .samples = 0}, .weight = weight});
    train::Trainer trainer(model.parameters(), toy.problem.task(model),
                           {.epochs = 60, .patience = 0, .seed = 3}, {&alignment});
    (void)train::fit(trainer);
    train::HeadMmd mmd;
    nn::ForwardContext context;
    context.head_sink = &mmd;
    const autograd::NoGradScope no_grad;
    (void)toy.problem.task(model).logits(context);
    return mmd.value();
  };
  const double apart = distance_after(0);
  CHECK(apart > 0);
  CHECK(distance_after(1) < apart);
}

TEST_CASE("alignment: on the edges of the graph", "[train][align]") {
  const Toy toy;
  AlignmentRegularizer alignment({.distance = {.kind = Kind::ct, .support = align::Support::edges},
                                  .weight = 0.1,
                                  .graph = toy.problem.graph()});
  const train::FitResult result = toy.fit({&alignment});
  CHECK(result.weights_sha256 != toy.fit({}).weights_sha256);
  CHECK(result.regularizer > 0);
}

TEST_CASE("alignment: sums over layers and heads, or takes their mean", "[train][align]") {
  const align::Options distance{.kind = Kind::mmd};
  const double one = loss_of({.distance = distance, .weight = 1}, 1);
  const double two = loss_of({.distance = distance, .weight = 1}, 2);
  CHECK(two > one);
  CHECK(loss_of({.distance = distance, .weight = 0.01}, 2) == Approx(0.01 * two).epsilon(1e-14));
  CHECK(loss_of({.distance = distance, .weight = 1, .reduction = train::AlignmentReduction::mean},
                2) == Approx(two / 4).epsilon(1e-14));
  CHECK(loss_of({.distance = distance, .weight = 1, .layers = train::AlignedLayers::hidden}, 2) ==
        one);
}

TEST_CASE("alignment: the weight grows with the step while warming up", "[train][align]") {
  const AlignmentOptions options{.distance = {.kind = Kind::mmd}, .weight = 1, .warmup_steps = 10};
  const double full = loss_of(options, 1, 10);
  CHECK(loss_of(options, 1, 50) == full);
  CHECK(loss_of(options, 1, 5) == Approx(full / 2).epsilon(1e-14));
  CHECK(loss_of(options, 1, 0) == 0);
}

TEST_CASE("alignment: every K steps, with K times the weight", "[train][align]") {
  const AlignmentOptions often{.distance = {.kind = Kind::mmd}, .weight = 1};
  AlignmentOptions seldom = often;
  seldom.every = 3;
  for (std::uint32_t step = 1; step <= 7; ++step) {
    CAPTURE(step);
    const bool due = step == 1 || step == 4 || step == 7;
    CHECK(loss_of(seldom, 1, step) == (due ? Approx(3 * loss_of(often, 1, step)) : Approx(0)));
  }
}

TEST_CASE("alignment: every 1 is to the bit what it is without the option",
          "[train][align][property]") {
  const auto kind = GENERATE(Kind::gan, Kind::ct);
  const Toy toy;
  AlignmentRegularizer plain({.distance = {.kind = kind, .samples = 50}, .weight = 0.1});
  AlignmentRegularizer lazy({.distance = {.kind = kind, .samples = 50}, .weight = 0.1, .every = 1});
  CHECK(toy.fit({&plain}).weights_sha256 == toy.fit({&lazy}).weights_sha256);
}

TEST_CASE("alignment: between its steps training goes on without it", "[train][align]") {
  const bool all_nodes = GENERATE(true, false);
  CAPTURE(all_nodes);
  const Toy toy;
  AlignmentRegularizer alignment({.distance = {.kind = Kind::gan, .samples = 50},
                                  .weight = 0.1,
                                  .all_nodes = all_nodes,
                                  .every = 4});
  const models::GraphClassifier model = toy.model();
  train::Trainer trainer(model.parameters(), toy.problem.task(model, train::ComputedNodes::needed),
                         {.epochs = 9, .patience = 0, .seed = 3}, {&alignment});
  core::Tensor before;
  double value = 0;
  for (int epoch = 1; epoch <= 9; ++epoch) {
    CAPTURE(epoch);
    const train::EpochReport report = trainer.run_epoch();
    const core::Tensor now = alignment.parameters().front().variable.value().clone();
    const bool due = epoch % 4 == 1;
    if (epoch > 1) {
      CHECK(same_bits(now, before) == !due);
      CHECK((report.regularizer == value) == !due);  // else that of the step before
    }
    before = now;
    value = report.regularizer;
    CHECK(value != 0);
  }
}

TEST_CASE("alignment: reports its value before the weight, and its terms", "[train][align]") {
  AlignmentRegularizer alignment({.distance = {.kind = Kind::mmd}, .weight = 0.01});
  report(alignment, 2);
  alignment.initialize(0);
  alignment.begin_step(0, 1);
  report(alignment, 2);
  const Variable loss = alignment.loss();
  CHECK(loss.value().item() == Approx(0.01 * alignment.value()).epsilon(1e-14));
  REQUIRE(alignment.per_head().size() == 2);
  double sum = 0;
  for (const core::Tensor& layer : alignment.per_head()) {
    for (const double term : values(layer)) {
      sum += term;
    }
  }
  CHECK(alignment.value() == Approx(sum).epsilon(1e-14));
}

TEST_CASE("alignment: names its parameters by layer and decays them on request alone",
          "[train][align]") {
  AlignmentRegularizer alignment({.distance = {.kind = Kind::ct}});
  report(alignment, 2);
  alignment.initialize(0);
  const std::vector<nn::NamedParameter> parameters = alignment.parameters();
  REQUIRE(parameters.size() == 24);
  CHECK(parameters.front().name == "layers.0.gate_w");
  CHECK(parameters.back().name == "layers.1.nav2_b");
  CHECK_FALSE(same_bits(parameters[0].variable.value(), parameters[12].variable.value()));
  CHECK(alignment.weight_decay() == 0);
  CHECK(AlignmentRegularizer({.weight_decay = 5e-4}).weight_decay() == 5e-4);
}

TEST_CASE("alignment: parameters are a function of the seed", "[train][align]") {
  const auto first_weight = [](std::uint64_t seed) {
    AlignmentRegularizer alignment({.distance = {.kind = Kind::gan}});
    report(alignment, 1);
    alignment.initialize(seed);
    return alignment.parameters().front().variable.value();
  };
  CHECK(same_bits(first_weight(1), first_weight(1)));
  CHECK_FALSE(same_bits(first_weight(1), first_weight(2)));
}

TEST_CASE("alignment: passes masks on unless padding is to take part", "[train][align]") {
  const bool mask_padding = GENERATE(true, false);
  const std::vector<std::uint8_t> mask{1, 1, 0, 0, 0};
  AlignmentRegularizer alignment(
      {.distance = {.kind = Kind::mmd}, .weight = 1, .mask_padding = mask_padding});
  const Variable q = random_leaf({5, 1, 2}, 1);
  const Variable k = random_leaf({5, 1, 2}, 2);
  const auto pass = [&] {
    alignment.head_sink()->receive({.queries = q, .keys = k, .query_mask = mask, .key_mask = mask});
  };
  pass();
  alignment.initialize(0);
  alignment.begin_step(0, 1);
  pass();
  align::Clouds expected{.queries = q, .keys = k};
  if (mask_padding) {
    expected.query_mask = mask;
    expected.key_mask = mask;
  }
  CHECK(alignment.loss().value().item() == align::mmd(expected).value().item());
}

TEST_CASE("HeadMmd: sums over layers, of all positions or of a fixed sample", "[train][align]") {
  const Variable q = random_leaf({60, 2, 3}, 1);
  const Variable k = random_leaf({60, 2, 3}, 2);
  const auto measure = [&](std::int64_t samples, int layers) {
    train::HeadMmd mmd({.samples = samples});
    for (int layer = 0; layer < layers; ++layer) {
      mmd.receive({.queries = q, .keys = k, .query_mask = {}, .key_mask = {}});
    }
    return mmd.value();
  };
  const double all = align::mmd({.queries = q, .keys = k}).value().item();
  CHECK(measure(0, 1) == all);
  CHECK(measure(0, 2) == 2 * all);
  CHECK(measure(20, 1) != all);
  CHECK(measure(20, 1) == measure(20, 1));
}

TEST_CASE("HeadMmd: heads of cross-attention count where that is asked for", "[train][align]") {
  const bool cross = GENERATE(false, true);
  const Variable q = random_leaf({20, 2, 3}, 1);
  const Variable k = random_leaf({15, 2, 3}, 2);
  train::HeadMmd mmd({.cross = cross});
  mmd.receive({.queries = q, .keys = k, .cross = true});
  const double all = align::mmd({.queries = q, .keys = k}).value().item();
  CHECK(mmd.value() == (cross ? all : 0));
}

TEST_CASE("alignment: refuses options out of range", "[train][align]") {
  const auto message = [](const AlignmentOptions& options) {
    return message_of<InvalidArgument>([&] { const AlignmentRegularizer alignment(options); });
  };
  CHECK(message({.weight = -0.01}) == "alignment: weight must be finite and at least 0, got -0.01");
  CHECK(message({.weight = std::nan("")}) ==
        "alignment: weight must be finite and at least 0, got nan");
  CHECK(message({.weight_decay = -1}) ==
        "alignment: weight_decay must be finite and at least 0, got -1");
  CHECK(message({.warmup_steps = -1}) == "alignment: warmup_steps must be at least 0, got -1");
  CHECK(message({.every = 0}) == "alignment: every must be at least 1, got 0");
  CHECK(message({.distance = {.eps = 0}}) == "align: eps must be positive and finite, got 0");
  CHECK(message({.distance = {.support = align::Support::edges}}) ==
        "alignment: support edges needs a graph, got none");
}

TEST_CASE("alignment: refuses models without attention, and layers that come and go",
          "[train][align]") {
  const Toy toy;
  AlignmentRegularizer alignment({});
  CHECK(message_of<InvalidArgument>([&] { (void)toy.fit({&alignment}, 1, GraphModel::gcn); }) ==
        "alignment: the model has no attention layer that reports its heads");

  AlignmentRegularizer hidden({.layers = train::AlignedLayers::hidden});
  report(hidden, 1);
  CHECK(message_of<InvalidArgument>([&] { hidden.initialize(0); }) ==
        "alignment: layers hidden leaves nothing to align in a model of one attention layer");

  AlignmentRegularizer two({});
  report(two, 2);
  two.initialize(0);
  two.begin_step(0, 1);
  report(two, 1);
  CHECK(message_of<ShapeError>([&] { (void)two.loss(); }) ==
        "alignment: expected 2 attention layers to report, as in the first pass, got 1");
}

// A learning rate beyond reason: the error names the epoch and what broke.
TEST_CASE("alignment: training that diverges stops with epoch and loss named", "[train][align]") {
  const Toy toy;
  const models::GraphClassifier model = toy.model();
  AlignmentRegularizer alignment({.distance = {.kind = Kind::mmd}, .weight = 1});
  train::Trainer trainer(model.parameters(), toy.problem.task(model),
                         {.epochs = 50, .patience = 0, .learning_rate = 1e36, .seed = 3},
                         {&alignment});
  const std::string message = message_of<Error>([&] { (void)train::fit(trainer); });
  CAPTURE(message);
  CHECK_THAT(message, Catch::StartsWith("epoch "));
  CHECK_THAT(message, Catch::Contains("finite"));
}

}  // namespace attune::testing
