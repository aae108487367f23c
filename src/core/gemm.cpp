#include <algorithm>

#include "core/onednn.hpp"
#include <attune/core/gemm.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/tensor.hpp>

namespace attune::core {
namespace {

constexpr std::int64_t kInnerStep = 512;      // rows of a weight gradient that one product sums
constexpr std::int64_t kMostPartials = 64;    // sums of such products that are kept apart
constexpr std::int64_t kTileWork = 1 << 20;   // multiply-adds that are worth a task, about 10 us
constexpr std::int64_t kNarrow = 32;          // columns below which a product takes as long as this
constexpr std::int64_t kMostSplit = 1 << 16;  // elements of C up to which k is split

std::int64_t round_up(std::int64_t n, std::int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

MatmulTile whole(const GemmShape& s) {
  return {.m = s.m,
          .n = s.n,
          .k = s.k,
          .lda = s.transpose_a ? s.m : s.k,
          .ldb = s.transpose_b ? s.k : s.n,
          .ldc = s.n,
          .transpose_a = s.transpose_a,
          .transpose_b = s.transpose_b,
          .accumulate = s.accumulate};
}

void finish_block(const GemmFinish* finish, const GemmBlock& block) {
  if (finish != nullptr) {
    (*finish)(block);
  }
}

// Rows of C in blocks of a size that only the shape decides.
void split_rows(const GemmShape& s, const float* a, const float* b, float* c,
                const GemmFinish* finish) {
  const std::int64_t rows =
      round_up(std::max<std::int64_t>(64, kTileWork / (s.k * std::max(s.n, kNarrow))), 64);
  const MatmulTile base = whole(s);
  parallel_for(s.m, rows, [&](std::int64_t begin, std::int64_t end) {
    MatmulTile tile = base;
    tile.m = end - begin;
    run_matmul_tile(tile, a + begin * (s.transpose_a ? 1 : s.k), b, c + begin * s.n);
    finish_block(finish, {begin, end, 0, s.n});
  });
}

// Columns of C likewise, for few rows and many columns.
void split_columns(const GemmShape& s, const float* a, const float* b, float* c,
                   const GemmFinish* finish) {
  const std::int64_t columns = round_up(std::max<std::int64_t>(64, kTileWork / (s.k * s.m)), 64);
  const MatmulTile base = whole(s);
  parallel_for(s.n, columns, [&](std::int64_t begin, std::int64_t end) {
    MatmulTile tile = base;
    tile.n = end - begin;
    run_matmul_tile(tile, a, b + begin * (s.transpose_b ? s.k : 1), c + begin);
    finish_block(finish, {0, s.m, begin, end});
  });
}

// A long sum into a small result: fixed chunks of k, partial products added in their order.
void split_inner(const GemmShape& s, const float* a, const float* b, float* c) {
  const std::int64_t rows = round_up((s.k + kMostPartials - 1) / kMostPartials, kInnerStep);
  const std::int64_t chunks = (s.k + rows - 1) / rows;
  const std::int64_t size = s.m * s.n;
  Tensor partials = Tensor::empty({chunks, size});
  const std::span<float> all = partials.mutable_data<float>();
  const MatmulTile base = whole(s);
  parallel_for(s.k, rows, [&](std::int64_t begin, std::int64_t end) {
    float* const sum = all.data() + begin / rows * size;
    MatmulTile tile = base;
    for (std::int64_t row = begin; row < end; row += kInnerStep) {
      tile.k = std::min(kInnerStep, end - row);
      tile.accumulate = row > begin;
      run_matmul_tile(tile, a + row * (s.transpose_a ? s.m : 1),
                      b + row * (s.transpose_b ? 1 : s.n), sum);
    }
  });
  parallel_for(size, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float sum = s.accumulate ? c[i] : 0.0F;
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
        sum += all[chunk * size + i];
      }
      c[i] = sum;
    }
  });
}

// The plain form: what the fast one is tested against, and what float64 checks run on.
template <class T>
void plain_gemm(const GemmShape& s, const T* a, const T* b, T* c) {
  parallel_for(s.m, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t j = 0; j < s.n; ++j) {
        T sum = s.accumulate ? c[i * s.n + j] : T(0);
        for (std::int64_t l = 0; l < s.k; ++l) {
          sum += (s.transpose_a ? a[l * s.m + i] : a[i * s.k + l]) *
                 (s.transpose_b ? b[j * s.k + l] : b[l * s.n + j]);
        }
        c[i * s.n + j] = sum;
      }
    }
  });
}

void fast_gemm(const GemmShape& s, const float* a, const float* b, float* c,
               const GemmFinish* finish) {
  if (s.k >= 2 * kInnerStep && s.m * s.n <= kMostSplit && s.m <= 4 * kInnerStep) {
    split_inner(s, a, b, c);
    finish_block(finish, {0, s.m, 0, s.n});
  } else if (s.m <= 64 && s.n > 256) {
    split_columns(s, a, b, c, finish);
  } else {
    split_rows(s, a, b, c, finish);
  }
}

}  // namespace

template <std::floating_point T>
void gemm(const GemmShape& shape, std::span<const T> a, std::span<const T> b, std::span<T> c,
          const GemmFinish* finish) {
  if (shape.m == 0 || shape.n == 0) {
    return;
  }
  if (shape.k == 0) {
    if (!shape.accumulate) {
      std::ranges::fill(c, T(0));
    }
    finish_block(finish, {0, shape.m, 0, shape.n});
    return;
  }
  if constexpr (std::is_same_v<T, float>) {
    fast_gemm(shape, a.data(), b.data(), c.data(), finish);
  } else {
    plain_gemm(shape, a.data(), b.data(), c.data());
    finish_block(finish, {0, shape.m, 0, shape.n});
  }
}

template void gemm(const GemmShape&, std::span<const float>, std::span<const float>,
                   std::span<float>, const GemmFinish*);
template void gemm(const GemmShape&, std::span<const double>, std::span<const double>,
                   std::span<double>, const GemmFinish*);

}  // namespace attune::core
