#include <cmath>

#include <attune/align/network.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using core::Tensor;

namespace {

void check(const NetworkOptions& options) {
  const auto fail = [](const char* what, double found) {
    throw InvalidArgument(core::text("align: ", what, ", got ", found));
  };
  if (options.channels < 1) {
    fail("channels must be at least 1", static_cast<double>(options.channels));
  }
  if (options.hidden < 1) {
    fail("hidden must be at least 1", static_cast<double>(options.hidden));
  }
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    fail("dropout must be in [0, 1)", options.dropout);
  }
}

// Draws the parameters of one network, a stream each.
class Maker {
 public:
  Maker(Initialization init, const core::RandomStream& random, core::DType dtype)
      : init_(init), random_(random), dtype_(dtype) {}

  Variable weight(std::int64_t out, std::int64_t in) {
    const core::RandomStream stream = random_.with_stream(random_.stream() + streams_++);
    Tensor values = Tensor::empty({out, in}, core::DType::f64);
    const double bound = std::sqrt(6.0 / static_cast<double>(in + out));
    std::uint64_t i = 0;
    for (double& value : values.mutable_data<double>()) {
      value = init_ == Initialization::glorot ? bound * (2 * stream.uniform(i) - 1)
                                              : 0.02 * stream.normal(i);
      ++i;
    }
    return Variable(values.to(dtype_), true);
  }

  [[nodiscard]] Variable bias(std::int64_t out) const {
    return Variable(Tensor::zeros({out}, dtype_), true);
  }

 private:
  Initialization init_;
  core::RandomStream random_;
  core::DType dtype_;
  std::uint32_t streams_ = 0;
};

Network make(const NetworkOptions& options, std::int64_t out, bool highway,
             const core::RandomStream& random, core::DType dtype) {
  check(options);
  Maker maker(options.init, random, dtype);
  Network network;
  network.options = options;
  if (highway) {
    network.gate_w = maker.weight(options.channels, options.channels);
    network.gate_b = maker.bias(options.channels);
    if (!options.tie_highway) {
      network.trans_w = maker.weight(options.channels, options.channels);
      network.trans_b = maker.bias(options.channels);
    }
  }
  network.fc1_w = maker.weight(options.hidden, options.channels);
  network.fc1_b = maker.bias(options.hidden);
  network.fc2_w = maker.weight(out, options.hidden);
  network.fc2_b = maker.bias(out);
  return network;
}

}  // namespace

Network make_discriminator(const NetworkOptions& options, const core::RandomStream& random,
                           core::DType dtype) {
  return make(options, 1, true, random, dtype);
}

Network make_critic(const NetworkOptions& options, const core::RandomStream& random,
                    core::DType dtype) {
  return make(options, options.hidden, true, random, dtype);
}

Network make_navigator(const NetworkOptions& options, const core::RandomStream& random,
                       core::DType dtype) {
  return make(options, options.hidden, false, random, dtype);
}

ParameterList named_parameters(const Network& network, bool ascends) {
  if (!network.has_highway()) {
    return {{"nav1_w", network.fc1_w, ascends},
            {"nav1_b", network.fc1_b, ascends},
            {"nav2_w", network.fc2_w, ascends},
            {"nav2_b", network.fc2_b, ascends}};
  }
  ParameterList parameters{{"gate_w", network.gate_w, ascends},
                           {"gate_b", network.gate_b, ascends}};
  if (network.trans_w.defined()) {
    parameters.push_back({"trans_w", network.trans_w, ascends});
    parameters.push_back({"trans_b", network.trans_b, ascends});
  }
  parameters.push_back({"fc1_w", network.fc1_w, ascends});
  parameters.push_back({"fc1_b", network.fc1_b, ascends});
  parameters.push_back({"fc2_w", network.fc2_w, ascends});
  parameters.push_back({"fc2_b", network.fc2_b, ascends});
  return parameters;
}

}  // namespace attune::align
