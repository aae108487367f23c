#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "ops/attention_kernels.hpp"
#include "ops/checks.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/attention.hpp>
#include <attune/ops/dropout.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

using Starts = std::vector<std::int64_t, core::PoolAllocator<std::int64_t>>;

// Where the samples stand: in the rows, and in the pairs of a query and a key.
struct Samples {
  Starts queries;       // [samples + 1]
  Starts keys;          // the same
  Starts pairs;         // the same
  Starts dropout_rows;  // [samples + 1], lanes of one head before the sample; multiples of eight

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(keys.size()) - 1; }
};

constexpr std::int64_t lanes_of_row(std::int64_t num_keys) {
  return (num_keys + 7) / 8 * 8;
}

Samples samples_of(Segments query_segments, Segments key_segments) {
  Samples s;
  s.queries.assign(query_segments.begin(), query_segments.end());
  s.keys.assign(key_segments.begin(), key_segments.end());
  s.pairs.push_back(0);
  s.dropout_rows.push_back(0);
  for (std::size_t i = 0; i + 1 < s.keys.size(); ++i) {
    const std::int64_t n = s.queries[i + 1] - s.queries[i];
    const std::int64_t m = s.keys[i + 1] - s.keys[i];
    s.pairs.push_back(s.pairs.back() + n * m);
    s.dropout_rows.push_back(s.dropout_rows.back() + n * lanes_of_row(m));
  }
  return s;
}

struct Dropout {
  DropoutRate rate;
  core::RandomStream stream;
};

// Everything that both passes need.
struct Attention {
  Tensor queries;
  Tensor keys;
  Tensor values;
  Samples samples;
  Dropout dropout;

  [[nodiscard]] std::int64_t heads() const { return queries.size(1); }
  [[nodiscard]] std::int64_t channels() const { return queries.size(2); }
  [[nodiscard]] std::int64_t row() const { return heads() * channels(); }

  template <class T>
  [[nodiscard]] kernels::HeadAttention<T> head(std::int64_t sample, std::int64_t h) const {
    const std::int64_t q = samples.queries[sample];
    const std::int64_t k = samples.keys[sample];
    const std::int64_t m = samples.keys[sample + 1] - k;
    const std::int64_t offset = h * channels();
    return {.queries = {queries.data<T>().data() + q * row() + offset, row()},
            .keys = {keys.data<T>().data() + k * row() + offset, row()},
            .values = {values.data<T>().data() + k * row() + offset, row()},
            .num_queries = samples.queries[sample + 1] - q,
            .num_keys = m,
            .channels = channels(),
            .scale = 1 / std::sqrt(static_cast<double>(channels())),
            .dropout = {.stream = dropout.rate.active() ? &dropout.stream : nullptr,
                        .first = static_cast<std::uint64_t>(h * samples.dropout_rows.back() +
                                                            samples.dropout_rows[sample]),
                        .stride = lanes_of_row(m),
                        .threshold = dropout.rate.threshold,
                        .scale = dropout.rate.scale}};
  }

  // f(sample, head) for all of them.
  template <class F>
  void for_each_head(F f) const {
    constexpr std::int64_t kTaskWork = 1 << 18;  // multiply-adds worth a task
    const std::int64_t count = samples.count() * heads();
    const std::int64_t work =
        samples.pairs.back() / std::max<std::int64_t>(1, samples.count()) * channels();
    core::parallel_for(count,
                       std::max<std::int64_t>(1, kTaskWork / std::max<std::int64_t>(1, work)),
                       [&](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           f(i / heads(), i % heads());
                         }
                       });
  }
};

template <class T>
kernels::HeadRows<T> rows_of(T* data, const Attention& a, std::int64_t first, std::int64_t h) {
  return {data + first * a.row() + h * a.channels(), a.row()};
}

template <class T>
void run_forward(const Attention& a, Tensor& out, Tensor& log_sums) {
  T* to = out.mutable_data<T>().data();
  T* sums = log_sums.mutable_data<T>().data();
  a.for_each_head([&](std::int64_t sample, std::int64_t h) {
    const std::int64_t q = a.samples.queries[sample];
    kernels::attend<T>(a.head<T>(sample, h), rows_of(to, a, q, h),
                       sums + h * a.queries.size(0) + q);
  });
}

template <class T>
Tensor coefficients_of(const Attention& a, const Tensor& log_sums) {
  Tensor alpha = Tensor::empty({a.samples.pairs.back(), a.heads()}, a.queries.dtype());
  T* to = alpha.mutable_data<T>().data();
  const T* sums = log_sums.data<T>().data();
  a.for_each_head([&](std::int64_t sample, std::int64_t h) {
    kernels::coefficients<T>(a.head<T>(sample, h),
                             sums + h * a.queries.size(0) + a.samples.queries[sample],
                             to + a.samples.pairs[sample] * a.heads() + h, a.heads());
  });
  return alpha;
}

