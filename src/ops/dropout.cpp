#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "ops/dropout_block.hpp"
#include "ops/kernels.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/dropout.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

constexpr std::int64_t kChunk = 2048;  // elements whose random words are drawn at once, 4 KiB
constexpr std::uint32_t kLanes = 65536;

// Blocks start at a multiple of eight elements, four words, as RandomStream::words asks.
static_assert(kChunk % 8 == 0 && kElementGrain % kChunk == 0);

}  // namespace

template <class T>
void drop_block(const core::RandomStream& stream, DropoutRate rate, const T* x, T* out,
                std::uint8_t* keep, std::int64_t begin, std::int64_t end) {
  std::array<std::uint32_t, kChunk / 2> words;
  for (std::int64_t i = begin; i < end; i += kChunk) {
    const std::int64_t n = std::min(kChunk, end - i);
    stream.words(static_cast<std::uint64_t>(i / 2),
                 std::span(words).first(static_cast<std::size_t>((n + 1) / 2)));
    kernels::dropout<T>(words.data(), rate.threshold, static_cast<T>(rate.scale), x + (i - begin),
                        out + (i - begin), keep + (i - begin), n);
  }
}

template void drop_block(const core::RandomStream&, DropoutRate, const float*, float*,
                         std::uint8_t*, std::int64_t, std::int64_t);
template void drop_block(const core::RandomStream&, DropoutRate, const double*, double*,
                         std::uint8_t*, std::int64_t, std::int64_t);

Tensor masked(const Tensor& x, const core::PoolArray<std::uint8_t>& keep, double scale) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(x.num_elements(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels::apply_mask<T>(keep.data() + begin, static_cast<T>(scale), in + begin, to + begin,
                             end - begin);
    });
  });
  return out;
}

DropoutRate DropoutRate::of(double p, const char* who) {
  if (!(p >= 0 && p < 1)) {  // so that NaN is refused
    throw InvalidArgument(core::text(who, ": p must be in [0, 1), got ", p));
  }
  const auto threshold = std::min(kLanes - 1, static_cast<std::uint32_t>(std::lround(p * kLanes)));
  return {threshold, static_cast<double>(kLanes) / (kLanes - threshold)};
}

Variable dropout(const Variable& x, double p, const core::RandomStream& stream) {
  const DropoutRate rate = DropoutRate::of(p, "ops::dropout");
  if (!rate.active()) {
    return x;
  }
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  core::PoolArray<std::uint8_t> keep(x.value().num_elements());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.value().data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(
        out.num_elements(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
          drop_block<T>(stream, rate, in + begin, to + begin, keep.data() + begin, begin, end);
        });
  });
  return record(
      "dropout", std::move(out), {x},
      [keep = std::move(keep), factor = rate.scale](Node& node, const Tensor& grad_output) {
        node.add_grad(0, masked(grad_output, keep, factor));
      });
}

}  // namespace attune::ops
