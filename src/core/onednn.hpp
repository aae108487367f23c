#pragma once

#include <cstdint>

namespace attune::core {

/// One tile of a matrix product, in the terms oneDNN caches its primitives by. Leading dimensions
/// are those of the whole matrices that the tile is cut from.
struct MatmulTile {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  std::int64_t lda = 0;
  std::int64_t ldb = 0;
  std::int64_t ldc = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;

  friend bool operator==(const MatmulTile&, const MatmulTile&) = default;
};

/// Runs the tile on the calling thread alone, whatever threading oneDNN was built with. The
/// primitive and its memory objects are made at the first use of a shape on a thread and kept.
void run_matmul_tile(const MatmulTile& tile, const float* a, const float* b, float* c);

/// `2.6.3`, the version attune runs on.
const char* onednn_version();

}  // namespace attune::core