struct Gradients {
  Tensor queries;
  Tensor keys;
  Tensor values;
};

template <class T>
Gradients run_backward(const Attention& a, const Tensor& out, const Tensor& log_sums,
                       const Tensor& grad_out) {
  Gradients g{Tensor::empty(a.queries.shape(), a.queries.dtype()),
              Tensor::empty(a.keys.shape(), a.keys.dtype()),
              Tensor::empty(a.values.shape(), a.values.dtype())};
  T* grad_q = g.queries.mutable_data<T>().data();
  T* grad_k = g.keys.mutable_data<T>().data();
  T* grad_v = g.values.mutable_data<T>().data();
  const T* y = out.data<T>().data();
  const T* grad_y = grad_out.data<T>().data();
  const T* sums = log_sums.data<T>().data();
  a.for_each_head([&](std::int64_t sample, std::int64_t h) {
    const std::int64_t q = a.samples.queries[sample];
    const std::int64_t k = a.samples.keys[sample];
    kernels::attend_backward<T>(a.head<T>(sample, h), sums + h * a.queries.size(0) + q,
                                {.out = rows_of(y, a, q, h),
                                 .grad_out = rows_of(grad_y, a, q, h),
                                 .queries = rows_of(grad_q, a, q, h),
                                 .keys = rows_of(grad_k, a, k, h),
                                 .values = rows_of(grad_v, a, k, h)});
  });
  return g;
}

void check_shapes(const Tensor& q, const Tensor& k, const Tensor& v) {
  const char* who = "ops::attention";
  require_rank(q, 3, who, "queries", "[num_queries, heads, channels]");
  require_rank(k, 3, who, "keys", "[num_keys, heads, channels]");
  core::require_shape(k, {k.size(0), q.size(1), q.size(2)}, who, "keys");
  core::require_shape(v, k.shape(), who, "values");
  core::require_same_dtype(q, k, who);
  core::require_same_dtype(q, v, who);
  if (q.size(1) < 1 || q.size(2) < 1) {
    throw ShapeError(
        core::text(who, ": queries must have a head and a channel, got ", q.shape().to_string()));
  }
}

}  // namespace

void require_segments(Segments starts, std::int64_t num_rows, const char* who, const char* what) {
  if (starts.empty() || starts.front() != 0 || starts.back() != num_rows ||
      !std::ranges::is_sorted(starts)) {
    throw InvalidArgument(core::text(who, ": ", what, " must ascend from 0 to ", num_rows));
  }
}

Variable attention(const Variable& queries, const Variable& keys, const Variable& values,
                   Segments query_segments, Segments key_segments,
                   const AttentionOptions& options) {
  const char* who = "ops::attention";
  check_shapes(queries.value(), keys.value(), values.value());
  require_segments(query_segments, queries.shape()[0], who, "query_segments");
  require_segments(key_segments, keys.shape()[0], who, "key_segments");
  if (query_segments.size() != key_segments.size()) {
    throw InvalidArgument(core::text(who, ": expected keys of ", query_segments.size() - 1,
                                     " samples, got ", key_segments.size() - 1));
  }
  const DropoutRate rate = DropoutRate::of(options.stream != nullptr ? options.dropout : 0, who);
  Attention a{queries.value(),
              keys.value(),
              values.value(),
              samples_of(query_segments, key_segments),
              {rate, options.stream != nullptr ? *options.stream
                                               : core::RandomStream(0, core::Purpose::dropout)}};
  Tensor out = Tensor::empty(queries.shape(), queries.dtype());
  Tensor log_sums = Tensor::empty({a.heads(), queries.shape()[0]}, queries.dtype());
  dispatch(queries.dtype(), [&]<class T>() {
    run_forward<T>(a, out, log_sums);
    if (options.alpha != nullptr) {
      *options.alpha = coefficients_of<T>(a, log_sums);
    }
  });
  return record("attention", out, {queries, keys, values},
                [a = std::move(a), y = out, log_sums](Node& node, const Tensor& grad_output) {
                  Gradients g = dispatch(y.dtype(), [&]<class T>() {
                    return run_backward<T>(a, y, log_sums, grad_output);
                  });
                  node.add_grad(0, std::move(g.queries));
                  node.add_grad(1, std::move(g.keys));
                  node.add_grad(2, std::move(g.values));
                });
}

}  // namespace attune::ops
