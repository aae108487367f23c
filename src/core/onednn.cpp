#include "core/onednn.hpp"

#include <array>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

#include <oneapi/dnnl/dnnl.hpp>

#if DNNL_CPU_RUNTIME == DNNL_RUNTIME_OMP
#include <omp.h>
#endif

#include <attune/core/tensor.hpp>

namespace attune::core {
namespace {

// An OpenMP build of oneDNN would split a primitive over its own threads, which gives other bits
// for other thread counts and fights with TBB for the cores. It takes the count from this setting
// of the calling thread, when a primitive is made and when it runs.
class OneOmpThread {
 public:
#if DNNL_CPU_RUNTIME == DNNL_RUNTIME_OMP
  OneOmpThread() noexcept : before_(omp_get_max_threads()) {
    omp_set_num_threads(1);
  }
  ~OneOmpThread() {
    omp_set_num_threads(before_);
  }

 private:
  int before_;
#else
  OneOmpThread() noexcept {}  // NOLINT: not trivial, so that an instance is not "unused"
  ~OneOmpThread() {}          // NOLINT

 public:
#endif
  OneOmpThread(const OneOmpThread&) = delete;
  OneOmpThread& operator=(const OneOmpThread&) = delete;
};

const dnnl::engine& engine() {
  static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

struct TileHash {
  std::size_t operator()(const MatmulTile& tile) const noexcept {
    std::size_t hash = 0;
    for (const std::int64_t part : {tile.m, tile.n, tile.k, tile.lda, tile.ldb, tile.ldc,
                                    static_cast<std::int64_t>(tile.transpose_a) +
                                        2 * tile.transpose_b + 4 * tile.accumulate}) {
      hash = hash * 0x9E3779B97F4A7C15ULL + std::hash<std::int64_t>()(part);
    }
    return hash;
  }
};

dnnl::memory::desc matrix(std::int64_t rows, std::int64_t columns, std::int64_t ld,
                          bool transposed) {
  const dnnl::memory::dims strides =
      transposed ? dnnl::memory::dims{1, ld} : dnnl::memory::dims{ld, 1};
  return {{rows, columns}, dnnl::memory::data_type::f32, strides};
}

// oneDNN 3 dropped the operation descriptors.
dnnl::matmul::primitive_desc describe(const MatmulTile& tile, const dnnl::primitive_attr& attr) {
  const auto a = matrix(tile.m, tile.k, tile.lda, tile.transpose_a);
  const auto b = matrix(tile.k, tile.n, tile.ldb, tile.transpose_b);
  const auto c = matrix(tile.m, tile.n, tile.ldc, false);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), a, b, c, attr};
#else
  return {dnnl::matmul::desc(a, b, c), attr, engine()};
#endif
}

// A primitive ready to run on one thread.
class TileKernel {
 public:
  explicit TileKernel(const MatmulTile& tile) {
    dnnl::primitive_attr attr;
    // The library's own scratchpad belongs to the thread that made the primitive.
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (tile.accumulate) {
      dnnl::post_ops sum;
      sum.append_sum();
      attr.set_post_ops(sum);
    }
    const dnnl::matmul::primitive_desc pd = describe(tile, attr);
    primitive_ = dnnl::matmul(pd);
    a_ = dnnl::memory(pd.src_desc(), engine(), nullptr);
    b_ = dnnl::memory(pd.weights_desc(), engine(), nullptr);
    c_ = dnnl::memory(pd.dst_desc(), engine(), nullptr);
    scratch_bytes_ = static_cast<std::int64_t>(pd.scratchpad_desc().get_size());
    scratch_ = dnnl::memory(pd.scratchpad_desc(), engine(), nullptr);
    arguments_ = {{{DNNL_ARG_SRC, a_.get()},
                   {DNNL_ARG_WEIGHTS, b_.get()},
                   {DNNL_ARG_DST, c_.get()},
                   {DNNL_ARG_SCRATCHPAD, scratch_.get()}}};
  }

  void run(dnnl::stream& stream, const float* a, const float* b, float* c) {
    Tensor scratch;
    if (scratch_bytes_ > 0) {
      scratch = Tensor::empty({(scratch_bytes_ + 3) / 4});
      scratch_.set_data_handle(scratch.mutable_data<float>().data());
    }
    a_.set_data_handle(const_cast<float*>(a));
    b_.set_data_handle(const_cast<float*>(b));
    c_.set_data_handle(c);
    // The C++ wrapper would copy the arguments into a vector, every time.
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive_.get(), stream.get(), static_cast<int>(arguments_.size()),
                               arguments_.data()),
        "could not execute a matrix product");
  }

 private:
  dnnl::matmul primitive_;
  dnnl::memory a_;
  dnnl::memory b_;
  dnnl::memory c_;
  dnnl::memory scratch_;
  std::int64_t scratch_bytes_ = 0;
  std::array<dnnl_exec_arg_t, 4> arguments_{};
};

}  // namespace

void run_matmul_tile(const MatmulTile& tile, const float* a, const float* b, float* c) {
  constexpr std::size_t kMostKernels = 4096;  // a bound for programs that never stop changing shape
  thread_local std::unordered_map<MatmulTile, TileKernel, TileHash> kernels;
  thread_local dnnl::stream stream(engine());
  const OneOmpThread one_thread;
  auto found = kernels.find(tile);
  if (found == kernels.end()) {
    // Threads that start on the same product share what oneDNN makes of it: one makes it, under a
    // lock that ThreadSanitizer sees, unlike those inside the library.
    static std::mutex making;
    const std::lock_guard lock(making);
    if (kernels.size() >= kMostKernels) {
      kernels.clear();
    }
    found = kernels.try_emplace(tile, tile).first;
  }
  found->second.run(stream, a, b, c);
}

const char* onednn_version() {
  static const std::string version = [] {
    const dnnl::version_t* v = dnnl::version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
           std::to_string(v->patch);
  }();
  return version.c_str();
}

}  // namespace attune::core
