// What holds for every distance between queries and keys.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "any_distance.hpp"
#include "support/tensors.hpp"
#include <attune/core/random.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

// x with its positions, or its heads, in another order.
Variable reordered(const Variable& x, const std::vector<std::int64_t>& order, int axis) {
  const core::Shape& shape = x.shape();
  Tensor out = Tensor::empty(shape, x.dtype());
  core::dispatch(x.dtype(), [&]<class T>() {
    const std::span<const T> from = x.value().data<T>();
    const std::span<T> to = out.mutable_data<T>();
    for (std::int64_t i = 0; i < shape[0]; ++i) {
      for (std::int64_t h = 0; h < shape[1]; ++h) {
        const std::int64_t source = axis == 0 ? order[i] * shape[1] + h : i * shape[1] + order[h];
        for (std::int64_t c = 0; c < shape[2]; ++c) {
          to[(i * shape[1] + h) * shape[2] + c] = from[source * shape[2] + c];
        }
      }
    }
  });
  return Variable(out, true);
}

std::vector<std::int64_t> shuffled(std::int64_t n, std::uint64_t seed) {
  const core::RandomStream random(seed, core::Purpose::generation);
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < n; ++i) {
    order.insert(order.begin() + static_cast<std::ptrdiff_t>(random.below(i, i + 1)), i);
  }
  return order;
}

std::vector<double> terms(const AnyDistance& distance, const align::Clouds& clouds) {
  Tensor per_head;
  (void)distance.loss(clouds, &per_head);
  return values(per_head);
}

// A batch of four samples: of usual size, of one position, without a valid one, with holes.
struct Batch {
  std::vector<std::int64_t> segments{0, 5, 6, 9, 14};
  std::vector<std::uint8_t> mask{1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0};

  [[nodiscard]] align::Clouds clouds(const Variable& q, const Variable& k) const {
    return {.queries = q,
            .keys = k,
            .query_mask = mask,
            .key_mask = mask,
            .query_segments = segments,
            .key_segments = segments};
  }
};

}  // namespace

TEST_CASE("distances: the order of positions and heads does not matter", "[align][property]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 4);
  const Variable q = random_leaf({100, 3, 4}, 1);
  const Variable k = random_leaf({70, 3, 4}, 2);
  const std::vector<double> before = terms(distance, {.queries = q, .keys = k});
  const std::vector<double> after = terms(distance, {.queries = reordered(q, shuffled(100, 5), 0),
                                                     .keys = reordered(k, shuffled(70, 6), 0)});
  const std::vector<std::int64_t> heads{2, 0, 1};
  const std::vector<double> turned =
      terms(distance, {.queries = reordered(q, heads, 1), .keys = reordered(k, heads, 1)});
  for (std::size_t h = 0; h < 3; ++h) {
    CHECK(after[h] == Approx(before[h]).epsilon(1e-11));
    CHECK(turned[h] == before[heads[h]]);
  }
}

TEST_CASE("distances: masked positions may hold anything", "[align][property]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 3);
  const Batch batch;
  const auto evaluate = [&](double filling) {
    std::vector<Tensor> found;
    Variable sides[2];
    for (std::uint64_t s = 0; s < 2; ++s) {
      Tensor x = random_tensor({14, 2, 3}, s + 1);
      for (std::size_t i = 0; i < batch.mask.size(); ++i) {
        for (std::size_t c = 0; batch.mask[i] == 0 && c < 6; ++c) {
          x.mutable_data<double>()[i * 6 + c] = filling;
        }
      }
      sides[s] = Variable(x, true);
    }
    const Variable loss = distance.loss(batch.clouds(sides[0], sides[1]), nullptr);
    autograd::backward(loss);
    return std::vector<Tensor>{loss.value(), sides[0].grad(), sides[1].grad()};
  };
  const std::vector<Tensor> zeros = evaluate(0);
  const std::vector<Tensor> nans = evaluate(std::nan(""));
  for (std::size_t i = 0; i < zeros.size(); ++i) {
    CHECK(same_bits(zeros[i], nans[i]));
  }
  const std::vector<double> grad = values(nans[1]);
  for (std::size_t i = 0; i < batch.mask.size(); ++i) {
    for (std::size_t c = 0; batch.mask[i] == 0 && c < 6; ++c) {
      CHECK(grad[i * 6 + c] == 0);
    }
  }
}

