#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <attune/core/parallel.hpp>

#ifndef ATTUNE_PARALLEL_JTHREAD
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#endif

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::core {
namespace {

constexpr int kMostThreads = 1024;

// Threads of the arena that this thread works in; 0 outside any.
thread_local int arena_threads = 0;

std::atomic<int> default_threads{0};

int machine_threads() noexcept {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void check_thread_count(int n) {
  if (n < 1 || n > kMostThreads) {
    throw InvalidArgument(text("threads: expected a number from 1 to ", kMostThreads, ", got ", n));
  }
}

// Sets arena_threads for a scope.
class InArena {
 public:
  explicit InArena(int threads) noexcept : before_(arena_threads) { arena_threads = threads; }
  ~InArena() { arena_threads = before_; }
  InArena(const InArena&) = delete;
  InArena& operator=(const InArena&) = delete;

 private:
  int before_;
};

}  // namespace

void set_num_threads(int n) {
  check_thread_count(n);
  default_threads.store(n);
}

int num_threads() noexcept {
  if (arena_threads > 0) {
    return arena_threads;
  }
  const int set = default_threads.load();
  return set > 0 ? set : machine_threads();
}

#ifndef ATTUNE_PARALLEL_JTHREAD

namespace {

// TBB starts no more workers than there are cores unless it is told to; `--threads 8` on two cores
// must still mean eight.
void allow_threads(int n) {
  static std::mutex mutex;
  static std::unique_ptr<tbb::global_control> control;
  static int allowed = machine_threads();
  const std::lock_guard lock(mutex);
  if (n > allowed) {
    control = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                    static_cast<std::size_t>(n));
    allowed = n;
  }
}

void loop_in_this_arena(std::int64_t count, FunctionRef<void(std::int64_t)> f) {
  const int threads = arena_threads;
  // Isolated: a thread that waits for the end of this loop helps with nothing but this loop. It
  // could otherwise begin another task of a loop around it, a seed of a sweep say, in the middle of
  // this one, and find the state of the thread as this one has left it.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::int64_t>(0, count, 1),
        [&](const tbb::blocked_range<std::int64_t>& range) {
          const InArena in_arena(threads);  // a worker may start loops of its own
          for (std::int64_t i = range.begin(); i != range.end(); ++i) {
            f(i);
          }
        },
        tbb::simple_partitioner());
  });
}

}  // namespace

void with_threads(int n, FunctionRef<void()> f) {
  check_thread_count(n);
  if (n == 1) {
    const InArena in_arena(1);
    f();
    return;
  }
  allow_threads(n);
  tbb::task_arena arena(n);
  arena.execute([&] {
    const InArena in_arena(n);
    f();
  });
}

void parallel_tasks(std::int64_t count, FunctionRef<void(std::int64_t)> f) {
  if (count <= 1 || num_threads() == 1) {
    for (std::int64_t i = 0; i < count; ++i) {
      f(i);
    }
  } else if (arena_threads > 0) {
    loop_in_this_arena(count, f);
  } else {
    with_threads(num_threads(), [&] { loop_in_this_arena(count, f); });
  }
}

#else  // ATTUNE_PARALLEL_JTHREAD: for ThreadSanitizer, which sees every hand-over of std::jthread

void with_threads(int n, FunctionRef<void()> f) {
  check_thread_count(n);
  const InArena in_arena(n);
  f();
}

void parallel_tasks(std::int64_t count, FunctionRef<void(std::int64_t)> f) {
  const int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), count));
  if (threads <= 1) {
    for (std::int64_t i = 0; i < count; ++i) {
      f(i);
    }
    return;
  }
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    const InArena in_arena(1);
    try {
      for (std::int64_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
        f(i);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next.store(count);
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int t = 1; t < threads; ++t) {
      workers.emplace_back(work);
    }
    work();
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
}

#endif

double parallel_sum(std::int64_t n, std::int64_t grain,
                    FunctionRef<double(std::int64_t, std::int64_t)> f) {
  if (n <= 0) {
    return 0;
  }
  Tensor partials = Tensor::empty({(n + grain - 1) / grain}, DType::f64);
  const std::span<double> sums = partials.mutable_data<double>();
  parallel_for(n, grain,
               [&](std::int64_t begin, std::int64_t end) { sums[begin / grain] = f(begin, end); });
  double total = 0;
  for (const double sum : sums) {
    total += sum;
  }
  return total;
}

template <std::floating_point T>
Tensor parallel_reduce_rows(std::int64_t n, std::int64_t grain, std::int64_t width,
                            FunctionRef<void(std::int64_t, std::int64_t, std::span<T>)> f) {
  const std::int64_t blocks = std::max<std::int64_t>(1, (n + grain - 1) / grain);
  Tensor partials = Tensor::zeros({blocks, width}, kDTypeOf<T>);
  const std::span<T> all = partials.mutable_data<T>();
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    f(begin, end, all.subspan(begin / grain * width, width));
  });
  if (blocks == 1) {
    return partials.reshape({width});
  }
  Tensor total = Tensor::zeros({width}, kDTypeOf<T>);
  const std::span<T> sums = total.mutable_data<T>();
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::span<const T> partial = all.subspan(block * width, width);
    for (std::int64_t c = 0; c < width; ++c) {
      sums[c] += partial[c];
    }
  }
  return total;
}

template Tensor parallel_reduce_rows(
    std::int64_t, std::int64_t, std::int64_t,
    FunctionRef<void(std::int64_t, std::int64_t, std::span<float>)>);
template Tensor parallel_reduce_rows(
    std::int64_t, std::int64_t, std::int64_t,
    FunctionRef<void(std::int64_t, std::int64_t, std::span<double>)>);

}  // namespace attune::core
