#include "cli/bench/roofline.hpp"

#include <catch2/catch.hpp>

#include "cli/bench/kernel_work.hpp"

namespace attune::cli::bench {
namespace {

// Fast up to 100 bytes, a quarter as fast from 400 on.
Roofline two_levels() {
  return Roofline({{100, 80}, {400, 20}}, 10);
}

TEST_CASE("Roofline: the speed of a copy is that of its size, between two sizes their mean in logs",
          "[unit][cli]") {
  const Roofline roofline = two_levels();
  CHECK(roofline.copy_speed(1) == 80);
  CHECK(roofline.copy_speed(100) == 80);
  CHECK(roofline.copy_speed(200) == Approx(40));
  CHECK(roofline.copy_speed(400) == Approx(20));
  CHECK(roofline.copy_speed(1e9) == 20);
}

TEST_CASE("Roofline: what is looked up comes as fast as the array it is in allows", "[unit][cli]") {
  const Roofline roofline = two_levels();
  const Work work{.streamed = 40, .touched = 500, .gathered = 160, .gathered_from = 50};
  CHECK(work.bytes() == 200);
  CHECK(roofline.memory_seconds(work) == Approx(40.0 / 20 + 160.0 / 80));
}

TEST_CASE("Roofline: the bound is the longer one of bytes and operations", "[unit][cli]") {
  const Roofline roofline = two_levels();
  CHECK(roofline.seconds({.streamed = 80, .touched = 80, .operations = 5}) == Approx(1));
  CHECK(roofline.seconds({.streamed = 80, .touched = 80, .operations = 50}) == Approx(5));
  CHECK(roofline.arithmetic_seconds({.operations = 50}) == Approx(5));
}

TEST_CASE("measure_copies: sizes ascend, speeds are positive", "[unit][cli]") {
  const std::vector<CopySpeed> copies = measure_copies(1, std::int64_t{1} << 18);
  REQUIRE(copies.size() == 3);  // 64, 128 and 256 KiB
  CHECK(copies.front().bytes == 65536);
  CHECK(copies.back().bytes == 262144);
  for (const CopySpeed& copy : copies) {
    CHECK(copy.bytes_per_second > 0);
  }
}

// Two nodes, three edges, one head of two channels: a row has 8 bytes, an array over nodes 16, one
// over edges 12. The pattern: 3 columns of 4 bytes, 2 row pointers of 8; the transpose as much and
// 3 positions of 8 more.
constexpr AttentionSize kTiny{.nodes = 2, .edges = 3, .heads = 1, .channels = 2};

TEST_CASE("attention_work: a small graph counted by hand", "[unit][cli]") {
  const Work gat = attention_work(Attention::gat, kTiny, Pass::forward);
  CHECK(gat.gathered == 3 * 8);
  CHECK(gat.gathered_from == 16);
  CHECK(gat.streamed == 2 * 16 + 2 * 12 + (12 + 16));
  CHECK(gat.touched == 2 * 16 + 12 + (12 + 16));
  // Sums, softmax and logits, products with the two vectors.
  CHECK(gat.operations == 3 * 2 * 2 + 3 * (17 + 3) + 2 * 2 * 4);

  const Work dot = attention_work(Attention::dot, kTiny, Pass::backward);
  CHECK(dot.gathered == 4 * 3 * 8);
  CHECK(dot.streamed == 5 * 16 + 4 * 12 + (24 + 24 + 32));
  CHECK(dot.touched == 7 * 16 + 2 * 12 + (24 + 24 + 32));
}

TEST_CASE("attention_work: dot products look up twice as much as GAT, GATv2 in between",
          "[unit][cli]") {
  const auto lookups = [](Attention kind) {
    return attention_work(kind, kTiny, Pass::forward).gathered +
           attention_work(kind, kTiny, Pass::backward).gathered;
  };
  CHECK(lookups(Attention::gat) == 3 * 24);
  CHECK(lookups(Attention::gatv2) == 4 * 24);
  CHECK(lookups(Attention::dot) == 6 * 24);
}

TEST_CASE("spmm_work: looks up the weight going forward, the gradient going back", "[unit][cli]") {
  const SparseSize size{.rows = 10, .columns = 4, .nonzeros = 7};
  const Work forward = spmm_work(size, 2, Pass::forward);
  CHECK(forward.gathered == 7 * 8);
  CHECK(forward.gathered_from == 4 * 8);
  CHECK(forward.streamed == 7 * 8 + 10 * 8 + 10 * 8);
  CHECK(forward.operations == 2 * 7 * 2);
  const Work backward = spmm_work(size, 2, Pass::backward);
  CHECK(backward.gathered_from == 10 * 8);
  CHECK(backward.streamed == 7 * 16 + 4 * 8 + 4 * 8);
}

TEST_CASE("product_work: two products going back", "[unit][cli]") {
  const Work forward = product_work(3, 5, 7, Pass::forward);
  CHECK(forward.streamed == 4 * (15 + 35 + 21));
  CHECK(forward.operations == 2 * 3 * 5 * 7);
  const Work backward = product_work(3, 5, 7, Pass::backward);
  CHECK(backward.streamed == 4 * (2 * 15 + 2 * 35 + 21));
  CHECK(backward.operations == 2 * forward.operations);
}

TEST_CASE("work of the distances: all pairs grow with the square, the adversary with the points",
          "[unit][cli]") {
  const CloudSize one{.positions = 100, .heads = 2, .channels = 8, .hidden = 16};
  CloudSize two = one;
  two.positions = 200;
  CHECK(gan_work(two).operations == 2 * gan_work(one).operations);
  CHECK(mmd_work(two).operations == 4 * mmd_work(one).operations);
  CHECK(ot_work(two, 10).operations == 4 * ot_work(one, 10).operations);
  const double ratio = ct_work(two).operations / ct_work(one).operations;
  CHECK(ratio > 3);  // its networks look at points, the plan at pairs
  CHECK(ratio < 4);
  // 2 heads, 100 x 100 pairs: six products of 8 and two exponentials.
  CHECK(mmd_work(one).operations == 2 * 100 * 100 * (6 * 2 * 8 + 2 * kExponential));
  CHECK(mmd_work(one).streamed == 4 * 4 * 100 * 2 * 8);
}

TEST_CASE("work of what streams: bytes are touched once", "[unit][cli]") {
  CHECK(dropout_work(10, Pass::forward).streamed == 90);
  CHECK(dropout_work(10, Pass::backward).streamed == 90);
  CHECK(bias_elu_work(2, 5, Pass::forward).streamed == 80);
  CHECK(bias_elu_work(2, 5, Pass::backward).streamed == 120);
  CHECK(edge_softmax_work(kTiny, Pass::forward).streamed == 2 * 12 + 16);
  CHECK(edge_softmax_work(kTiny, Pass::backward).streamed == 3 * 12 + 16);
  CHECK(sparse_dropout_work({.rows = 1, .columns = 9, .nonzeros = 5}).streamed == 40);
  CHECK(gcn_work(kTiny).gathered == 24);
  const Work adam = adam_work(10);  // seven times over four arrays
  CHECK(adam.streamed == 280);
  CHECK(adam.touched == 160);
}

}  // namespace
}  // namespace attune::cli::bench
