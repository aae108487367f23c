#include "reference_layer.hpp"

#include <map>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/transformer_conv.hpp>

namespace attune::testing {

using core::DType;
using core::Tensor;

namespace {

// Our name of each parameter, and the reference's. There, matrices are named w and stored [out,
// in].
using Names = std::vector<std::pair<const char*, const char*>>;

const Names& names_of(const std::string& kind) {
  static const std::map<std::string, Names> names = {
      {"gat", {{"weight", "w"}, {"att_src", "att_src"}, {"att_dst", "att_dst"}, {"bias", "bias"}}},
      {"gatv2",
       {{"src_weight", "w_src"},
        {"src_bias", "b_src"},
        {"dst_weight", "w_dst"},
        {"dst_bias", "b_dst"},
        {"att", "att"},
        {"bias", "bias"}}},
      {"transformer",
       {{"query_weight", "w_query"},
        {"query_bias", "b_query"},
        {"key_weight", "w_key"},
        {"key_bias", "b_key"},
        {"value_weight", "w_value"},
        {"value_bias", "b_value"},
        {"skip_weight", "w_skip"},
        {"skip_bias", "b_skip"}}}};
  return names.at(kind);
}

Tensor transposed(const Tensor& matrix) {
  const std::int64_t rows = matrix.size(0);
  const std::int64_t columns = matrix.size(1);
  Tensor result = Tensor::empty({columns, rows}, DType::f64);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t c = 0; c < columns; ++c) {
      result.mutable_data<double>()[c * rows + i] = matrix.data<double>()[i * columns + c];
    }
  }
  return result;
}

Tensor read(const Fixture& fixture, const std::string& prefix, const std::string& name) {
  const Tensor value = fixture.tensor(prefix + name);
  return name.front() == 'w' ? transposed(value) : value;
}

template <class Layer, class Options>
std::unique_ptr<nn::GraphLayer> make(const ReferenceLayerShape& shape) {
  nn::Initializer init(0);
  Options options;
  options.in_channels = shape.in_channels;
  options.out_channels = shape.out_channels;
  options.heads = shape.heads;
  options.concat = shape.concat;
  options.activation = shape.activation;
  options.expect_self_loops = false;
  return std::make_unique<Layer>(options, init);
}

std::unique_ptr<nn::GraphLayer> make(const std::string& kind, const ReferenceLayerShape& shape) {
  if (kind == "gat") {
    return make<nn::GATConv, nn::GATConvOptions>(shape);
  }
  if (kind == "gatv2") {
    return make<nn::GATv2Conv, nn::GATv2ConvOptions>(shape);
  }
  return make<nn::TransformerConv, nn::TransformerConvOptions>(shape);
}

}  // namespace

ReferenceLayer::ReferenceLayer(const std::string& kind, const ReferenceLayerShape& shape,
                               const Fixture& fixture, const std::string& prefix, DType dtype)
    : kind_(kind), prefix_(prefix), layer_(make(kind, shape)) {
  REQUIRE(layer_->parameters().size() == names_of(kind).size());
  for (const auto& [ours, theirs] : names_of(kind)) {
    parameter(*layer_, ours).set_value(read(fixture, "param_" + prefix, theirs).to(dtype));
  }
}

void ReferenceLayer::check_gradients(const Fixture& fixture, const std::string& gradient,
                                     double tolerance) const {
  for (const auto& [ours, theirs] : names_of(kind_)) {
    CAPTURE(kind_, prefix_, ours);
    const Tensor found = parameter(*layer_, ours).grad().to(DType::f64);
    CHECK(max_difference(found, read(fixture, gradient + "_" + prefix_, theirs)) < tolerance);
  }
}

}  // namespace attune::testing
