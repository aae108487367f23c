#pragma once

#include <cstdint>
#include <vector>

#include <attune/core/random.hpp>
#include <attune/nn/module.hpp>
#include <attune/ops/dropout.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/train/trainer.hpp>

namespace attune::testing {

/// dropout(x) W + b.
class ToyModel final : public nn::Module {
 public:
  explicit ToyModel(std::uint64_t seed, std::int64_t channels = 8, std::int64_t classes = 3) {
    const core::RandomStream random(seed, core::Purpose::initialization);
    std::vector<float> values(static_cast<std::size_t>(channels * classes));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(random.uniform(i) - 0.5);
    }
    weight_ = register_parameter("weight", core::Tensor::from(values, {channels, classes}));
    bias_ = register_parameter("bias", core::Tensor::zeros({classes}));
  }

  [[nodiscard]] Variable forward(const Variable& x, nn::ForwardContext& context) const {
    const Variable kept = context.training() ? ops::dropout(x, 0.4, context.next_stream()) : x;
    return ops::add_bias(ops::matmul(kept, weight_), bias_);
  }

 private:
  Variable weight_;
  Variable bias_;
};

/// Three clouds of points that overlap: can be learned, but not to the end.
struct ToyData {
  explicit ToyData(std::int64_t rows = 120, std::int64_t channels = 8) {
    const core::RandomStream random(3, core::Purpose::generation);
    std::vector<float> values(static_cast<std::size_t>(rows * channels));
    for (std::int64_t i = 0; i < rows; ++i) {
      labels.push_back(static_cast<std::int32_t>(i % 3));
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto at = static_cast<std::size_t>(i * channels + c);
        values[at] = static_cast<float>(random.normal(at) + (c == i % 3 ? 1.5 : 0.0));
      }
      (i < rows / 4 ? train : i < rows / 2 ? validation : test).push_back(i);
    }
    x = Variable(core::Tensor::from(values, {rows, channels}));
  }

  [[nodiscard]] train::ClassificationTask task(const ToyModel& model) const {
    return {.logits = [this, &model](nn::ForwardContext& c) { return model.forward(x, c); },
            .labels = labels,
            .train = train,
            .validation = validation,
            .test = test};
  }

  Variable x;
  std::vector<std::int32_t> labels;
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  std::vector<std::int64_t> test;
};

}  // namespace attune::testing
