#include "cosine_conv.hpp"

#include <cmath>
#include <optional>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/heads.hpp>
#include <attune/sparse/dot_attention.hpp>

using namespace attune;

namespace {

constexpr double kShortest = 1e-12;
constexpr std::int64_t kGrain = 1024;  // vectors a task

// Calls f(x, y, z) with the T* of each vector of `channels` elements, in parallel. Every vector is
// computed on its own, so the bits do not depend on the number of threads.
template <class T, class F>
void for_each_vector(const core::Tensor& x, const core::Tensor& y, core::Tensor& z, const F& f) {
  const std::int64_t channels = x.size(2);
  const T* from = x.data<T>().data();
  const T* also = y.data<T>().data();
  T* to = z.mutable_data<T>().data();
  core::parallel_for(x.size(0) * x.size(1), kGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t v = begin; v < end; ++v) {
      f(from + v * channels, also + v * channels, to + v * channels);
    }
  });
}

template <class T>
T dot(const T* x, const T* y, std::int64_t channels) {
  T sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    sum += x[c] * y[c];
  }
  return sum;
}

}  // namespace

Variable unit_heads(const Variable& x) {
  if (x.shape().rank() != 3) {
    throw ShapeError(
        core::text("unit_heads: x must be [n, heads, channels], got ", x.shape().to_string()));
  }
  const core::Tensor input = x.value();
  const std::int64_t channels = input.size(2);
  core::Tensor unit = core::Tensor::empty(input.shape(), input.dtype());
  core::dispatch(input.dtype(), [&]<class T>() {
    for_each_vector<T>(input, input, unit, [=](const T* in, const T*, T* out) {
      const T length = std::sqrt(dot(in, in, channels));
      for (std::int64_t c = 0; c < channels; ++c) {
        out[c] = length > T(kShortest) ? in[c] / length : T(0);
      }
    });
  });
  // d|x| leaves out what points along x: dx = (g - u (u . g)) / |x|.
  return autograd::record(
      "unit_heads", unit, {x},
      [input, unit, channels](autograd::Node& node, const core::Tensor& grad_output) {
        core::Tensor grad = grad_output.clone();
        core::dispatch(input.dtype(), [&]<class T>() {
          for_each_vector<T>(input, unit, grad, [=](const T* in, const T* u, T* g) {
            const T length = std::sqrt(dot(in, in, channels));
            const T along = dot(u, g, channels);
            for (std::int64_t c = 0; c < channels; ++c) {
              g[c] = length > T(kShortest) ? (g[c] - u[c] * along) / length : T(0);
            }
          });
        });
        node.add_grad(0, grad);
      });
}

CosineConv::CosineConv(const CosineConvOptions& options, nn::Initializer& init)
    : options_(options), dropout_(options.dropout) {
  if (options.in_channels < 1 || options.out_channels < 1 || options.heads < 1) {
    throw InvalidArgument("CosineConv: in_channels, out_channels and heads must be at least 1");
  }
  const std::int64_t in = options.in_channels;
  const std::int64_t width = options.heads * options.out_channels;
  query_weight_ = register_parameter("query_weight", init.glorot_uniform({in, width}, in, width));
  key_weight_ = register_parameter("key_weight", init.glorot_uniform({in, width}, in, width));
  value_weight_ = register_parameter("value_weight", init.glorot_uniform({in, width}, in, width));
  scale_ =
      register_parameter("scale", core::Tensor::full({options.heads, options.out_channels}, 4));
}

std::int64_t CosineConv::output_channels() const noexcept {
  return options_.heads * options_.out_channels;
}

Variable CosineConv::forward(const nn::Features& x, const graph::Graph& graph,
                             nn::ForwardContext& ctx) const {
  if (nn::num_rows(x) != graph.num_src() || nn::num_channels(x) != options_.in_channels) {
    throw ShapeError(core::text("CosineConv::forward: x must be [", graph.num_src(), ", ",
                                options_.in_channels, "], got [", nn::num_rows(x), ", ",
                                nn::num_channels(x), "]"));
  }
  const nn::Features input = dropout_.forward(x, ctx);
  const auto heads_of = [&](const Variable& weight, std::int64_t num_rows) {
    return ops::reshape(nn::project(input, weight, num_rows),
                        {num_rows, options_.heads, options_.out_channels});
  };
  const Variable queries = unit_heads(heads_of(query_weight_, graph.num_dst()));
  const Variable keys = unit_heads(heads_of(key_weight_, graph.num_src()));
  const Variable values = heads_of(value_weight_, graph.num_src());

  // All that alignment, reports and measurements need of a layer.
  if (ctx.head_sink != nullptr) {
    ctx.head_sink->receive({.queries = queries, .keys = keys, .query_mask = {}, .key_mask = {}});
  }

  // dot_attention() divides by sqrt(out_channels), which is taken back here.
  const double undo = std::sqrt(static_cast<double>(options_.out_channels));
  const Variable scaled = ops::head_scale(queries, ops::scale(scale_, undo));
  std::optional<core::RandomStream> stream;
  if (ctx.training() && options_.dropout > 0) {
    stream = ctx.next_stream();
  }
  core::Tensor alpha;
  const Variable out = sparse::dot_attention(
      graph, scaled, keys, values, {.dropout = options_.dropout}, stream ? &*stream : nullptr,
      ctx.attention_sink != nullptr ? &alpha : nullptr);
  if (ctx.attention_sink != nullptr) {
    ctx.attention_sink->receive(alpha);
  }
  return ops::reshape(out, {graph.num_dst(), output_channels()});
}
