// A program of its own: it replaces the global operator new to count.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include <catch2/catch.hpp>
#include <dlfcn.h>

#include "allocated_bytes.hpp"
#include "citation_toy.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/node_classification.hpp>

using attune::models::GraphModel;

namespace {

std::atomic<bool> counting{false};
std::atomic<std::int64_t> allocations{0};
std::atomic<std::int64_t> allocated_bytes{0};

// oneDNN 2.6 and 3 build a map of the arguments whenever a primitive is executed: six a product.
bool called_by_onednn(const void* caller) {
  Dl_info where{};
  return ::dladdr(caller, &where) != 0 && where.dli_fname != nullptr &&
         std::strstr(where.dli_fname, "libdnnl") != nullptr;
}

}  // namespace

void* operator new(std::size_t bytes, const std::nothrow_t& /*unused*/) noexcept {
  if (counting && !called_by_onednn(__builtin_return_address(0))) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    allocated_bytes.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  }
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new(std::size_t bytes) {
  if (counting && !called_by_onednn(__builtin_return_address(0))) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    allocated_bytes.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  }
  if (void* block = std::malloc(bytes == 0 ? 1 : bytes)) {
    return block;
  }
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t /*bytes*/) noexcept {
  std::free(block);
}

std::int64_t attune::testing::allocated_bytes(core::FunctionRef<void()> f) {
  ::allocated_bytes = 0;
  counting = true;
  f();
  counting = false;
  return ::allocated_bytes;
}

namespace {

using attune::train::Regularizer;

// Runs a hundred epochs until they take nothing, which they must at last. On several threads the
// warm-up ends when each has met every product once, whichever it happened to take before.
void require_warm_epochs_take_nothing(const attune::train::NodeClassification& problem,
                                      GraphModel which, std::vector<Regularizer*> regularizers,
                                      double drop_edge = 0) {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    attune::core::with_threads(threads, [&] {
      const attune::models::GraphClassifier model(
          {.model = which, .in_channels = 30, .num_classes = 3}, 1);
      attune::train::Trainer trainer(
          model.parameters(), problem.task(model, attune::train::ComputedNodes::needed, drop_edge),
          {}, regularizers);
      // Returns what a hundred epochs took.
      const auto hundred_epochs = [&] {
        const std::int64_t before = attune::core::pool_statistics().system_allocations;
        allocations = 0;
        counting = true;
        for (int epoch = 0; epoch < 100; ++epoch) {
          (void)trainer.run_epoch();
        }
        counting = false;
        return allocations + attune::core::pool_statistics().system_allocations - before;
      };
      std::int64_t taken = hundred_epochs();
      for (int more = 0; more < 20 && taken > 0; ++more) {
        taken = hundred_epochs();
      }
      CHECK(taken == 0);
      if (threads == 1) {
        CHECK(hundred_epochs() == 0);
      }
    });
  }
}

}  // namespace

TEST_CASE("Trainer: after warm-up an epoch takes nothing from the system allocator",
          "[train][fit]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const attune::train::NodeClassification problem(dataset);
  for (const auto which : {GraphModel::gat, GraphModel::gatv2, GraphModel::transformer,
                           GraphModel::gcn, GraphModel::sage}) {
    require_warm_epochs_take_nothing(problem, which, {});
  }
}

TEST_CASE("Trainer: nor does an epoch without some of the edges", "[train][fit]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const attune::train::NodeClassification problem(dataset);
  for (const auto which : {GraphModel::gat, GraphModel::gcn}) {
    require_warm_epochs_take_nothing(problem, which, {}, 0.3);
  }
}

TEST_CASE("Trainer: nor does an epoch with alignment", "[train][align]") {
  using attune::align::Kind;
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(600);
  const attune::train::NodeClassification problem(dataset);
  const auto kind = GENERATE(Kind::gan, Kind::ct, Kind::ot, Kind::mmd);
  CAPTURE(attune::align::to_string(kind));
  attune::train::AlignmentRegularizer alignment(
      {.distance = {.kind = kind, .samples = 150, .ot_iterations = 2}});
  require_warm_epochs_take_nothing(problem, GraphModel::gat, {&alignment});
}