TEST_CASE("distances: a batch is the mean of its samples", "[align][property]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 3);
  const Variable q = random_leaf({14, 2, 3}, 1);
  const Variable k = random_leaf({14, 2, 3}, 2);
  const Batch batch;
  double sum = 0;
  for (std::size_t s = 0; s < 4; ++s) {
    std::vector<std::uint8_t> only = batch.mask;
    for (std::int64_t i = 0; i < 14; ++i) {
      if (i < batch.segments[s] || i >= batch.segments[s + 1]) {
        only[i] = 0;
      }
    }
    sum += distance.loss({.queries = q, .keys = k, .query_mask = only, .key_mask = only}, nullptr)
               .value()
               .item();
  }
  const double mean = distance.loss(batch.clouds(q, k), nullptr).value().item();
  CHECK(mean == Approx(sum / 4).epsilon(1e-12));
}

TEST_CASE("distances: gradients of masked batches", "[align][gradient]") {
  // The plan gradient of ot is not that of its loss; unit/align checks it where it is.
  const std::string name = GENERATE("gan", "ct", "mmd");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 3);
  const Variable q = random_leaf({14, 2, 3}, 1);
  const Variable k = random_leaf({14, 2, 3}, 2);
  const Batch batch;
  std::vector<autograd::NamedInput> inputs{{"queries", q}, {"keys", k}};
  for (const align::Parameter& parameter : distance.parameters) {
    inputs.push_back({parameter.name, parameter.variable});
  }
  require_gradients([&] { return distance.loss(batch.clouds(q, k), nullptr); }, inputs);
}

TEST_CASE("distances: same bits on any number of threads", "[align][property]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  require_same_bits_on_any_threads([&] {
    const AnyDistance distance = any_distance(name, 8, core::DType::f32);
    const Variable q = random_leaf({1200, 3, 8}, 1, core::DType::f32);
    const Variable k = random_leaf({900, 3, 8}, 2, core::DType::f32);
    Tensor per_head;
    const Variable loss = distance.loss({.queries = q, .keys = k}, &per_head);
    autograd::backward(loss);
    std::vector<Tensor> found{loss.value(), per_head, q.grad(), k.grad()};
    for (const align::Parameter& parameter : distance.parameters) {
      found.push_back(parameter.variable.grad());
    }
    return found;
  });
}

// Adam and its kind descend along what they receive.
TEST_CASE("distances: a step against the gradient raises the loss for ascending players alone",
          "[align][property]") {
  const std::string name = GENERATE("gan", "ct");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 4, core::DType::f64, 1);
  const Variable q = random_leaf({60, 2, 4}, 1);
  const Variable k = random_leaf({50, 2, 4}, 2);
  const align::Clouds clouds{.queries = q, .keys = k};
  const auto loss = [&] { return distance.loss(clouds, nullptr).value().item(); };
  autograd::backward(distance.loss(clouds, nullptr));
  const double before = loss();
  const auto change = [&](Variable variable) {
    const Tensor kept = variable.value().clone();
    const std::span<const double> grad = variable.grad().data<double>();
    double length = 0;
    for (const double g : grad) {
      length += g * g;
    }
    for (std::size_t i = 0; i < grad.size(); ++i) {
      variable.mutable_value().mutable_data<double>()[i] -= 1e-3 * grad[i] / std::sqrt(length);
    }
    const double after = loss();
    variable.set_value(kept);
    return after - before;
  };
  for (const align::Parameter& parameter : distance.parameters) {
    CAPTURE(parameter.name);
    CHECK((change(parameter.variable) > 0) == parameter.ascends);
  }
  CHECK(change(q) < 0);
  CHECK(change(k) < 0);
}

TEST_CASE("distances: what is not asked for costs no gradient", "[align][property]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 4);
  const Variable q(random_tensor({40, 2, 4}, 1));
  const Variable k = random_leaf({50, 2, 4}, 2);
  const Variable both = random_leaf({40, 2, 4}, 1);
  const Variable loss = distance.loss({.queries = q, .keys = k}, nullptr);
  autograd::backward(loss);
  const Tensor alone = k.grad().clone();
  CHECK_FALSE(q.grad().defined());
  Variable again = k;
  again.zero_grad();
  autograd::backward(distance.loss({.queries = both, .keys = k}, nullptr));
  CHECK(same_bits(k.grad(), alone));
  const autograd::NoGradScope no_grad;
  CHECK_FALSE(distance.loss({.queries = both, .keys = k}, nullptr).requires_grad());
}

}  // namespace attune::testing
